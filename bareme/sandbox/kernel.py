"""The sandboxed Jupyter kernel: what the zygote's forked child becomes.

``preload`` runs in the zygote, once; ``run`` in the child: private folders, limits, walls, then an ordinary ipykernel.
Any wall that can't be put up ends the child before a line of student code runs.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import socket
import sys
import tarfile
import tempfile
from typing import Any

from bareme.sandbox import check_server, landlock, limits, namespaces, seccomp, syscalls, wire

#: Imported before the fork. transformers is lazy: its classes must be touched to be there.
_HEAVY = (
    "numpy",
    "torch",
    "torch.nn.functional",
    "transformers",
    "transformers.models.bert.modeling_bert",
    "transformers.models.gpt2.modeling_gpt2",
    "tokenizers",
    "IPython",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.datapub",
    "ipykernel.pylab.backend_inline",
    "matplotlib_inline.backend_inline",
)

_prepared: dict[str, Any] = {}


def preload(level: str) -> None:
    """Import, in the zygote, everything a kernel needs, and build the seccomp filter."""
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # 60 ms a kernel; ipykernel does without its debugger
    for name in _HEAVY:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # optional, or of another version: only time is lost
    import torch

    torch.set_num_threads(1)
    _prepared["seccomp"] = seccomp.build_filter(alone=level == "inner")


def run(control: socket.socket, level: str) -> None:
    """Become the kernel asked for on ``control``; returns only when the kernel ends."""
    try:
        request, descriptors = wire.receive(control)
        _confine(request, descriptors, level)
        app = _start_kernel(request, control)
    except BaseException as error:  # reported, then the process ends: no wall is optional
        wire.send(control, {"error": f"{type(error).__name__}: {error}"[:2000]})
        raise
    wire.send(control, {"ready": True})
    app.start()


def _confine(request: wire.Message, descriptors: list[int], level: str) -> None:
    os.setsid()
    allowed = limits.Limits(**request["limits"])
    folder: str = request["folder"]
    if level == "full":
        namespaces.furnish(folder, request["visible"], allowed.disk_bytes)
        work, temporary = namespaces.WORK, "/tmp"
    else:
        work = temporary = os.path.join(folder, "work")
        os.mkdir(work, 0o700)
    for archive in descriptors:
        _unpack(archive, work)
    _forget_the_zygote(request["environment"], temporary)
    os.chdir(work)
    limits.apply(allowed)
    if level == "full" and os.geteuid() == 0:
        namespaces.become(request["uid"])
    syscalls.drop_capabilities()
    if level == "full":  # the zygote is the outer namespace's first process: nothing here outlives it
        landlock.restrict(
            read=["/"], write=[work, "/tmp", "/dev/shm", "/dev/null", "/dev/pts", "/dev/tty"], sockets=[folder]
        )
    else:
        syscalls.die_with_parent(signal.SIGKILL)
        syscalls.adopt_orphans()  # as a namespace's first process does: none of its processes gets out of sight
        landlock.restrict(
            read=[*request["visible"], "/proc", "/dev/urandom", "/dev/random", "/dev/zero"],
            write=[work, "/dev/null"],
            sockets=[folder],
        )
    _prepared["seccomp"].load()


def _unpack(descriptor: int, work: str) -> None:
    """Unpack the submission's files, sent as a tar archive that the supervisor made."""
    with os.fdopen(descriptor, "rb") as file, tarfile.open(fileobj=file) as archive:
        # Python has filters since 3.11.4, Debian 12 has 3.11.2: only regular files with relative names are in here
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(work)
    for folder, _, names in os.walk(work):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chmod(path, 0o777 if path == folder else 0o666)  # its user is dropped to later


def _forget_the_zygote(environment: dict[str, str], temporary: str) -> None:
    """Start as a fresh process would: own environment, open files, signals and random state."""
    os.environ.clear()
    os.environ.update(environment, HOME=temporary, TMPDIR=temporary, IPYTHONDIR=os.path.join(temporary, ".ipython"))
    tempfile.tempdir = None
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(which, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    import numpy
    import torch

    random.seed()
    seed = int.from_bytes(os.urandom(4), "little")
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def _start_kernel(request: wire.Message, control: socket.socket) -> Any:
    from ipykernel.kernelapp import IPKernelApp

    _keep_output_pipe_local(os.environ["TMPDIR"])
    path = os.path.join(os.environ["TMPDIR"], ".connection.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(request["connection"], file)
    sys.argv = ["bareme-kernel"]
    app: Any = IPKernelApp.instance()
    app.parent_handle = 0  # the poller that watches the parent would take a pid namespace's parent 0 for a dead one
    app.log_level = 50
    app.initialize(["-f", path, "--HistoryManager.hist_file=:memory:", *request["arguments"]])
    os.unlink(path)
    check_server.attach(control, app.shell.user_ns)
    return app


def _keep_output_pipe_local(folder: str) -> None:
    """Let ipykernel's pipe for the output of forked subprocesses use ipc like the other channels.

    It binds TCP whatever the transport, and libzmq aborts the process when no network family may be used.
    """
    import zmq
    from ipykernel.iostream import IOPubThread
    from zmq.eventloop.zmqstream import ZMQStream

    address = f"ipc://{folder}/output"

    def setup_in(self: Any) -> None:
        self._pipe_uuid = os.urandom(16)
        pipe = self.socket.context.socket(zmq.PULL)
        pipe.linger = 0
        pipe.bind(address)
        self._pipe_port = 0
        self._pipe_in = ZMQStream(pipe, self.io_loop)
        self._pipe_in.on_recv(self._handle_pipe_msg)

    def setup_out(self: Any) -> tuple[Any, Any]:
        context = zmq.Context()
        pipe = context.socket(zmq.PUSH)
        pipe.linger = 3000
        pipe.connect(address)
        return context, pipe

    IOPubThread._setup_pipe_in = setup_in  # type: ignore[method-assign]
    IOPubThread._setup_pipe_out = setup_out  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(
        "the kernel «bareme» is started by its provisioner, inside its walls, never by this command: "
        "use a jupyter_client that finds the entry point bareme-sandbox (reinstall the package bareme)"
    )
