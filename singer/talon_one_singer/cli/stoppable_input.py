"""An input whose reads end when the run is stopped."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from talon_one_singer.cli.signals import StopSignal

POLL_S = 0.2


def stoppable(source: BinaryIO, stop: StopSignal) -> BinaryIO:
    """Return the input with reads that raise Stopped when the stop is requested, even while no data arrives.

    Windows cannot wait for a pipe in this way; there the input is returned unchanged.
    """
    if sys.platform == "win32":
        return source
    return io.BufferedReader(_Polled(source.fileno(), stop), 1 << 18)


class _Polled(io.RawIOBase):
    def __init__(self, descriptor: int, stop: StopSignal) -> None:
        self._descriptor, self._stop = descriptor, stop

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while not select.select([self._descriptor], [], [], POLL_S)[0]:
            self._stop.check()
        return os.readv(self._descriptor, [buffer])
