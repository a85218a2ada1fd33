"""The readers, one for each kind of response: they open the reading of an id."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client.endpoints import GET_LOYALTY_CARDS
from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.ledger_rows import decode_ledger_page
from talon_one_client.paging.pages import PageSize, fetcher, paginate
from talon_one_client.paging.window_reader import WindowReader
from talon_one_client.paging.windows import from_us
from tap_talon_one.rows.balances import OWNER, Snapshot
from tap_talon_one.rows.export_columns import LAYOUTS
from tap_talon_one.rows.ledger_rows import encoded_rows, marked_rows
from tap_talon_one.rows.nested import split
from tap_talon_one.rows.reading import AllChunks, Chunk, LedgerReading, OneAnswer
from tap_talon_one.rows.responses import (
    NULL,
    card_without_zeros,
    decode_balances,
    decode_inventory,
    decode_list,
    decode_owner,
    decode_session,
    memberships,
    present,
)
from tap_talon_one.rows.splicing import joined, object_bytes, with_fields, with_ledger_dates
from tap_talon_one.strategies.balance_probes import ProfileBalances
from tap_talon_one.strategies.bulk_rows import LedgerRow, exported_balances, in_chunks, listed_balances, opened_export
from tap_talon_one.strategies.export_check import CardList, ListsOfIds, complete_export
from tap_talon_one.strategies.export_probes import ProbedExport
from tap_talon_one.strategies.read_strategies import PER_ENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.paging.ledger_rows import LedgerRows
    from tap_talon_one.rows.export_columns import ExportLayout
    from tap_talon_one.rows.exports import ExportedRows
    from tap_talon_one.rows.ledger_rows import Convert
    from tap_talon_one.rows.reading import Job, Reading
    from tap_talon_one.strategies.bulk_rows import Export
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from tap_talon_one.streams import ReaderName, Stream, StreamGroup

CHECK_GATEWAYS = "Check base_url and every proxy or gateway between this machine and Talon.One, then run again"
FIRST_FIGURES = datetime(2015, 1, 1, tzinfo=UTC)  # there are none before, and the API wants a start


@dataclass
class Reader:
    """Reads the jobs of a stream group with one strategy. Called from many threads.

    Attributes:
        incomplete: an answer had less than it should have, so that rows that were not read may exist.
    """

    strategy: ReadStrategy
    client: TalonOneClient
    streams: frozenset[str]
    page_size: int | None = None
    incomplete: bool = field(default=False, init=False)
    group: StreamGroup = field(init=False)
    _size: PageSize | None = field(init=False)
    _source: str = field(init=False)
    _chosen: list[Stream] = field(init=False)
    _with_source: frozenset[str] = field(init=False)
    _convert: Convert = field(init=False)

    def __post_init__(self) -> None:
        self.group = self.strategy.group
        self._source = f"per_{self.group.entity}" if self.strategy.name == PER_ENTITY else self.strategy.name
        self._chosen = [stream for stream in self.group.streams if stream.name in self.streams]
        with_source = [stream.name for stream in self._chosen if "source" in stream.schema()["properties"]]
        self._with_source = frozenset(with_source)
        self._convert = LedgerRow(self.strategy.owner) if self.group.reader == "program_feed" else bytes
        self._size = PageSize(self.group.endpoint, self.page_size) if self.group.endpoint.paged else None

    def open(self, job: Job) -> Reading:
        """Return the reading of one id."""
        name, endpoint = self.group.reader, self.group.endpoint
        if name in _ONE_ANSWER:
            return OneAnswer(job, endpoint, partial(_ONE_ANSWER[name], self))
        if name in _CHUNKS:
            return AllChunks(job, endpoint, partial(_CHUNKS[name], self))
        return self._ledger(job)

    def _path(self, job: Job) -> dict[str, str | int]:
        path = {**self.strategy.path, **self.group.parent_path(job.program)}
        return {**path, self.group.id_param: job.text} if self.group.has_ids else path

    def _call(self, job: Job, decode: Callable[[bytes], Any], **query: Any) -> Any:
        answer = self.client.call(self.group.endpoint, path=self._path(job), query=query, decode=decode)
        if answer is None:
            raise UnexpectedResponseError("the response is empty", operation=self.group.endpoint.name)
        return answer

    def _ledger(self, job: Job) -> Reading:
        assert self._size is not None
        endpoint = self.group.endpoint
        fetch = fetcher(self.client, endpoint, self._path(job), self._size, decode_ledger_page)
        windows = WindowReader(fetch, self._size, job.window, bounds=endpoint.created_bounds)
        chunk = self._feed_chunk if self.group.reader == "feed" else self._ledger_chunk
        return LedgerReading(job, endpoint, windows, partial(chunk, job))

    def _ledger_chunk(self, job: Job, rows: LedgerRows) -> Chunk:
        (stream,) = self._chosen
        tail = joined({"integrationId": job.text}) if self.group.entity == "profile" else b""
        encoded = encoded_rows(rows, tail + self._tail(job, stream), self._convert)
        return Chunk({stream.name: encoded.rows}, undated=encoded.undated, too_fine=encoded.too_fine)

    def _feed_chunk(self, job: Job, rows: LedgerRows) -> Chunk:
        marked = marked_rows(rows)
        found = split(marked.rows, self._chosen, self._tails(job))
        return Chunk(found, undated=marked.undated, too_fine=marked.too_fine)

    def _tail(self, job: Job, stream: Stream) -> bytes:
        """Return the fields that are added to the rows of a stream."""
        group, added = self.group, dict[str, Any]()
        if group.id_added is not None:
            added[group.id_added] = int(job.text)
        if group.parent_added is not None:
            added[group.parent_added] = job.program
        if stream.name in self._with_source:
            added["source"] = self._source
        return joined(added)

    def _tails(self, job: Job) -> dict[str, bytes]:
        return {stream.name: self._tail(job, stream) for stream in self._chosen}

    def _balances(self, job: Job) -> Chunk:
        (stream,) = self.streams
        as_of = from_us(job.window.end_us)
        tiers = {} if self.group.entity == "card" else {"includeTiers": True, "includeProjectedTier": True}
        answer = self._call(job, decode_balances, endDate=as_of, **tiers)
        ledgers = {"": answer.balance or {}, **(answer.subledger_balances or {})}
        snapshot = self._snapshot(job, as_of)
        return Chunk({stream: [snapshot.row(job.text, name, points) for name, points in ledgers.items()]})

    def _snapshot(self, job: Job, as_of: datetime) -> Snapshot:
        return Snapshot(job.program, self.strategy.owner, as_of, self._source)

    def _card_list(self, job: Job) -> Iterator[Chunk]:
        (stream,) = self.streams
        now = datetime.now(UTC)  # the list has only the current balances
        reading = self.client.last_clock_reading
        snapshot = self._snapshot(job, now if reading is None else reading.earlier(now))
        for page in self._pages(job):
            yield Chunk({stream: [row for raw in page for row in listed_balances(raw, snapshot)]})

    def _csv_export(self, job: Job) -> Iterator[Chunk]:
        (stream,) = self.streams
        as_of = from_us(job.window.end_us)
        try:
            export = self._export(job, as_of)
            for rows in in_chunks(exported_balances(export, self._snapshot(job, as_of))):
                yield Chunk({stream: rows})
        except ValueError as error:
            raise UnexpectedResponseError(
                f"the CSV export does not have the documented structure: {error}", operation=self.group.endpoint.name
            ) from error

    def _export(self, job: Job, as_of: datetime) -> Export:
        def export() -> Export:
            found: Export = self._call(job, partial(opened_export, self.strategy.owner), endDate=as_of)
            return found

        assert job.program is not None
        if self.strategy.owner == "profile":
            return ProfileBalances(self.client, export, job.program, job.window.end_us).checked(self._advice)
        return complete_export(export, CardList(self.client, GET_LOYALTY_CARDS, job.program))

    def _inventory(self, job: Job) -> Chunk:
        wanted = {s.section: s.name for s in self.group.streams if s.name in self.streams and s.section}
        answer = self._call(job, decode_inventory, **dict.fromkeys(wanted, True))
        if "profile" in wanted and answer.profile == NULL:
            self._note_incomplete()
        tail, source = joined({"integrationId": job.text}), joined({"source": self._source})
        sections: dict[str, Callable[[], Iterable[bytes]]] = {
            "profile": lambda: [with_fields(raw, source) for raw in present(answer.profile)],
            "loyalty": lambda: () if answer.loyalty is None else memberships(answer.loyalty, tail),
            "coupons": lambda: (with_fields(raw, tail) for raw in answer.coupons or ()),
            "referrals": lambda: (with_fields(raw, tail) for raw in answer.referrals or ()),
            "giveaways": lambda: (with_fields(raw, tail) for raw in answer.giveaways or ()),
        }
        return Chunk({stream: list(sections[section]()) for section, stream in wanted.items()})

    def _listing(self, job: Job) -> Iterator[Chunk]:
        tails = self._tails(job)
        finish = card_without_zeros if "loyalty_cards" in self.streams else object_bytes
        for page in self._pages(job):
            yield Chunk(split(map(finish, page), self._chosen, tails))

    def _pages(self, job: Job, **query: Any) -> Iterator[Sequence[msgspec.Raw]]:
        if self._size is None:
            return iter([self._call(job, decode_list).data])
        return paginate(
            self.client,
            self.group.endpoint,
            path=self._path(job),
            query={**self.strategy.query, **query},
            page_size=self._size,
            on_short=self._note_incomplete,
        )

    def _note_incomplete(self) -> None:
        self.incomplete = True

    def _figures(self, job: Job) -> Chunk:
        (stream,) = self._chosen
        by_day = {"granularity": "1 day"} if "granularity" in self.group.endpoint.query_by_name else {}
        start = max(from_us(job.window.start_us), FIRST_FIGURES)
        answer = self._call(job, decode_list, rangeStart=start, rangeEnd=from_us(job.window.end_us), **by_day)
        tail = self._tail(job, stream)
        return Chunk({stream.name: [with_fields(raw, tail) for raw in answer.data]})

    def _points(self, job: Job) -> Iterator[Chunk]:
        (stream,) = self._chosen
        owner = joined({OWNER[self.strategy.owner]: job.text})
        # In the order in which points change their status, so that the last row of an addition has its latest one.
        for status in ("pending", "active", "expired"):
            tail = owner + joined({"status": status})
            for page in self._pages(job, status=status):
                yield Chunk({stream.name: [with_ledger_dates(raw, tail) for raw in page]})

    def _session(self, job: Job) -> Chunk:
        (stream,) = self.streams
        answer = self._call(job, decode_session)
        source = joined({"source": self._source})
        return Chunk({stream: [with_fields(raw, source) for raw in present(answer.customer_session)]})

    def _exported(self, job: Job) -> Iterator[Chunk]:
        (stream,) = self._chosen
        layout = LAYOUTS[self.group.endpoint.name]
        added = dict.fromkeys(stream.schema()["properties"])
        if layout.ledger_dates:
            added = {name: None for name in added if not name.startswith(("start_", "expiry_"))}
        added |= msgspec.json.decode(b"{" + self._tail(job, stream)[1:] + b"}")
        try:
            export = self._complete(job, layout)
            for rows in in_chunks(export.rows(added, job.window)):
                yield Chunk({stream.name: rows})
        except ValueError as error:
            raise UnexpectedResponseError(
                f"the CSV export does not have the documented structure: {error}. {self._advice}",
                operation=self.group.endpoint.name,
            ) from error

    def _complete(self, job: Job, layout: ExportLayout) -> ExportedRows:
        key = tuple(column.name for column in layout.columns if column.name in self._chosen[0].key)
        export = ProbedExport(self.client, self.group.endpoint, self._path(job), layout, key, job.window)
        check = self.strategy.check
        if check is None:
            return export.checked(self._advice)
        return ListsOfIds(self.client, check, self._path(job)).checked(export.whole)

    @property
    def _advice(self) -> str:
        setting = self.group.strategy_setting
        return f"Set {setting} to {PER_ENTITY} to read the lists instead" if setting else CHECK_GATEWAYS

    def _reservations(self, job: Job) -> Chunk:
        (stream,) = self.streams
        answer = self._call(job, decode_list)
        tail = joined({"couponValue": job.text})
        for raw in answer.data:
            decode_owner(raw)  # raises for a row without its key
        return Chunk({stream: [with_fields(raw, tail) for raw in answer.data]})


_ONE_ANSWER: Mapping[ReaderName, Callable[[Reader, Job], Chunk]] = {
    "balances": Reader._balances,
    "inventory": Reader._inventory,
    "session": Reader._session,
    "reservations": Reader._reservations,
    "figures": Reader._figures,
}
_CHUNKS: Mapping[ReaderName, Callable[[Reader, Job], Iterator[Chunk]]] = {
    "listing": Reader._listing,
    "card_list": Reader._card_list,
    "csv_export": Reader._csv_export,
    "export": Reader._exported,
    "export_window": Reader._exported,
    "points": Reader._points,
}  # every other reader reads ledgers
