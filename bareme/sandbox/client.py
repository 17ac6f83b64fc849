"""A kernel client that is ready as soon as the kernel is: jupyter_client's own waits a fixed 0.2 s more."""

from __future__ import annotations

import asyncio
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient


class SandboxClient(AsyncKernelClient):
    """Knows that the kernel is up and heard when the "idle" of its own kernel_info request comes back on iopub."""

    def start_channels(self, *args: Any, **channels: Any) -> None:
        """Without the heartbeat: the provisioner knows when the kernel dies, and a heartbeat's thread whose kernel died
        before its first beat never ends, nor does whoever stops it (seen with jupyter_client 8.10)."""
        super().start_channels(*args, **{**channels, "hb": False})

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        async with asyncio.timeout(timeout):
            # A request sent before the iopub subscription took hold is answered unheard: ask again, less often
            wait = 0.02
            while not await self._heard(wait):
                wait = min(wait * 2, 1.0)
                if not await self._async_is_alive():
                    raise RuntimeError("the kernel died before it was ready")

    async def _heard(self, wait: float) -> bool:
        request = self.kernel_info()
        try:
            async with asyncio.timeout(wait):
                while True:
                    reply = await self.shell_channel.get_msg(timeout=None)
                    if reply["parent_header"].get("msg_id") == request:
                        break
                self._handle_kernel_info_reply(reply)
                while True:
                    message = await self.iopub_channel.get_msg(timeout=None)
                    own = message["parent_header"].get("msg_id") == request
                    if own and message["content"].get("execution_state") == "idle":
                        return True
        except (TimeoutError, Empty):
            return False
