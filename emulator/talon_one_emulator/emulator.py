"""The emulator as a context manager: a server in a background thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from talon_one_emulator.api import json_text
from talon_one_emulator.api.middleware.authentication import DEFAULT_API_KEY, DEFAULT_MANAGEMENT_KEY, Keys
from talon_one_emulator.control.switches import Switches
from talon_one_emulator.seeds import Seed
from talon_one_emulator.server import Settings, bind, build, url_of, web_server

if TYPE_CHECKING:
    from types import TracebackType

    from talon_one_client.endpoints import Era
    from talon_one_emulator.control.controller import Controller
    from talon_one_emulator.control.faults import FaultRule
    from talon_one_emulator.control.notifier import NotifyTarget

T = TypeVar("T")
Record = Mapping[str, Any]


class Emulator:
    """A local Talon.One on a free loopback port.

    ``with Emulator(seed="synthetic", cards=10, transactions=100) as emu: ... emu.url ...``

    Every method may be called from any thread while the context is open.

    Raises:
        ValueError: a setting is invalid.
    """

    def __init__(
        self,
        *,
        era: Era = "current",
        seed: str = "empty",
        cards: int = 10,
        transactions: int = 10,
        profile_transactions: int = 0,
        days: int = 0,
        switches: Mapping[str, str] | None = None,
        faults: Iterable[FaultRule] = (),
        management_rate: int = 3,
        api_key: str = DEFAULT_API_KEY,
        management_key: str = DEFAULT_MANAGEMENT_KEY,
        db: Path | str | None = None,
        allow_hosts: Iterable[str] = (),
        notify: NotifyTarget | None = None,
        port: int = 0,
    ) -> None:
        self.settings = Settings(
            port=port,
            keys=Keys(api_key, management_key),
            era=era,
            seed=Seed(seed, cards, transactions, profile_transactions, days),
            switches=Switches().changed(**(switches or {})),
            faults=tuple(faults),
            management_rate=management_rate,
            db=None if db is None else Path(db),
            allow_hosts=tuple(allow_hosts),
            notify=notify,
        )
        self.api_key = api_key
        self.management_key = management_key
        self.url = ""
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        app, self._controls = build(self.settings)
        try:
            self._listener = bind(self.settings.host, self.settings.port)
        except OSError:
            self._controls.close()
            raise
        self.url = url_of(self._listener)
        self._server = web_server(app)
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._run, name="talon-one-emulator", daemon=True)
        self._thread.start()
        self._running.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join()
        self._loop = None
        self._listener.close()
        self._controls.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running.set()
        await self._server.serve(sockets=[self._listener])

    def _call(self, work: Callable[[Controller], T]) -> T:
        """Run a function in the thread of the server, which owns all data."""
        if self._loop is None:
            raise RuntimeError("the emulator is not running")
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work(self._controls))
            except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result()

    def fault(self, route: str, kind: str | int, **options: Any) -> dict[str, Any]:
        """Inject a fault. See ``FaultRule`` for the options; ``count`` is 1 by default."""
        return self._call(lambda controller: controller.add_fault(route, kind, options))

    def faults(self) -> list[dict[str, Any]]:
        """Return the active faults with their counts."""
        return self._call(lambda controller: controller.faults())

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call(lambda controller: controller.clear_faults())

    def switch(self, **values: str) -> dict[str, str]:
        """Set switches and return all."""
        changed: dict[str, str] = self._call(lambda controller: controller.set_switches(values))["values"]
        return changed

    def reset(self, seed: str | None = None, *, era: str | None = None, **sizes: int) -> None:
        """Return to the initial state, or to another seed (with its ``cards`` and ``transactions``) and era."""
        chosen = None if seed is None else {"name": seed, **sizes}
        self._call(lambda controller: controller.reset(chosen, era))

    def state(self, *tables: str) -> dict[str, Any]:
        """Return all rows by table, of all tables or the named ones."""
        found = self._call(lambda controller: controller.state(tables or None))
        return {table: [_decoded(row) for row in rows] for table, rows in found.items()}

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the request log of one operation, or of all."""
        return self._call(lambda controller: controller.requests(operation))

    def counters(self) -> dict[str, Any]:
        """Return the counters: ``{operation: {requests, statuses, max_in_flight}}``."""
        return self._call(lambda controller: controller.counters())

    def clear_requests(self) -> None:
        """Clear the request log and the counters."""
        self._call(lambda controller: controller.clear_requests())

    def clock(
        self, *, freeze: bool | str | None = None, advance: float | None = None, reset: bool = False
    ) -> dict[str, Any]:
        """Freeze at an instant, advance by seconds or return to real time. Return ``{now, frozen, shift_s}``."""
        return self._call(lambda controller: controller.set_clock(freeze=freeze, advance=advance, reset=reset))

    def add(self, what: str, *records: Record) -> list[Any]:
        """Create what the API itself cannot create, such as ``cards``: records of one of ``controller.FIXTURES``."""
        return self._call(lambda controller: controller.add(what, records))

    def add_transactions(self, records: Iterable[Record]) -> list[int]:
        """Insert ledger rows and return their ids. See ``fixtures.add_transactions`` for the fields."""
        rows = list(records)
        return self._call(lambda controller: controller.add_transactions(rows))

    def delete_transactions(self, ids: Iterable[int]) -> int:
        """Delete ledger rows and return how many were deleted."""
        rows = list(ids)
        return self._call(lambda controller: controller.delete_transactions(rows))

    def recount(self, changes: Iterable[Record]) -> int:
        """Make balances use other amounts of ledger rows than lists show: ``{id, amount}``. Return how many changed."""
        pairs = list(changes)
        return self._call(lambda controller: controller.recount(pairs))

    def notifications(self) -> list[dict[str, Any]]:
        """Return the notifications that were made: ``{id, state, statuses, body}``."""
        return [_decoded(row) for row in self._call(lambda controller: controller.sent_notifications())]

    def notification_counts(self) -> dict[str, int]:
        """Return the number of notifications by state: ``waiting``, ``delivered``, ``dropped``."""
        return self._call(lambda controller: controller.notification_counts())

    def join_notifications(self) -> None:
        """Wait until every notification is delivered or dropped."""
        self._controls.join_notifications()

    def notify(self, *bodies: Record) -> list[str]:
        """Send notifications with these bodies, and return the X-UUID of each."""
        return self._call(lambda controller: controller.notify(bodies))

    def notify_expiring(self, days: float) -> list[str]:
        """Send notifications of the points that expire within so many days, and return the X-UUID of each."""
        return self._call(lambda controller: controller.notify_expiring(days))

    def truth(self, program: int = 1, as_of: str | None = None) -> dict[str, Any]:
        """Return totals and balances of a program, computed independently of the endpoints."""
        return self._call(lambda controller: controller.expected_balances(program, as_of))


def _decoded(row: Record) -> dict[str, Any]:
    """Return a row with its JSON columns as values."""
    return {
        name: json_text.decode(bytes(value)) if isinstance(value, json_text.Raw) else value
        for name, value in row.items()
    }
