"""The emulator as a context manager: a server in a background thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.api.middleware import DEFAULT_API_KEY, DEFAULT_MANAGEMENT_KEY, Keys
from talon_one_emulator.control.switches import Switches
from talon_one_emulator.seeds import Seed
from talon_one_emulator.server import Settings, bind, build, url_of, uvicorn_server

if TYPE_CHECKING:
    from types import TracebackType

    from talon_one_client.endpoints import Era
    from talon_one_emulator.control.controller import Controls
    from talon_one_emulator.control.faults import FaultRule

T = TypeVar("T")
Record = Mapping[str, Any]


class Emulator:
    """A local Talon.One on a free loopback port.

    ``with Emulator(seed="synthetic", cards=10, transactions=100) as emu: ... emu.url ...``

    Every method may be called from any thread while the context is open. Raises ValueError on settings that make no
    sense.
    """

    def __init__(
        self,
        *,
        era: Era = "current",
        seed: str = "empty",
        cards: int = 10,
        transactions: int = 10,
        profile_transactions: int = 0,
        switches: Mapping[str, str] | None = None,
        faults: Iterable[FaultRule] = (),
        management_rate: int = 3,
        api_key: str = DEFAULT_API_KEY,
        management_key: str = DEFAULT_MANAGEMENT_KEY,
        db: Path | str | None = None,
        allow_hosts: Iterable[str] = (),
        port: int = 0,
    ) -> None:
        self.settings = Settings(
            port=port,
            keys=Keys(api_key, management_key),
            era=era,
            seed=Seed(seed, cards, transactions, profile_transactions),
            switches=Switches().changed(**(switches or {})),
            faults=tuple(faults),
            management_rate=management_rate,
            db=None if db is None else Path(db),
            allow_hosts=tuple(allow_hosts),
        )
        self.api_key = api_key
        self.management_key = management_key
        self.url = ""
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        app, self._controls = build(self.settings)
        self._store = self._controls.service.account.store
        try:
            self._listener = bind(self.settings.host, self.settings.port)
        except OSError:
            self._store.close()
            raise
        self.url = url_of(self._listener)
        self._server = uvicorn_server(app)
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._run, name="talon-one-emulator", daemon=True)
        self._thread.start()
        self._running.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._loop = None
        self._listener.close()
        self._store.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running.set()
        await self._server.serve(sockets=[self._listener])

    def _do(self, work: Callable[[Controls], T]) -> T:
        """Run ``work`` in the server's thread, which owns all data."""
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
        """Inject a fault, see ``FaultRule`` for the options (``count=1`` by default, 0 until cleared)."""
        return self._do(lambda controls: controls.add_fault(route, kind, options))

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force and how often each has struck."""
        return self._do(lambda controls: controls.faults())

    def clear_faults(self) -> None:
        """Take all faults out of force."""
        self._do(lambda controls: controls.clear_faults())

    def switch(self, **values: str) -> dict[str, str]:
        """Set switches; all of them afterwards."""
        changed: dict[str, str] = self._do(lambda controls: controls.set_switches(values))["values"]
        return changed

    def reset(self, seed: str | None = None, *, era: str | None = None, **sizes: int) -> None:
        """Back to the start, or to another seed (with its ``cards`` and ``transactions``) and era."""
        chosen = None if seed is None else {"name": seed, **sizes}
        self._do(lambda controls: controls.reset(chosen, era))

    def state(self, *tables: str) -> dict[str, Any]:
        """All rows by table, or those of some tables."""
        state: dict[str, Any] = jsontext.decode(
            self._do(lambda controls: jsontext.encode(controls.state(tables or None)))
        )
        return state

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """The request log."""
        return self._do(lambda controls: controls.requests(operation))

    def counters(self) -> dict[str, Any]:
        """``{operation: {requests, statuses, max_in_flight}}``."""
        return self._do(lambda controls: controls.counters())

    def clear_requests(self) -> None:
        """Empty log and counters."""
        self._do(lambda controls: controls.clear_requests())

    def clock(
        self, *, freeze: bool | str | None = None, advance: float | None = None, reset: bool = False
    ) -> dict[str, Any]:
        """Freeze at an instant, advance by seconds or go back to real time; ``{now, frozen, shift_s}``."""
        return self._do(lambda controls: controls.set_clock(freeze=freeze, advance=advance, reset=reset))

    def add(self, what: str, *records: Record) -> list[Any]:
        """Make attributes, campaigns, cards, catalogs, coupons, profiles or programs."""
        return self._do(lambda controls: controls.add(what, records))

    def add_transactions(self, records: Iterable[Record]) -> list[int]:
        """Insert ledger rows, see ``fixtures.add_transactions``; their ids."""
        rows = list(records)
        return self._do(lambda controls: controls.add_transactions(rows))

    def delete_transactions(self, ids: Iterable[int]) -> int:
        """Delete ledger rows; how many there were."""
        rows = list(ids)
        return self._do(lambda controls: controls.delete_transactions(rows))

    def recount(self, changes: Iterable[Record]) -> int:
        """Make balances count another amount for ledger rows than lists show, ``{id, amount}``; how many there were."""
        pairs = list(changes)
        return self._do(lambda controls: controls.recount(pairs))

    def truth(self, program: int = 1, as_of: str | None = None) -> dict[str, Any]:
        """Totals and balances of a program worked out apart from the endpoints."""
        return self._do(lambda controls: controls.truth(program, as_of))
