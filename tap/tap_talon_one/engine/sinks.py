"""The sink of a run, and what the settings change in rows on their way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from talon_one_singer.protocol.selection import selected_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry
    from talon_one_singer.protocol.encoded_selection import RawMask
    from talon_one_singer.reporting.metrics import Metrics
    from tap_talon_one.rows.hashing import FieldHashes
    from tap_talon_one.rows.main_ledger import MainLedgerName


class Sink(Protocol):
    """A receiver of rows: Singer messages or a warehouse."""

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Prepare for the rows of a stream, which have this schema.

        Args:
            entry: the stream.
            schema: of its rows.
            whole: all rows of the stream are to be read; if they are, ``read_whole`` is called.
        """

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Take rows of a stream, each an encoded JSON object.

        Raises:
            RowRefused: the sink cannot hold one of the rows, and has taken none of them.
        """

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Take note that the rows so far are all rows of a stream: other rows are gone at the source.

        Args:
            stream: the stream.
            within: integers, or a span of instants, by field; nothing is known of rows with others. {}: all rows were
                read.
        """

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Store the state, which covers all rows so far; the sink may postpone it unless ``final``."""


@dataclass(frozen=True, slots=True)
class RowOutput:
    """The rows of a run on their way to the sink, with hashed fields and a name for the main ledger.

    Attributes:
        sink: receives the rows.
        metrics: counts the rows.
        hashes: hashes personal data.
        main_ledger: names the main ledger, whose subledgerId is empty.
    """

    sink: Sink
    metrics: Metrics
    hashes: FieldHashes
    main_ledger: MainLedgerName

    def open(self, entry: CatalogEntry, *, whole: bool) -> None:
        """Prepare the sink for the rows of a stream; for ``whole`` see Sink."""
        self.sink.open(entry, self.hashes.schema(entry.stream, selected_schema(entry)), whole=whole)

    def write(self, stream: str, rows: list[bytes], mask: RawMask | None) -> None:
        """Write rows without the fields that are not selected.

        Raises:
            RowRefused: the sink cannot hold one of the rows, and has taken none of them.
        """
        selected = mask(rows) if mask else rows
        self.sink.rows(stream, self.hashes.rows(stream, self.main_ledger.rows(stream, selected)))
        self.metrics.records(stream, len(rows))
