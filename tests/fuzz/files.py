"""Files of rows: CSV, JSON Lines, Parquet and Arrow, as sources, ID lists and files of a BATCH."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from talon_one_cli.sync.erase import _ids
from talon_one_cli.sync.erase_files import clean_lines
from talon_one_client.http.csv_export import read_csv
from talon_one_singer.protocol.batch_reader import Batch, read_batch
from talon_one_singer.protocol.messages import Retries
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_warehouse import open_source, source_spec
from tap_talon_one.ids.sources import ids_in_file
from target_talon_one.store.tables.personal_data import Person
from tests.fuzz.running import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Target = Callable[[bytes], None]

LIMITS = InputLimits(max_line_bytes=20_000, max_decompression_ratio=50)
SCHEMA = {"properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}


@contextmanager
def text(folder: Path) -> Iterator[Target]:
    """Yield a target that gives CSV and JSON Lines, plain and compressed, to each of their readers."""

    def target(data: bytes) -> None:
        end = ".gz" if data.startswith(b"\x1f\x8b") else ""
        paths = [folder / f"rows{name}{end}" for name in (".csv", ".jsonl")]
        for path in paths:
            path.write_bytes(data)
            _all(lambda path=path: _source(path), lambda path=path: _listed(path))  # type: ignore[misc]
        encoding = {"format": "jsonl", "compression": "gzip" if end else "none"}
        _all(
            lambda: _batch(paths[1], encoding),
            lambda: list(_ids({"ids": "a", "ids_file": str(paths[0])})),
            lambda: _csv_answer(data),
            lambda: clean_lines(paths[1], [Person("a")], None),
        )

    yield target


@contextmanager
def columnar(folder: Path) -> Iterator[Target]:
    """Yield a target that gives Parquet and Arrow files to each of their readers."""

    def target(data: bytes) -> None:
        path = folder / "rows.parquet"
        path.write_bytes(data)
        _all(
            lambda: _source(path),
            lambda: _source(path, rendered=True),
            lambda: _listed(path),
            lambda: _batch(path, {"format": "parquet"}),
            lambda: _batch(path, {"format": "arrow"}),
        )

    yield target


def _all(*reads: Callable[[], object]) -> None:
    """Call every reader, even after one has refused the file."""
    for read in reads:
        with suppress(*EXPECTED):
            read()


def _source(path: Path, *, rendered: bool = False) -> None:
    with open_source(source_spec(str(path), "fuzz"), limits=LIMITS, rendered=rendered) as source:
        for rows in source.rows():
            assert all(set(row) <= set(source.columns) for row in rows)


def _listed(path: Path) -> None:
    for _ in ids_in_file(str(path), "id", setting="card_ids_file", limits=LIMITS):
        pass


def _batch(path: Path, encoding: dict[str, str]) -> None:
    batch = Batch("rows", SCHEMA, encoding, [str(path)], 100, LIMITS)
    for _ in read_batch(batch, Retries((), lambda _: None)):
        pass


def _csv_answer(data: bytes) -> None:
    import msgspec

    with suppress(msgspec.DecodeError):  # the client translates it into an error of its own
        for _ in read_csv(data):
            pass
