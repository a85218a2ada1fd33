"""The faults, and the outcomes that each of them allows."""

from __future__ import annotations

import os
import resource
import signal
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.chaos import network
from tests.chaos.world import READ_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from random import Random
    from subprocess import Popen

    from tests.chaos.commands import Command
    from tests.chaos.proxy import Request
    from tests.chaos.world import World

ENDLESS = 1_000_000


@dataclass
class Cell:
    """One command under one fault.

    Attributes:
        total: number of requests that the command sends without a fault.
        process: the process of the command, after its start.
        limits: called in the process of the command before it starts.
        stdout: a file for its standard output, or ``closed``.
        second: start a second process of the command at the same time.
        heal: undoes the fault; None if resetting the proxy is enough.
        damaged: the file that the fault has damaged.
    """

    world: World
    command: Command
    folder: Path
    chance: Random
    total: int
    process: Popen[bytes] | None = None
    limits: Callable[[], None] | None = None
    stdout: str | None = None
    second: bool = False
    heal: Callable[[], None] | None = None
    damaged: Path | None = None

    def at_request(self, action: Callable[[], None]) -> None:
        """Call an action when a random request of the command has arrived."""
        number = self.chance.randint(1, max(1, self.total))

        def observe(request: Request) -> None:
            if request.number == number:
                action()

        self.world.proxy.observer = observe


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: its name in the table.
        inject: prepares the fault for a cell before the command starts.
        applies: whether the fault can happen to a command.
        after_first_run: the command first runs without a fault, so that there are files to damage.
        late: the run may succeed without the newest rows; the next run reads them.
        may_abort: libraries that are not written in Python may abort the process.
    """

    name: str
    inject: Callable[[Cell], None]
    applies: Callable[[Command], bool] = lambda command: True
    after_first_run: bool = False
    late: bool = False
    may_abort: bool = False


def _network(handler: network.Handler, *times: int) -> Callable[[Cell], None]:
    """Return a fault that affects as many requests as one of ``times`` says, from a random one on."""

    def inject(cell: Cell) -> None:
        network.install(cell.world.proxy, cell.chance, cell.total, handler, times=cell.chance.choice(times))

    return inject


def _hanging(make: Callable[[threading.Event], network.Handler]) -> Callable[[Cell], None]:
    def inject(cell: Cell) -> None:
        handler = make(cell.world.proxy.released)
        network.install(cell.world.proxy, cell.chance, cell.total, handler, times=ENDLESS)

    return inject


def _always(handler: network.Handler) -> Callable[[Cell], None]:
    def inject(cell: Cell) -> None:
        cell.world.proxy.handler = handler

    return inject


def _signalled(number: signal.Signals) -> Callable[[Cell], None]:
    return lambda cell: cell.at_request(partial(_send, cell, number))


def _send(cell: Cell, number: signal.Signals) -> None:
    if cell.process is not None and cell.process.poll() is None:
        cell.process.send_signal(number)


def _paused(cell: Cell) -> None:
    """Stop the process for longer than its timeouts, as a closed laptop or a hypervisor does."""

    def pause() -> None:
        _send(cell, signal.SIGSTOP)
        timer = threading.Timer(READ_TIMEOUT_S + 1, _send, (cell, signal.SIGCONT))
        timer.daemon = True
        timer.start()

    cell.at_request(pause)


def _disk_full(cell: Cell) -> None:
    filler = cell.folder.parent / "filler"

    def fill() -> None:
        stat = os.statvfs(cell.folder)
        free = stat.f_bavail * stat.f_frsize
        with filler.open("wb") as file:
            file.truncate(0)
            os.posix_fallocate(file.fileno(), 0, max(1, free - cell.chance.choice((0, 4096, 1 << 16, 1 << 19))))

    cell.at_request(fill)
    cell.heal = lambda: filler.unlink(missing_ok=True)


def _closed_output(cell: Cell) -> None:
    cell.stdout = "closed"


def _full_output(cell: Cell) -> None:
    cell.stdout = "/dev/full"


def _two(cell: Cell) -> None:
    cell.second = True


def _few_files(cell: Cell) -> None:
    number = cell.chance.choice((12, 16, 24))
    cell.limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def _little_memory(cell: Cell) -> None:
    cell.limits = lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))


def _restarted_database(cell: Cell) -> None:
    cell.at_request(cell.world.postgres.restart)


def _damaged(cell: Cell) -> None:
    """Truncate one of the kept files or change a byte of it. It is restored afterwards, as from a backup."""
    files = [path for path in cell.command.kept() if path.stat().st_size]
    if not files:
        return
    path = cell.chance.choice(files)
    good = {kept: kept.read_bytes() for kept in files}
    content = bytearray(good[path])
    where = cell.chance.randrange(len(content))
    if cell.chance.random() < 0.5:
        content = content[:where]
    else:
        content[where] ^= 1 << cell.chance.randrange(8)
    path.write_bytes(content)

    def restore() -> None:
        for kept in cell.command.kept():
            if kept not in good:
                kept.unlink()
        for kept, old in good.items():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(old)

    cell.heal, cell.damaged = restore, path


def _root(_command: Command) -> bool:
    return os.geteuid() == 0


def _reads(command: Command) -> bool:
    return command.reads


_ANSWERS: Mapping[str, network.Handler] = {
    "connection dropped before the request": network.drop_before,
    "connection reset": network.reset_before,
    "answer lost": network.drop_after,
    "half of the body": network.half_of_body,
    "half of the gzip stream": network.half_of_gzip,
    "gzip bomb": network.bomb,
    '200 with {"message": …}': network.message_200,
    "200 with nothing": network.empty_200,
    "200 with null": network.null_200,
    "200 with a list": network.list_200,
    "JSON nested 20,000 levels deep": network.deep_200,
    "a sign-in page": network.page_200,
    "text that is not UTF-8": network.not_utf8,
    "502 with HTML": network.bad_gateway,
    "503": network.unavailable,
    "429, Retry-After: 1": network.throttled,
    "429, Retry-After: 0": network.throttled_zero,
    "redirect": network.redirected,
    "no HTTP": network.garbage,
    "5,000 headers": network.flood,
}

FAULTS: tuple[Fault, ...] = (
    *(Fault(name, _network(handler, 1, 1, 3, ENDLESS)) for name, handler in _ANSWERS.items()),
    Fault("answer that drips", _hanging(network.drip)),
    Fault("no answer", _hanging(network.silence)),
    Fault("each request sent twice by a gateway", _always(network.sent_twice)),
    Fault("pages of 7 rows", _always(network.short_pages)),
    Fault("skip ignored, more for ever", _network(network.skip_ignored, ENDLESS), applies=_reads),
    Fault("no rows, but more of them", _network(network.empty_with_more, ENDLESS), applies=_reads),
    Fault("a listing that shifts", _always(network.shifted), applies=_reads),
    Fault("server's clock 10 minutes behind", _always(network.clock(-600)), late=True),
    Fault("server's clock 10 minutes ahead", _always(network.clock(600)), late=True),
    Fault("SIGTERM", _signalled(signal.SIGTERM)),
    Fault("SIGINT", _signalled(signal.SIGINT)),
    Fault("SIGKILL", _signalled(signal.SIGKILL)),
    Fault("SIGSTOP for 3 s", _paused),
    Fault("disk full", _disk_full, applies=_root),
    Fault("standard output closed", _closed_output),
    Fault("standard output full", _full_output),
    Fault("two at once", _two),
    Fault("few file descriptors", _few_files),
    Fault("400 MB of address space", _little_memory, may_abort=True),
    Fault("damaged state, store or warehouse", _damaged, after_first_run=True),
    Fault("PostgreSQL restarted", _restarted_database, applies=lambda command: command.database),
)
