"""Singer messages, processed by the target from the bytes to the rows that are sent."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.protocol.messages import RecordLines
from talon_one_singer.settings.input_limits import InputLimits
from target_talon_one.config.options import SyncOptions
from target_talon_one.message_handler import MessageHandler
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from target_talon_one.target import destinations_of
from tests.fuzz.fakes import Answers, client, friendly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LIMITS = InputLimits(max_line_bytes=20_000)
_MEMBERS = {"sink": "audience_members", "audience": {"id": 1}, "key": "id", "create_profiles": "allow"}
STREAMS = {
    "vip": _MEMBERS | {"mode": "mirror", "max_delete_share": 1, "allow_empty": True},
    "items": {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "key": "sku"},
    "profiles": {
        "sink": "customer_profiles",
        "mode": "upsert",
        "map": {"integrationId": "id", "attributes": ["City", "Score", "Since", "Tags"]},
    },
    "sessions": {"sink": "customer_sessions", "mode": "upsert"},
}


@contextmanager
def lines(_folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a target that reads lines in small and large batches, and checks that the rows are the same."""

    def target(data: bytes) -> None:
        few, many = ([*_rows(data, most)] for most in (1, 1000))
        assert few == many

    yield target


def _rows(data: bytes, most: int) -> Iterator[tuple[str, str]]:
    for message in read_messages(io.BytesIO(data), max_rows=most, limits=_LIMITS, file_waits_s=()):
        if isinstance(message, RecordLines):
            yield from zip(message.origins, map(repr, message.rows), strict=True)


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a target with one store for all inputs and a run for each."""
    options = SyncOptions(rejects_directory=str(folder / "rejects"), results_directory=str(folder / "results"))
    transport = Answers(friendly)
    with client(transport) as talon_one, open_store(str(folder / "store.duckdb")) as store:

        def target(data: bytes) -> None:
            transport.requests = 0
            with SyncRun(talon_one, store, options, command="fuzz") as run:
                _process(run, data)

        yield target


def _process(run: SyncRun, data: bytes) -> None:
    handler = MessageHandler(run, destinations_of(STREAMS), lambda _: None, rows_per_flush=5, ignore_unknown=False)
    for message in read_messages(io.BytesIO(data), max_rows=3, limits=_LIMITS, file_waits_s=()):
        handler.handle(message)
    handler.close()
    handler.flush()
    handler.raise_if_incomplete()
