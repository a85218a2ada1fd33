"""The uvicorn server, which ends without uvicorn's pauses of 0.1 s."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket

TICK_S = 0.1  # how often a signal to end is looked for
LOOK_S = 0.01  # how often it is looked whether all connections are closed
GRACE_S = 1.0  # for requests in flight when the server ends


class WebServer(uvicorn.Server):
    """A server that ``stop`` ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End the server; to be called in its event loop."""
        self.should_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        """Wait for ``stop`` or a signal."""
        await self.on_tick(0)
        while not self.should_exit:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections, those with a request in flight after their answer or at the end of the grace time."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        last_s = asyncio.get_running_loop().time() + GRACE_S
        while self._is_busy() and asyncio.get_running_loop().time() < last_s:
            await asyncio.sleep(LOOK_S)
        for task in self.server_state.tasks:
            task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    def _is_busy(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks) and not self.force_exit
