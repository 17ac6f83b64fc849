"""The sandboxed kernel, driven by the ordinary tools: what works, what is out of reach, what is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from bareme.sandbox import runtime, supervisor
from bareme.sandbox.provisioner import SandboxProvisioner


@pytest.fixture(scope="module", autouse=True)
def zygote() -> Iterator[None]:
    yield
    supervisor.close_all()


def run(*sources: str, folder: Path) -> list[str]:
    """Execute cells with plain nbclient; the text of each cell's output."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(
        notebook, kernel_name="bareme", timeout=30, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    ).execute()
    return ["".join(_text(output) for output in cell.outputs) for cell in notebook.cells]


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


@asynccontextmanager
async def started() -> AsyncIterator[tuple[AsyncKernelManager, SandboxProvisioner]]:
    manager = AsyncKernelManager(kernel_name="bareme")
    await manager.start_kernel()
    assert isinstance(manager.provisioner, SandboxProvisioner)
    try:
        yield manager, manager.provisioner
    finally:
        await manager.shutdown_kernel(now=True)


def test_a_notebook_runs_as_it_would_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("hello")
    value, file, shell, gradient, later = run(
        "1 + 1",
        "open('data.txt').read()",
        "!echo from the shell",
        "import torch\nx = torch.ones(3, requires_grad=True); (x * 2).sum().backward(); x.grad.tolist()",
        "import asyncio; await asyncio.sleep(0.01); 'awaited'",
        folder=tmp_path,
    )
    assert (value, file, later) == ("2", "'hello'", "'awaited'")
    assert "from the shell" in shell and gradient == "[2.0, 2.0, 2.0]"


def test_nbconvert_drives_it_unmodified(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    spec = {"name": "bareme", "display_name": "Barème", "language": "python"}
    nbformat.write(new_notebook(cells=[new_code_cell("print(6 * 7)")], metadata={"kernelspec": spec}), path)
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert nbformat.read(path, 4).cells[0].outputs[0].text == "42\n"


OUT_OF_REACH = {
    "the course": "import os; [name for name in ({here!r},) if os.path.exists(name) and 'graders' in os.listdir(name)]",
    "other files": "import os; [p for p in ('/etc/shadow', '/etc/passwd', '/home/root') if os.path.exists(p)]",
    "the grader's environment": "import os; [k for k in os.environ if 'BAREME_TEST' in k]",
    "other processes": "import os; [p for p in os.listdir('/proc') if p.isdigit() and p != str(os.getpid())]",
    "other sandboxes' sockets": "import os; os.listdir('/run/bareme')[1:]",
    "privileges": "[l for l in open('/proc/self/status') if l.startswith('CapEff') and int(l.split()[1], 16)]",
}


@pytest.mark.parametrize("look", OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
def test_out_of_reach(look: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAREME_TEST_SECRET", "1")
    here = str(Path(__file__).resolve().parents[2])
    assert run(look.format(here=here), folder=tmp_path) == ["[]"]


REFUSED = {
    "a network socket": "import socket; socket.socket()",
    "a datagram socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "a new user namespace": "import os, ctypes\nif ctypes.CDLL(None).unshare(0x10000000): raise PermissionError",
    "writing to the system": "open('/usr/lib/evil.py', 'w')",
    "writing to Python": "import torch; open(torch.__file__, 'a')",
    "tracing": "import ctypes\nif ctypes.CDLL(None).ptrace(16, 1, 0, 0): raise PermissionError",
    "a disk full of files": "for n in range(40): open(f'f{n}', 'wb').write(bytes(2**24))",
    "4 GiB of memory": "bytearray(2**32)",
    "shared memory": "import mmap; m = mmap.mmap(-1, 2**32)",
    "a fork bomb": "import os, time\nfor _ in range(500):\n    if os.fork() == 0:\n        time.sleep(20); os._exit(0)",
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_refused(attempt: str, tmp_path: Path) -> None:
    (answer,) = run(attempt, folder=tmp_path)
    assert answer.split(":")[0] in {"PermissionError", "OSError", "MemoryError", "BlockingIOError", "error"}, answer


def test_siblings_can_not_see_each_other(tmp_path: Path) -> None:
    async def check() -> None:
        async with started() as (_, first), started() as (_, second):
            assert first.pid != second.pid
            spaces = {
                os.readlink(f"/proc/{one.pid}/ns/{kind}") for one in (first, second) for kind in ("pid", "mnt", "net")
            }
            assert len(spaces) == 6
            assert os.stat(f"/proc/{first.pid}").st_uid == os.stat(f"/proc/{second.pid}").st_uid or os.geteuid() == 0

    asyncio.run(check())


def test_an_interrupt_reaches_the_cell_and_the_kernel_lives() -> None:
    async def check() -> None:
        async with started() as (manager, _):
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=30)
            started_at = time.monotonic()
            waiting = asyncio.create_task(client.execute("import time; time.sleep(60)", reply=True, timeout=30))
            await asyncio.sleep(0.5)
            await manager.interrupt_kernel()
            reply = await waiting
            assert reply["content"]["ename"] == "KeyboardInterrupt"
            assert time.monotonic() - started_at < 10
            reply = await client.execute("1 + 1", reply=True, timeout=10)
            assert reply["content"]["status"] == "ok"
            client.stop_channels()

    asyncio.run(check())


@pytest.mark.parametrize("now", [True, False])
def test_shutdown_is_at_once_and_leaves_nothing(now: bool) -> None:
    async def check() -> None:
        manager = AsyncKernelManager(kernel_name="bareme")
        await manager.start_kernel()
        provisioner = manager.provisioner
        assert isinstance(provisioner, SandboxProvisioner)
        pid, folder = provisioner.pid, provisioner.folder
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        client.execute("import subprocess; subprocess.Popen(['sleep', '1000'])")
        client.stop_channels()
        begun = time.monotonic()
        await manager.shutdown_kernel(now=now)
        assert time.monotonic() - begun < 4
        assert not os.path.exists(f"/proc/{pid}")
        assert folder is not None and not folder.exists()

    asyncio.run(check())


def test_a_kernel_that_ignores_everything_is_killed() -> None:
    async def check() -> None:
        async with started() as (manager, provisioner):
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=30)
            client.execute("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
            await asyncio.sleep(0.3)
            client.stop_channels()
            pid = provisioner.pid
            begun = time.monotonic()
            await manager.shutdown_kernel(now=True)
            assert time.monotonic() - begun < 3 and not os.path.exists(f"/proc/{pid}")

    asyncio.run(check())


def test_a_zygote_that_is_stopped_is_replaced() -> None:
    async def check() -> None:
        wedged = supervisor.zygote("full")
        config = Config({"SandboxProvisioner": {"start_timeout": 15.0}})
        before, after = (AsyncKernelManager(kernel_name="bareme", config=config) for _ in range(2))
        await before.start_kernel()
        stopped = _below(wedged.process.pid)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        await before.shutdown_kernel(now=True)
        assert time.monotonic() - begun < 5, "its zygote can't tell that it ended"
        await after.start_kernel()
        await after.shutdown_kernel(now=True)
        assert wedged is not supervisor.zygote("full")
        supervisor.close_all()
        deadline = time.monotonic() + 10
        while any(map(_runs, stopped)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not [pid for pid in stopped if _runs(pid)]

    asyncio.run(check())


def test_what_runs_beside_a_stuck_zygote_runs_on() -> None:
    async def check() -> None:
        async with started() as (manager, provisioner):
            wedged = supervisor.zygote("full")
            supervisor.discard(wedged)
            supervisor.discard(wedged)
            assert supervisor.zygote("full") is not wedged
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=30)
            reply = await client.execute_interactive("1 + 1", timeout=30)
            client.stop_channels()
            assert reply["content"]["status"] == "ok" and provisioner.pid is not None

    asyncio.run(check())


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _below(pid: int) -> list[int]:
    from bareme.sandbox import usage

    return usage.descendants(pid)


def test_nothing_is_left_when_the_process_ends(tmp_path: Path) -> None:
    code = (
        "import asyncio, os\n"
        "from jupyter_client.manager import AsyncKernelManager\n"
        "async def go():\n"
        "    m = AsyncKernelManager(kernel_name='bareme'); await m.start_kernel(); print(m.provisioner.folder.parent)\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(go())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not Path(done.stdout.strip()).exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_the_process_is_ended(how: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import asyncio\n"
        "from jupyter_client.manager import AsyncKernelManager\n"
        "async def go():\n"
        "    m = AsyncKernelManager(kernel_name='bareme'); await m.start_kernel()\n"
        "    print(m.provisioner.pid, m.provisioner.folder.parent, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(go())\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    pid, folder = child.stdout.readline().split(maxsplit=1)
    child.send_signal(how)
    child.wait(30)
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{pid}")
    if how == signal.SIGINT:
        assert not Path(folder.strip()).exists()


def test_links_and_pipes_in_the_folder_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        (tmp_path / "plain.txt").write_text("x")
        assert run("import os; sorted(n for n in os.listdir() if n[0] != '.')", folder=tmp_path) == ["['plain.txt']"]


def test_the_run_folder_is_private() -> None:
    assert runtime.folder().stat().st_mode & 0o077 == 0
