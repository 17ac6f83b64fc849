"""JupyterLab drives the sandboxed kernel unmodified: its own server starts it, talks to it, interrupts and ends it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

pytestmark = pytest.mark.slow


class Lab:
    """A running JupyterLab server, asked over HTTP and WebSocket as its page does."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: object = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": "token secret"}
        request = urllib.request.Request(f"{self.url}api/{path}", data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    options = ["--no-browser", "--ServerApp.token=secret", "--ServerApp.port=0", f"--ServerApp.root_dir={tmp_path}"]
    log = (tmp_path / "log.txt").open("w+")
    folders = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--allow-root", *options],
        cwd=tmp_path, stdout=log, stderr=log, env={**os.environ, **folders},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while (found := re.search(r"http://(localhost|127\.0\.0\.1):\d+/", (tmp_path / "log.txt").read_text())) is None:
            assert time.monotonic() < deadline and server.poll() is None, (tmp_path / "log.txt").read_text()
            time.sleep(0.1)
        yield Lab(found[0])
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def execute(channel: websocket.WebSocket, code: str) -> str:
    """What a cell prints, or the name of what it raises."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "session": "s",
        "username": "",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channel.send(json.dumps(message))
    shown = ""
    while True:
        got = json.loads(channel.recv())
        if got["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if got["msg_type"] == "stream":
            shown += got["content"]["text"]
        elif got["msg_type"] == "execute_reply":
            return shown if got["content"]["status"] == "ok" else str(got["content"]["ename"])


def test_jupyterlab_runs_interrupts_and_ends_a_kernel(lab: Lab) -> None:
    kernel = lab.ask("POST", "kernels", {"name": "bareme"})["id"]
    url = f"{lab.url.replace('http', 'ws')}api/kernels/{kernel}/channels?token=secret"
    channel = websocket.create_connection(url, timeout=60)
    try:
        assert execute(channel, "import os, torch; print(torch.ones(2).sum().item(), os.getpid())") == "2.0 1\n"
        assert execute(channel, "open('/etc/shadow')") in ("FileNotFoundError", "PermissionError")
    finally:
        channel.close()
    lab.ask("POST", f"kernels/{kernel}/interrupt", {})
    lab.ask("POST", f"kernels/{kernel}/restart", {})
    begun = time.monotonic()
    lab.ask("DELETE", f"kernels/{kernel}")
    assert time.monotonic() - begun < 10
    assert lab.ask("GET", "kernels") == []
