"""The kernel provisioner: how jupyter_client starts, signals and ends a sandboxed kernel.

Registered as ``bareme-sandbox``; the kernelspec ``bareme`` names it, so nbclient, nbconvert and JupyterLab use it
without knowing.
"""

from __future__ import annotations

import asyncio
import io
import os
import select
import signal
import socket
import stat
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Enum, Float, Instance, Integer

from bareme.sandbox import namespaces, runtime, supervisor, wire
from bareme.sandbox.limits import Limits
from bareme.sandbox.supervisor import Forked, Level, NoAnswer, SandboxError, Zygote

_PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_LAST_WORD_S = 2.0
#: Of a sandbox's folder, what the sandbox sees.
_INSIDE = "in"
_CONNECTION = ("transport", "ip", *_PORTS, "signature_scheme", "kernel_name")


class SandboxProvisioner(KernelProvisionerBase):
    """Starts a kernel by asking a zygote for a fork, and knows it by its pidfd: no signal can reach another process."""

    level = Enum(("full", "inner"), default_value="full", help="Which walls: see `bareme doctor`.").tag(config=True)
    start_timeout = Float(60.0, help="Seconds a kernel may take to be ready.").tag(config=True)
    largest_folder = Integer(64 * 2**20, help="Bytes of the notebook's folder copied in.").tag(config=True)
    limits = Instance(Limits, (), help="What the sandbox may use in all.")

    forked: Forked | None = None
    pidfd: int | None = None
    pid: int | None = None
    exit_code: int | None = None
    folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self.forked is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Give the kernel sockets in a private folder: over ipc, fixed numbers, so there is nothing to race for."""
        manager: Any = self.parent
        if self.folder is None:
            self.folder = runtime.new_sandbox_folder()
            manager.transport = "ipc"
            manager.ip = str(self.folder / "c")
            for number, port in enumerate(_PORTS, start=1):
                setattr(manager, port, number)
            if not manager.connection_file:  # else it would go to the machine's temporary folder, and stay on a crash
                manager.connection_file = str(self.folder / "connection.json")
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=manager.kernel_spec.argv, **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        files = await asyncio.to_thread(_archive, Path(kwargs.get("cwd") or os.getcwd()), self.largest_folder)
        try:
            zygote = await self._zygote()
            try:
                await self._start(zygote, files)
            except NoAnswer:  # the job must not be lost for that; a second failure is an error
                await asyncio.to_thread(supervisor.discard, zygote)
                await self._start(await self._zygote(), files)
        finally:
            os.close(files)
        return self.connection_info

    async def _zygote(self) -> Zygote:
        # It imports for seconds: not on the event loop
        return await asyncio.to_thread(supervisor.zygote, cast(Level, self.level))

    async def _start(self, zygote: Zygote, files: int) -> None:
        assert self.folder is not None
        self.exit_code = None
        self._release()
        self.forked = zygote.fork_sandbox()
        inside = self.folder / _INSIDE
        runtime.remove(inside)
        inside.mkdir(0o700)
        if self.forked.uid is not None:
            os.chown(inside, self.forked.uid, self.forked.uid)
        # bubblewrap shows the run folder elsewhere; a socket is the same file by either path
        folder = f"{namespaces.RUN}/{self.folder.name}/{_INSIDE}" if self.level == "full" else str(inside)
        known: dict[str, Any] = {**self.connection_info}
        info = {name: value for name, value in known.items() if name in _CONNECTION}
        request = {
            "connection": {**info, "ip": f"{folder}/c", "key": known["key"].decode()},
            "folder": folder,
            "environment": supervisor.kernel_environment(),
            "uid": self.forked.uid,
            "limits": asdict(self.limits),
            "visible": supervisor.visible_paths(),
            "arguments": [],
        }
        os.lseek(files, 0, os.SEEK_SET)
        try:
            wire.send(self.forked.control, request, [files])
            async with asyncio.timeout(self.start_timeout):
                while self.pidfd is None:
                    self._take_life_message(*await wire.receive_async(self.forked.life))
                answer, _ = await wire.receive_async(self.forked.control)
        except (EOFError, OSError, TimeoutError) as error:
            self._release()
            raise NoAnswer(f"no sandbox came: {str(error) or type(error).__name__}; {zygote.last_words()}") from error
        if "error" in answer:
            self._release()
            raise SandboxError(f"the sandbox could not put up its walls: {answer['error']}")
        self._take_sockets(inside)

    def _take_sockets(self, inside: Path) -> None:
        """Move the kernel's sockets out of its reach: else it could make others there until the disk has no inode left.

        The kernel has run nothing of the student's yet. In a folder that was removed nothing can be made.
        """
        assert self.folder is not None
        for path in inside.glob("c-*"):
            path.rename(self.folder / path.name)
        if self.level == "full":
            runtime.remove(inside)

    def _take_life_message(self, message: wire.Message, descriptors: list[int]) -> None:
        if descriptors:
            self.pidfd = descriptors[0]
            self.pid = process_of(self.pidfd)
        if "error" in message:
            raise OSError(message["error"])
        if "exit" in message:
            self.exit_code = message["exit"]

    async def poll(self) -> int | None:
        if self.forked is None:
            return 0 if self.exit_code is None else self.exit_code
        while self.exit_code is None:
            try:
                self._take_life_message(*wire.receive(self.forked.life, socket.MSG_DONTWAIT))
            except BlockingIOError:
                # Dead, and nobody told us how: its zygote is busy, or stuck
                return -signal.SIGKILL if self._ended() else None
            except EOFError:  # the zygote itself is gone, and so is the kernel
                self.exit_code = -signal.SIGKILL
        return self.exit_code

    def _ended(self) -> bool:
        if self.pidfd is None:
            return False
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(0))

    async def wait(self) -> int | None:
        if self.forked is None:
            return self.exit_code
        if self.exit_code is None and self.pidfd is not None:
            await wire.readable(self.pidfd)
        try:
            async with asyncio.timeout(_LAST_WORD_S):  # a zygote that is stuck must not hold us up
                while self.exit_code is None:
                    self._take_life_message(*await wire.receive_async(self.forked.life))
        except (EOFError, OSError):
            self.exit_code = -signal.SIGKILL
        self._release()
        return self.exit_code

    async def send_signal(self, signum: int) -> None:
        if self.pidfd is None or await self.poll() is not None:
            return
        try:
            signal.pidfd_send_signal(self.pidfd, signum)
        except ProcessLookupError:
            pass  # it has just ended

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        # The kernel is its namespace's first process: the system drops a SIGTERM that it does not handle
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        await self.kill()
        await self.wait()
        if not restart and self.folder is not None:
            runtime.remove(self.folder)
            self.folder = None

    def _release(self) -> None:
        if self.forked is not None:
            self.forked.close()
            self.forked = None
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None


def process_of(pidfd: int) -> int | None:
    """The process id, as this process sees it, behind a pidfd; None when it has ended (proc(5), fdinfo)."""
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as info:
        for line in info:
            if line.startswith("Pid:"):
                number = int(line.split()[1])
                return number if number > 0 else None
    return None


def _archive(folder: Path, most_bytes: int) -> int:
    """Pack the regular files of the notebook's folder into an anonymous file; returns its descriptor.

    Links, pipes, devices and hidden files stay behind, and everything once ``most_bytes`` are packed.
    """
    descriptor = os.memfd_create("submission", os.MFD_CLOEXEC)
    packed = 0
    with os.fdopen(os.dup(descriptor), "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                content = _regular_file(Path(parent, name), most_bytes - packed)
                if content is not None:
                    member = tarfile.TarInfo(str(Path(parent, name).relative_to(folder)))
                    member.size = len(content)
                    packed += len(content)
                    archive.addfile(member, io.BytesIO(content))
    return descriptor


def _regular_file(path: Path, most_bytes: int) -> bytes | None:

    if path.name.startswith("."):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            return None
        return file.read(most_bytes)
