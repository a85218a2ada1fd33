"""States that a tap resumes from."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talon_one_singer import ConfigSource
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import Progress
from tap_talon_one.engine.sync import Engine
from tap_talon_one.settings import SETTINGS
from tap_talon_one.tap import catalog
from tests.fuzz.fakes import Answers, client, friendly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STREAMS = ("loyalty_card_transactions", "loyalty_card_balances", "loyalty_program_transactions", "loyalty_programs")


class _StateChecker:
    """A sink that checks the state and discards the rows."""

    def open(self, *_: Any, whole: bool) -> None:
        """See Sink."""

    def rows(self, *_: Any) -> None:
        """See Sink."""

    def read_whole(self, *_: Any) -> None:
        """See Sink."""

    def checkpoint(self, state: Callable[[], Any], *, final: bool = False) -> None:
        """See Sink."""
        State.from_dict(state(), "the final state" if final else "a checkpoint")


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a target that resumes a run of several streams from a state file, with an account without rows."""
    path, transport = folder / "state.json", Answers(friendly)
    given = {"api_key": "a", "management_key": "m", "base_url": "http://127.0.0.1:9", "loyalty_program_ids": [1]}
    given |= {"card_ids": ["a", "b"], "concurrency": 1, "transactions_strategy": "per_entity"}
    settings = SETTINGS.load([ConfigSource("fuzz", given)])
    entries = [entry for entry in catalog(settings) if entry.stream in STREAMS]
    metrics = Metrics(time.monotonic)
    with client(transport) as talon_one:

        def target(data: bytes) -> None:
            path.write_bytes(data)
            transport.requests = 0
            Engine(
                settings=settings,
                client=talon_one,
                entries=entries,
                state=State.from_file(str(path)),
                sink=_StateChecker(),
                metrics=metrics,
                progress=Progress(metrics, time.monotonic, 1e9),
                stop=lambda: None,
                now=lambda: NOW,
            ).run()

        yield target
