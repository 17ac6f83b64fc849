"""The trusted side of the zygote: start it inside bubblewrap, ask it for sandboxes, replace it when it fails."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bareme
from bareme.sandbox import namespaces, runtime, usage, wire

Level = Literal["full", "inner"]

#: Of the system, what a notebook may read. Nothing of /etc but what the dynamic linker and clocks need.
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/sbin", "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives")
_END_TIMEOUT_S = 5.0
#: A user of its own for every sandbox, far above the machine's own users, when grading runs as root.
_FIRST_UID, _UIDS = 1 << 20, 1 << 29


class SandboxError(RuntimeError):
    """A sandbox, or the zygote that makes them, could not be had: never the student's fault."""


class NoAnswer(SandboxError):
    """The fork server is dead or stuck: another one may do."""


def visible_paths() -> list[str]:
    """Everything of this machine that a sandbox may read: the system, this Python, this package and its models."""
    python = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}
    package = str(Path(bareme.__file__).resolve().parent)
    own = [*sorted({os.path.realpath(path) for path in python} | python), package, str(models_folder())]
    kept = list(_SYSTEM)
    for path in own:
        if not any(path == seen or path.startswith(seen + "/") for seen in kept):
            kept.append(path)
    return [path for path in kept if os.path.lexists(path)]


def models_folder() -> Path:
    """Where `bareme models fetch` keeps models (bareme.course.places.cache_folder says the same to a notebook)."""
    told = os.environ.get("BAREME_CACHE")
    return Path(told) if told else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bareme"


def kernel_environment() -> dict[str, str]:
    """The whole environment of student code: nothing of the grader's own."""
    path = os.pathsep.join([os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"])
    return {
        "PATH": path,
        "LANG": "C.UTF-8",
        "USER": "student",
        "LOGNAME": "student",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "BAREME_CACHE": str(models_folder()),
        "BAREME_PROFILE": os.environ.get("BAREME_PROFILE", "offline"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def bubblewrap_command() -> list[str]:
    """bubblewrap's arguments: new namespaces, a read-only system, nothing of the course.

    Raises SandboxError without it.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed: run `apt-get install bubblewrap`, then `bareme doctor`")
    command = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() != 0:
        command.append("--unshare-user")
    command += ["--as-pid-1", "--new-session", "--hostname", "bareme"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", namespaces.WORK]
    # bubblewrap makes missing parents with mode 0700; a sandbox of another user must pass through them
    visible = visible_paths()
    for parent in sorted({parent for path in [*visible, namespaces.RUN] for parent in _parents(path)}):
        command += ["--perms", "0755", "--dir", parent]
    for path in visible:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind", path, path]
    return [*command, "--bind", str(runtime.folder()), namespaces.RUN, "--chdir", "/"]


def _parents(path: str) -> list[str]:
    """The folders above ``path`` that bubblewrap would have to make: not the root, nor what lies in the system."""
    return [str(parent) for parent in Path(path).parents if str(parent) not in ("/", "/tmp", "/etc")]


@dataclass
class Forked:
    """A sandbox as its supervisor holds it. Closing ``life`` kills it.

    control: the kernel's own socket (requests to fork checks). life: the zygote's word on it. pidfd: the process
    itself, from the zygote. uid: the user it runs as, where grading runs as root.
    """

    control: socket.socket
    life: socket.socket
    uid: int | None

    def close(self) -> None:
        self.control.close()
        self.life.close()


@dataclass(frozen=True)
class Sandbox:
    """What a checker needs of a running sandbox: its control socket and its first process's pid on this machine."""

    control: socket.socket
    pid: int

    @property
    def alive(self) -> bool:
        """Whether its first process runs: not gone, and not waiting to be reaped."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        except OSError:
            return False
        return state.split()[0] not in "ZX"


class ForkServer:
    """A running fork server. Forks are asked for without waiting; the answers come on each child's own sockets."""

    def __init__(self, module: str, arguments: Sequence[str], *, wrapper: Sequence[str], environment: dict[str, str]):
        control, inherited = wire.pair()
        self._control = control
        package_parent = str(Path(bareme.__file__).resolve().parent.parent)
        command = [*wrapper, sys.executable, "-P", "-m", module, "--control", str(inherited.fileno()), *arguments]
        log = runtime.folder() / f"{module}-{secrets.token_hex(4)}.log"
        self._log = open(log, "w+b")  # noqa: SIM115 - closed by close()
        self.process = subprocess.Popen(
            command,
            env={**environment, "PYTHONPATH": package_parent},
            pass_fds=[inherited.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            start_new_session=True,  # Ctrl-C is the supervisor's to handle
        )
        inherited.close()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def fork(self, uid: int | None = None) -> Forked:
        """Ask for a child. Raises NoAnswer when the server is gone."""
        control, theirs = wire.pair()
        life, server_life = wire.pair()
        try:
            wire.send(self._control, {"fork": True}, [theirs.fileno(), server_life.fileno()])
        except OSError:
            control.close()
            life.close()
            raise NoAnswer(f"the fork server is gone: {self.last_words()}") from None
        finally:
            theirs.close()
            server_life.close()
        return Forked(control, life, uid)

    def last_words(self) -> str:
        """The end of what the server and its children printed: why it failed, if it did."""
        if self._log.closed:
            return "it was ended"
        size = os.fstat(self._log.fileno()).st_size
        words = os.pread(self._log.fileno(), 2000, max(size - 2000, 0))
        return words.decode(errors="replace").strip() or "it printed nothing"

    def close(self) -> None:
        """End the server and every child it made."""
        if self._log.closed:
            return
        self._control.close()
        try:
            self.process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            usage.kill_all(self.process.pid)
            self.process.wait()
        self._log.close()


class Zygote(ForkServer):
    """The fork server whose children are sandboxes, inside bubblewrap at level ``full``."""

    def __init__(self, level: Level) -> None:
        self.level = level
        wrapper = bubblewrap_command() if level == "full" else []
        super().__init__("bareme.sandbox.zygote", ["--level", level], wrapper=wrapper, environment=kernel_environment())

    def fork_sandbox(self) -> Forked:
        own_user = os.geteuid() == 0 and self.level == "full"
        return self.fork(_FIRST_UID + secrets.randbelow(_UIDS) if own_user else None)


_zygotes: dict[Level, Zygote] = {}  # jupyter_client makes the provisioners, so they can only share by process
_retired: list[Zygote] = []
_lock = threading.Lock()


def zygote(level: Level) -> Zygote:
    """This process's zygote of that level: started at the first call, and again if it died."""
    with _lock:
        running = _zygotes.get(level)
        if running is None or not running.alive:
            if not _zygotes:
                atexit.register(close_all, os.getpid())
            if running is not None:
                running.close()
            running = _zygotes[level] = Zygote(level)
        return running


def discard(broken: Zygote) -> None:
    """Have the next call start another: this one is dead or does not answer.

    Its sandboxes live on, as other submissions may run there; it ends with the next that is discarded, or with us.
    """
    with _lock:
        if _zygotes.get(broken.level) is not broken:
            return  # somebody else met the same
        del _zygotes[broken.level]
        ended, _retired[:] = list(_retired), [broken]
    for one in ended:
        one.close()


def close_all(owner: int | None = None) -> None:
    """End every zygote of this process (not in a forked child)."""
    if owner is not None and owner != os.getpid():
        return
    with _lock:
        running = [*_zygotes.values(), *_retired]
        _zygotes.clear()
        _retired.clear()
    for one in running:
        one.close()
