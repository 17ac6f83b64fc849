"""Escaping and exhausting: out of the sandbox, or at the machine's expense."""

from __future__ import annotations

import os
import select
import socket
import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from bareme.grading.run import executed
from bareme.sandbox import runtime, supervisor, usage
from tests.attacks.conftest import Arena
from tests.attacks.looking import look, score, verdicts

ESCAPING = "Escaping and exhausting"
HONEST = "def honest(x):\n    return 2 * x\n"


def heard(*listeners: socket.socket) -> list[socket.socket]:
    """Listeners that somebody called."""
    return select.select(listeners, [], [], 0.2)[0]


@pytest.mark.attack(ESCAPING, "TCP sockets", "UDP sockets", wall="seccomp: no network family; full: no network at all")
def test_nothing_is_reached_over_the_network(arena: Arena) -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for listener in (tcp, udp):
            listener.bind(("127.0.0.1", 0))
        tcp.listen()
        found = look(
            arena,
            f"""
            import ctypes, socket
            for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
                    try:
                        one = socket.socket(family, kind)
                        found.append(str(family))
                        one.connect(("127.0.0.1", {tcp.getsockname()[1]}))
                    except OSError: pass
            try:
                one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                one.sendto(b"x", ("127.0.0.1", {udp.getsockname()[1]}))
            except OSError: pass
        """,
        )
        assert found == [] and heard(tcp, udp) == []


@pytest.mark.attack(
    ESCAPING,
    "unix sockets",
    wall="full: mount namespace; inner: seccomp, no connect, no datagrams",
)
def test_no_socket_of_another_program_is_reached(arena: Arena, tmp_path: Path) -> None:
    # In the folder of our own sockets: among all programs' the ones that are worth the most
    with socket.socket(socket.AF_UNIX) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        place = runtime.folder() / "k-attacked"
        place.mkdir()
        try:
            stream.bind(str(place / "s"))
            datagram.bind(str(place / "d"))
            stream.listen()
            found = look(
                arena,
                f"""
                import os, socket
                for folder in ({str(place)!r}, "/run/bareme/k-attacked"):
                    for kind, name in ((socket.SOCK_STREAM, "s"), (socket.SOCK_DGRAM, "d")):
                        path = os.path.join(folder, name)
                        try:
                            socket.socket(socket.AF_UNIX, kind).connect(path)
                            found.append("connected")
                        except OSError: pass
                        try:
                            socket.socket(socket.AF_UNIX, kind).sendto(b"x", path)
                            found.append("sent")
                        except OSError: pass
                        try:
                            socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b"x", path)
                            found.append("sent from a pair")
                        except OSError: pass
            """,
            )
            assert found == [] and heard(stream, datagram) == []
        finally:
            for name in ("s", "d"):
                (place / name).unlink()
            place.rmdir()


@pytest.mark.attack(
    ESCAPING,
    "abstract sockets",
    wall="full: network namespace; inner: Landlock's scopes, no connect",
)
def test_no_abstract_socket_is_reached(arena: Arena, uncovered: set[str]) -> None:
    name = f"bareme-attack-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        found = look(
            arena,
            f"""
            import socket
            try:
                socket.socket(socket.AF_UNIX).connect("\\0{name}")
                found.append("connected")
            except OSError: pass
        """,
        )
        assert found == [] and heard(listener) == []


FORKS = """
import os, time
made = 0
try:
    for _ in range(300):  # bounded, for where no wall is
        if os.fork() == 0:
            time.sleep(8)
            os._exit(0)
        made += 1
except OSError:
    pass
"""


@pytest.mark.attack(ESCAPING, "fork bomb", wall="RLIMIT_NPROC, of a user of its own; what is left over is killed")
def test_a_fork_bomb_is_limited_and_nothing_of_it_is_left(arena: Arena, uncovered: set[str]) -> None:
    report = arena.grade(
        before=f"FORKS = {FORKS!r}\nexec(FORKS)\nprint('made', made)", loot="def loot():\n    exec(FORKS)"
    )
    printed = str(report.notebook.cells[0].outputs)
    if "fork bomb" in uncovered and os.geteuid() == 0:
        assert "made 300" in printed, "bareme doctor says that nothing limits it"
    else:
        assert "made " in printed and "made 300" not in printed


@pytest.mark.attack(
    ESCAPING,
    "fork bomb",
    wall="its processes stay below the sandbox's first one, and are killed with it (no PR_SET_CHILD_SUBREAPER)",
)
def test_a_daemon_does_not_outlive_its_submission(arena: Arena) -> None:
    daemon = """
import ctypes, os, signal, time
ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
def flee(depth):
    if depth == 0:
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(600)
        os._exit(0)
    if os.fork() == 0:
        os.setsid()
        flee(depth - 1)
    os._exit(0)
for depth in (0, 1, 2):
    if os.fork() == 0: flee(depth)
"""
    assert score(arena.grade(before=daemon, honest=daemon + HONEST), "honest") == 1.0  # `unharmed` looks for the rest


@pytest.mark.attack(ESCAPING, "memory", wall="RLIMIT_AS of each process")
def test_memory_is_bounded(arena: Arena) -> None:
    found = look(
        arena,
        """
        import mmap, torch
        for take in (lambda: bytearray(2**33), lambda: mmap.mmap(-1, 2**33), lambda: torch.ones(2**31),
                     lambda: [bytes(2**28) + b"x" for _ in range(20)]):
            try:
                take()
                found.append("got it")
            except (MemoryError, OSError, RuntimeError): pass
    """,
    )
    assert found == []
    report = arena.grade(honest="def honest(x):\n    import torch; torch.ones(2**29); return 2 * x")
    assert verdicts(report, "honest") == {"over_budget"}


FILL = {
    "disk": """
        import os
        written = 0
        try:
            for number in range(8):
                with open(f"full-{number}", "wb") as file:
                    for _ in range(64):
                        written += file.write(bytes(2**20))
        except OSError: pass
        for number in range(8):
            try: os.unlink(f"full-{number}")
            except OSError: pass
        try: open("large", "wb").truncate(2**40); found.append("sparse")
        except OSError: pass
        if written > 300 * 2**20: found.append("disk")
    """,
    "inodes": """
        # On a slow disk a second's worth tells as much as 25,000 files, and the CPU budget goes no further.
        until = time.process_time() + 1
        try:
            os.makedirs("many")
            for number in range(25_000):
                os.close(os.open(f"many/{number}", os.O_CREAT | os.O_WRONLY))
                if time.process_time() > until: break
            found.append("inodes")
        except OSError: pass
        shutil.rmtree("many", ignore_errors=True)
    """,
}


@pytest.mark.attack(ESCAPING, "disk", wall="tmpfs of limited size; RLIMIT_FSIZE")
def test_the_disk_is_not_filled(arena: Arena, uncovered: set[str]) -> None:
    assert set(look(arena, "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + _dedent("disk"))) == (
        {"disk"} if "disk" in uncovered else set()
    )


@pytest.mark.attack(ESCAPING, "inodes", wall="tmpfs with a limited number of inodes")
def test_inodes_are_not_used_up(arena: Arena, uncovered: set[str]) -> None:
    assert set(look(arena, "import os, shutil, time\n" + _dedent("inodes"))) == (
        {"inodes"} if "inodes" in uncovered else set()
    )


def _dedent(name: str) -> str:
    import textwrap

    return textwrap.dedent(FILL[name])


@pytest.mark.attack(ESCAPING, "inodes", wall="the folder of its sockets is gone once the kernel has made them")
def test_sockets_do_not_use_up_the_inodes_of_the_machine(arena: Arena, uncovered: set[str]) -> None:
    found = look(
        arena,
        """
        import os, socket
        folders = ["/run/bareme/" + name for name in os.listdir("/run/bareme")] if os.path.isdir("/run/bareme") else []
        folders += [os.path.dirname(os.getcwd())]
        folders += [os.path.join(folder, "in") for folder in folders]
        for folder in folders:
            try:
                socket.socket(socket.AF_UNIX).bind(os.path.join(folder, "mine"))
                found.append(folder)
            except OSError: pass
    """,
    )
    assert bool(found) == ("inodes" in uncovered), found


@pytest.mark.attack(ESCAPING, "disk", wall="folders are removed whatever is in them")
def test_a_folder_that_is_hard_to_remove_is_removed(arena: Arena) -> None:
    deep = """
import os
here = os.getcwd()
for _ in range(1200):
    os.mkdir("d")
    os.chdir("d")
os.chdir(here)
os.makedirs("locked/inner", 0)
"""
    assert score(arena.grade(before=deep, honest=HONEST), "honest") == 1.0


@pytest.mark.attack(ESCAPING, "huge outputs", wall="outputs are cut before they are kept; values have a largest size")
def test_a_flood_of_output_is_cut(arena: Arena) -> None:
    flood = "import os\nfor _ in range(20): print('x' * 10**6)\nos.write(1, b'y' * 10**6)\n"
    report = arena.grade(before=flood, honest="def honest(x):\n    print('z' * 10**7)\n    return 2 * x")
    assert score(report, "honest") == 1.0
    assert len(str(report.notebook)) < 2 * 2**20
    giant = arena.grade(loot="def loot():\n    return ['x' * 2**20] * 400", honest=HONEST)
    assert score(giant, "loot") == 0 and score(giant, "honest") == 1.0


@pytest.mark.attack(ESCAPING, "deep recursion", wall="a fork for each check; depth of values is limited")
def test_deep_recursion_costs_its_own_exercise_only(arena: Arena) -> None:
    deep = "import sys\nsys.setrecursionlimit(10**9)\ndef honest(x):\n    return honest(x) + 1"
    nested = "def forge():\n    out = []\n    for _ in range(100_000): out = [out]\n    return out"
    report = arena.grade(honest=deep, forge=nested, loot="def loot(): return ['done']")
    assert (report.score, report.grader_errors) == (1.0, ())
    assert verdicts(report, "honest") <= {"killed", "raised", "over_budget"}


@pytest.mark.attack(
    ESCAPING,
    "endless loop that swallows KeyboardInterrupt",
    "blocking signals",
    wall="SIGKILL from outside, by the budget's clock",
)
def test_what_does_not_listen_is_killed(arena: Arena) -> None:
    deaf = """
import signal
def forge():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
    begun = time.monotonic()
    report = arena.grade(forge=deaf, honest=HONEST)
    assert time.monotonic() - begun < 60
    assert verdicts(report, "forge") == {"over_budget"} and score(report, "honest") == 1.0


@pytest.mark.attack(
    ESCAPING,
    "ptrace/kill of the zygote and siblings",
    wall="full: pid namespace; inner: Landlock's scopes, seccomp; the zygote is not dumpable",
)
def test_no_other_process_is_reached(arena: Arena) -> None:
    zygote = supervisor.zygote(arena.level)
    supervised = sorted({os.getpid(), zygote.process.pid, *usage.descendants(os.getpid())})
    running = arena.start(student="bob", before="import time; time.sleep(1.5)", honest=HONEST)
    time.sleep(0.5)
    # Signal 0 asks whether one may: where a wall is missing, this test must not end what else runs on the machine
    found = look(
        arena,
        f"""
        import ctypes, os, resource, signal
        libc = ctypes.CDLL(None, use_errno=True)
        own = {{os.getpid(), os.getppid()}}  # of a check, the notebook's process too
        own |= {{int(name) for pid in own for name in os.listdir(f"/proc/{{pid}}/task")}} if os.getpid() > 1 else set()
        named = set({supervised!r}) | {{int(name) for name in os.listdir("/proc") if name.isdigit()}}
        for pid in named | set(range(2, 34_000)):
            if pid in own or 0 in own and pid < 50: continue
            try:
                os.kill(pid, 0)
                with open(f"/proc/{{pid}}/status") as status: below = f"PPid:\\t{{os.getpid()}}\\n" in status.read()
                if not below: found.append(f"kill {{pid}}")
            except OSError: pass
        for pid in named - own:
            if os.getpid() == 1 or 0 in own or pid == 1 and os.path.isdir("/run/bareme"): continue
            if libc.ptrace(16, pid, 0, 0) == 0: found.append(f"ptrace {{pid}}")
            try: resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)); found.append(f"prlimit {{pid}}")
            except (OSError, ValueError): pass
            try: os.setpriority(os.PRIO_PROCESS, pid, 19); found.append(f"priority {{pid}}")
            except OSError: pass
            try: os.sched_setaffinity(pid, {{0}})  # may be answered as done: the priorities are looked at from outside
            except OSError: pass
            for name in ("environ", "maps", "fd/0"):
                try:
                    if os.read(os.open(f"/proc/{{pid}}/{{name}}", os.O_RDONLY), 1): found.append(f"{{name}} {{pid}}")
                except OSError: pass
    """,
    )
    assert score(running.result(60), "honest") == 1.0
    assert found == []
    assert all(len(os.sched_getaffinity(pid)) == os.cpu_count() for pid in supervised if os.path.exists(f"/proc/{pid}"))
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in supervised if os.path.exists(f"/proc/{pid}")} == {0}


@pytest.mark.attack(
    ESCAPING,
    "ptrace/kill of the zygote and siblings",
    wall="inner: files' modes and times can't be changed (seccomp)",
)
def test_files_that_landlock_leaves_to_their_owner_stay_as_they_are(arena: Arena) -> None:
    mine = arena.course / "gradebook.db"
    library = Path(os.__file__)
    before = [
        (path.stat().st_mode, path.stat().st_uid, path.stat().st_size, path.stat().st_mtime) for path in (mine, library)
    ]
    found = look(
        arena,
        f"""
        import os
        for path in ({str(mine)!r}, {str(library)!r}):
            for act in (lambda: os.chmod(path, 0o777), lambda: os.fchmod(os.open(path, os.O_RDONLY), 0o777),
                        lambda: os.chown(path, 1, 1), lambda: os.utime(path, (0, 0)), lambda: os.truncate(path, 0),
                        lambda: os.open(path, os.O_RDONLY | os.O_TRUNC), lambda: os.unlink(path),
                        lambda: os.rename(path, path + ".old"), lambda: os.link(path, "stolen"),
                        lambda: os.setxattr(path, "user.bareme", b"x")):
                try: act()
                except OSError: pass
            try: open(path, "a"); found.append("opened")
            except OSError: pass
        if os.path.exists("stolen"): found.append("linked")
    """,
    )
    assert found == []
    after = [
        (path.stat().st_mode, path.stat().st_uid, path.stat().st_size, path.stat().st_mtime) for path in (mine, library)
    ]
    assert after == before


@pytest.mark.attack(ESCAPING, "setuid binaries", wall="no_new_privs; no capability; full: nosuid, a user of its own")
def test_setuid_programs_give_nothing(arena: Arena) -> None:
    found = look(
        arena,
        """
        import os, subprocess
        shown = "cat /proc/self/status"
        for command in (["su", "-c", shown], ["sudo", "-n", "cat", "/proc/self/status"], ["/bin/sh", "-c", shown]):
            try: told = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
            except OSError: continue
            for line in told.splitlines():
                if line.startswith("CapEff") and int(line.split()[1], 16): found.append(line)
                if line.startswith("NoNewPrivs") and line.split()[1] != "1": found.append(line)
        for command in (["mount", "-t", "tmpfs", "none", "/mnt"], ["unshare", "-r", "true"], ["chroot", "/", "true"]):
            try: done = subprocess.run(command, capture_output=True).returncode == 0
            except OSError: continue
            if done: found.append(command[0])
    """,
    )
    assert found == []


@pytest.mark.attack(ESCAPING, "pickles with `__reduce__`", "torch.load", wall="the bridge: typed data, never pickle")
def test_nothing_is_unpickled_outside(arena: Arena, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    tmp_path.chmod(0o777)
    evil = f"""
import io, os, pickle, torch
class Evil:
    def __reduce__(self): return (os.system, ("touch {canary}",))
class Sneaky(torch.Tensor):
    def __reduce_ex__(self, protocol): return (os.system, ("touch {canary}",))
torch.save({{"weights": Evil()}}, "model.pt")
try: torch.load("model.pt", weights_only=False)  # in the sandbox: it may do to itself what it likes
except Exception: pass
def loot(): return [Evil(), pickle.dumps(Evil())]
def forge(): return torch.zeros(3).as_subclass(Sneaky)
"""
    planted = {"planted.pt": b"\x80\x04cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."}
    report = arena.grade(before=evil, loot="# defined above", forge="# defined above", honest=HONEST, files=planted)
    assert report.score == 1.0 and not canary.exists()


@pytest.mark.attack(
    ESCAPING, "endless loop that swallows KeyboardInterrupt", wall="a limit for each cell, and one for all of them"
)
def test_many_endless_cells_do_not_hold_a_worker(arena: Arena, tmp_path: Path) -> None:
    endless = new_notebook(cells=[new_code_cell("while True: pass") for _ in range(20)])

    async def run() -> dict[int, str]:
        async with executed(endless, tmp_path, level=arena.level, cell_timeout_s=1, timeout_s=1.5) as execution:
            return dict(execution.lost)

    begun = time.monotonic()
    assert arena.engine.wait(run()) == {index: "over_budget" for index in range(20)}
    assert time.monotonic() - begun < 12
