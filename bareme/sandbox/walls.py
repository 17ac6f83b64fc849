"""Which walls are up on this machine, why one is not, and how to raise it: what ``bareme doctor`` prints.

Every answer comes from trying, in a process of its own, not from looking at versions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bareme
from bareme.sandbox import landlock, supervisor
from bareme.sandbox.supervisor import Level, SandboxError


@dataclass(frozen=True)
class Wall:
    """One wall. ``levels`` that need it; ``why`` it is up or down; ``remedy`` when it is down."""

    name: str
    up: bool
    why: str
    remedy: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Gap:
    """An attack, by its name in `docs/security.md`, that a level does not cover on this machine, and why."""

    attack: str
    why: str


def gaps(level: Level) -> list[Gap]:
    """What grading at ``level`` leaves open here. Nothing of it earns a point; it costs machine, time or discretion."""
    if level == "full":
        return []
    found = [
        Gap("/proc/<other>/", "names, command lines and use of all processes are seen; not their memory or files"),
        Gap("disk", "each file is limited in size, their number is not"),
        Gap("inodes", "a sandbox may make any number of files in its own folder"),
    ]
    if os.geteuid() == 0:
        found.append(Gap("fork bomb", "the system limits no process of root: grade as an ordinary user"))
        found.append(Gap("deferred work past the timer", "root's helper processes that come and go are not all timed"))
    else:
        found.append(Gap("fork bomb", "processes are counted by user: a sandbox's bomb keeps its siblings from theirs"))
    if landlock.abi() < 6:
        old = "Linux before 6.12: Landlock keeps neither signals nor abstract sockets inside"
        found.append(Gap("ptrace/kill of the zygote and siblings", old))
    return found


def inspect_walls(hidden: Sequence[Path] = ()) -> list[Wall]:
    """Try every wall. ``hidden``: folders that no sandbox may see."""
    return [
        _bubblewrap(),
        _sandbox_namespaces(),
        _landlock(),
        _landlock_scopes(),
        _seccomp(),
        _no_new_privileges(),
        _rlimits(),
        _own_user(),
        _hidden_folders(hidden),
    ]


def missing_walls(level: Level, walls: Sequence[Wall]) -> list[Wall]:
    """The walls that ``level`` needs and this machine lacks."""
    return [wall for wall in walls if level in wall.levels and not wall.up]


def require(level: Level, hidden: Sequence[Path] = ()) -> None:
    """Raise SandboxError, naming each wall and its remedy, when this machine can't give ``level``."""
    down = missing_walls(level, inspect_walls(hidden))
    if down:
        listed = "; ".join(f"{wall.name}: {wall.why} ({wall.remedy})" for wall in down)
        raise SandboxError(f"grading needs the walls of level «{level}», and these are down: {listed}")


def _bubblewrap() -> Wall:
    remedy = "apt-get install bubblewrap; on Ubuntu 24.04+ also allow it user namespaces in AppArmor"
    try:
        command = supervisor.bubblewrap_command()
    except SandboxError as error:
        return Wall("bubblewrap", False, str(error), remedy, ("full",))
    tried = _run([*command, "/usr/bin/env", "true"])
    why = "a read-only system without the course, no network, own processes" if tried is None else tried
    return Wall("bubblewrap", tried is None, why, remedy, ("full",))


_ENTER_NAMESPACES = """
import os
from bareme.sandbox import namespaces, syscalls
syscalls.set_dumpable(False)  # as the zygote is
namespaces.leave_the_zygote()
child = os.fork()
if child == 0:
    namespaces.mount("proc", "/proc", "proc", 14)
    os._exit(0 if os.getpid() == 1 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def _sandbox_namespaces() -> Wall:
    try:
        wrapper = supervisor.bubblewrap_command()
    except SandboxError as error:
        tried: str | None = str(error)
    else:
        tried = _python(_ENTER_NAMESPACES, wrapper)
    why = "siblings can't see or signal each other" if tried is None else tried
    remedy = "allow nested user namespaces (sysctl user.max_user_namespaces), and an unmasked /proc in containers"
    return Wall("a namespace for each sandbox", tried is None, why, remedy, ("full",))


def _landlock() -> Wall:
    version = landlock.abi()
    code = (
        "from bareme.sandbox import landlock\n"
        "landlock.restrict(read=['/usr'], write=[], sockets=[])\n"
        "try: open('/etc/hostname')\n"
        "except PermissionError: raise SystemExit(0)\n"
        "raise SystemExit('a file outside could be opened')"
    )
    tried = _python(code) if version else "the kernel has none, or it is not in the boot parameter lsm="
    why = f"version {version}: files outside the sandbox are refused" if tried is None else tried
    return Wall("Landlock", tried is None, why, "Linux 5.13 or newer, with lsm=landlock,…", ("full", "inner"))


def _landlock_scopes() -> Wall:
    up = landlock.abi() >= 6
    why = "signals and abstract sockets stay inside" if up else f"version {landlock.abi()} of 6"
    return Wall("Landlock's scopes", up, why, "Linux 6.12 or newer: before, inner sandboxes can signal each other", ())


def _seccomp() -> Wall:
    code = (
        "import socket\nfrom bareme.sandbox import seccomp\nseccomp.build_filter().load()\n"
        "try: socket.socket(socket.AF_INET)\n"
        "except OSError: raise SystemExit(0)\n"
        "raise SystemExit('a network socket could be made')"
    )
    tried = _python(code)
    why = "no network sockets, no tracing, no new namespaces" if tried is None else tried
    return Wall("seccomp", tried is None, why, "apt-get install libseccomp2, pip install pyseccomp", ("full", "inner"))


def _no_new_privileges() -> Wall:
    code = (
        "from bareme.sandbox import syscalls\nsyscalls.no_new_privileges()\n"
        "raise SystemExit(0 if 'NoNewPrivs:\\t1' in open('/proc/self/status').read() else 'not set')"
    )
    tried = _python(code)
    why = "setuid programs give nothing" if tried is None else tried
    return Wall("no_new_privs", tried is None, why, "Linux 3.5 or newer", ("full", "inner"))


def _rlimits() -> Wall:
    code = (
        "from bareme.sandbox import limits\nlimits.apply(limits.Limits(memory_bytes=2**28))\n"
        "try: bytearray(2**30)\n"
        "except MemoryError: raise SystemExit(0)\n"
        "raise SystemExit('more memory than allowed could be had')"
    )
    tried = _python(code)
    why = "CPU, address space, processes, file sizes" if tried is None else tried
    return Wall("rlimits", tried is None, why, "lower the hard limits of this session", ("full", "inner"))


def _own_user() -> Wall:
    if os.geteuid() != 0:
        return Wall("not root", True, "grading runs as an ordinary user", "", ())
    why = "grading runs as root: sandboxes get users of their own at level full, none at level inner"
    return Wall("not root", False, why, "run as an ordinary user: at level inner, root has no limit of processes", ())


def _hidden_folders(hidden: Sequence[Path]) -> Wall:
    shown = [
        str(folder)
        for folder in hidden
        for path in supervisor.visible_paths()
        if Path(path) == folder.resolve() or Path(path) in folder.resolve().parents
    ]
    why = f"a sandbox could read {', '.join(shown)}" if shown else "source, graders and gradebook are out of sight"
    remedy = "move the course out of the system's and Python's own folders"
    return Wall("hidden folders", not shown, why, remedy, ("full", "inner"))


def _python(code: str, wrapper: Sequence[str] = ()) -> str | None:
    return _run([*wrapper, sys.executable, "-P", "-c", code])


def _run(command: Sequence[str]) -> str | None:
    """None when the command succeeds, else its last line."""
    environment = {**supervisor.kernel_environment(), "PYTHONPATH": str(Path(bareme.__file__).resolve().parent.parent)}
    try:
        done = subprocess.run(
            list(command), env=environment, cwd="/", capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
