"""From an id to rows: one reader for each kind of answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client.endpoints import GET_LOYALTY_CARDS
from talon_one_client.errors import InvalidRequestError, UnexpectedResponseError
from talon_one_client.http.encoding import UNDECODABLE
from talon_one_client.paging.pages import PageSize, fetcher, paginate
from talon_one_client.paging.window_reader import WindowReader
from talon_one_client.paging.windows import Window, from_us
from tap_talon_one.engine.export_check import CardList, complete_export
from tap_talon_one.rows.balances import Snapshot
from tap_talon_one.rows.splicing import (
    encode,
    joined,
    object_bytes,
    to_the_microsecond,
    undated,
    with_fields,
    with_ledger_dates,
)
from tap_talon_one.strategies.bulk_rows import FeedRow, exported_balances, in_parts, listed_balances, opened_export
from tap_talon_one.streams import ONE_BY_ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.paging.windows import Row
    from tap_talon_one.strategies.bulk_rows import Export
    from tap_talon_one.streams import Feed, Way

Rows = dict[str, list[bytes]]


@dataclass(frozen=True, slots=True)
class Job:
    """One id to read: its window of ``created`` (ledgers) or the instant that ends it (balances)."""

    text: str
    program: int | None
    window: Window


@dataclass(frozen=True, slots=True)
class Part:
    """Rows by stream, and what remains of the job's window after them (None: nothing).

    Attributes:
        undated: ledger rows whose ``created`` is no instant.
        fine: ledger rows whose ``created`` is finer than a microsecond.
    """

    rows: Rows
    rest: Window | None = None
    undated: int = 0
    fine: int = 0


@dataclass
class Reader:
    """Reads the jobs of a feed. Called from many threads."""

    way: Way
    client: TalonOneClient
    streams: frozenset[str]
    page_size: int | None = None
    feed: Feed = field(init=False)
    _size: PageSize | None = field(init=False)
    _source: str = field(init=False)

    def __post_init__(self) -> None:
        self.feed = self.way.feed
        self._source = f"per_{self.feed.entity}" if self.way.name == ONE_BY_ONE else self.way.name
        self._size = PageSize(self.feed.endpoint, self.page_size) if self.feed.endpoint.paged else None

    def read(self, job: Job) -> Iterator[Part]:
        """The parts of one id.

        Raises:
            NotFoundError: Talon.One does not know the id.
            InvalidRequestError: no id can be this.
            UnexpectedResponseError: an answer of another shape.
            TalonOneError: see talon_one_client.errors.
        """
        read: Callable[[Job], Iterable[Part]] = getattr(self, f"_{self.feed.reader}")
        try:
            yield from read(job)
        except UnicodeEncodeError as error:
            raise InvalidRequestError(
                f"{job.text!r} holds half of a surrogate pair: that is no text", operation=self.feed.endpoint.name
            ) from error
        except UNDECODABLE as error:
            raise UnexpectedResponseError(
                f"the answer for {job.text!r} has another shape than Talon.One documents: {error}",
                operation=self.feed.endpoint.name,
            ) from error

    def _path(self, job: Job) -> dict[str, str | int]:
        path: dict[str, str | int] = {} if job.program is None else {"loyaltyProgramId": job.program}
        return {**path, self.feed.id_param: job.text} if self.feed.has_ids else path

    def _call(self, job: Job, decode: Callable[[bytes], Any], **query: Any) -> Any:
        answer = self.client.call(self.feed.endpoint, path=self._path(job), query=query, decode=decode)
        if answer is None:
            raise UnexpectedResponseError("the answer is empty", operation=self.feed.endpoint.name)
        return answer

    def _ledger(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        tail = joined({"integrationId": job.text}) if self.feed.entity == "profile" else b""
        if self.feed.strategy:
            tail += joined({"source": self._source})
        for rows, rest in self._windows(job):
            yield _ledger_part(stream, rows, lambda raw: with_ledger_dates(raw, tail), rest)

    def _program_feed(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        tail = joined({"source": self._source})
        alike = FeedRow(self.way.owner)
        for rows, rest in self._windows(job):
            yield _ledger_part(stream, rows, lambda raw: with_ledger_dates(alike(raw), tail), rest)

    def _windows(self, job: Job) -> Iterator[tuple[list[Row], Window]]:
        assert self._size is not None
        fetch = fetcher(self.client, self.feed.endpoint, self._path(job), self._size)
        return WindowReader(fetch, self._size).read(job.window)

    def _balances(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        as_of = from_us(job.window.end_us)
        tiers = {} if self.feed.entity == "card" else {"includeTiers": True, "includeProjectedTier": True}
        answer = self._call(job, _decode_balances, endDate=as_of, **tiers)
        ledgers = {"": answer.balance or {}, **(answer.subledger_balances or {})}
        snapshot = self._snapshot(job, as_of)
        yield Part({stream: [snapshot.row(job.text, name, points) for name, points in ledgers.items()]})

    def _snapshot(self, job: Job, as_of: datetime) -> Snapshot:
        return Snapshot(job.program, self.way.owner, as_of, self._source)

    def _card_list(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        now = datetime.now(UTC)  # the list knows nothing but the present
        reading = self.client.last_clock_reading
        snapshot = self._snapshot(job, now if reading is None else reading.earlier(now))
        for page in self._pages(job):
            yield Part({stream: [row for raw in page for row in listed_balances(raw, snapshot)]})

    def _csv_export(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        as_of = from_us(job.window.end_us)
        try:
            export = self._export(job, as_of)
            for rows in in_parts(exported_balances(export, self._snapshot(job, as_of))):
                yield Part({stream: rows})
        except ValueError as error:
            raise UnexpectedResponseError(
                f"the CSV export has another shape than Talon.One documents: {error}", operation=self.feed.endpoint.name
            ) from error

    def _export(self, job: Job, as_of: datetime) -> Export:
        def export() -> Export:
            found: Export = self._call(job, partial(opened_export, self.way.owner), endDate=as_of)
            return found

        if self.way.owner != "card" or job.program is None:
            return export()
        return complete_export(export, CardList(self.client, GET_LOYALTY_CARDS, job.program))

    def _inventory(self, job: Job) -> Iterator[Part]:
        wanted = {s.section: s.name for s in self.feed.streams if s.name in self.streams and s.section}
        answer = self._call(job, _decode_inventory, **dict.fromkeys(wanted, True))
        rows: Rows = {}
        tail = joined({"integrationId": job.text})
        for section, stream in wanted.items():
            value = getattr(answer, section)
            if section == "profile":
                rows[stream] = _present(value)
            elif section == "loyalty":
                rows[stream] = [] if value is None else list(_memberships(value, tail))
            else:
                rows[stream] = [with_fields(raw, tail) for raw in value or ()]
        yield Part(rows)

    def _listing(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        tail = joined({"audienceId": int(job.text)}) if self.feed.entity == "audience" else b""
        finish = _without_zeros if stream == "loyalty_cards" else object_bytes
        for page in self._pages(job):
            yield Part({stream: [with_fields(raw, tail) if tail else finish(raw) for raw in page]})

    def _pages(self, job: Job) -> Iterator[Sequence[msgspec.Raw]]:
        if self._size is None:
            return iter([self._call(job, _decode_reserved).data])
        return paginate(self.client, self.feed.endpoint, path=self._path(job), page_size=self._size)

    def _session(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        answer = self._call(job, _decode_session)
        yield Part({stream: _present(answer.customer_session)})

    def _reservations(self, job: Job) -> Iterator[Part]:
        (stream,) = self.streams
        answer = self._call(job, _decode_reserved)
        tail = joined({"couponValue": job.text})
        for raw in answer.data:
            _decode_owner(raw)  # a row without its key is no row
        yield Part({stream: [with_fields(raw, tail) for raw in answer.data]})


RawMap = dict[str, msgspec.Raw]
NULL = msgspec.Raw(b"null")
NEVER_FILLED = frozenset({"expiredBalance", "spentBalance"})  # the API documents them as always 0: that is no balance


class _Balances(msgspec.Struct, rename="camel"):
    balance: RawMap | None = None
    subledger_balances: dict[str, RawMap] | None = None


class _Ledgers(msgspec.Struct, rename={"sub_ledgers": "subLedgers", "join_date": "joinDate"}):
    id: int
    name: str | None = None
    title: str | None = None
    join_date: str | None = None
    ledger: RawMap | None = None
    sub_ledgers: dict[str, RawMap] | None = None


class _Loyalty(msgspec.Struct):
    programs: dict[str, _Ledgers] | None = None


class _Inventory(msgspec.Struct):
    profile: msgspec.Raw = NULL
    loyalty: _Loyalty | None = None
    coupons: list[msgspec.Raw] | None = None
    referrals: list[msgspec.Raw] | None = None
    giveaways: list[msgspec.Raw] | None = None


class _Session(msgspec.Struct, rename="camel"):
    customer_session: msgspec.Raw = NULL


class _Reserved(msgspec.Struct):
    data: list[msgspec.Raw]


class _Owner(msgspec.Struct, rename="camel"):
    integration_id: str


_decode_card = msgspec.json.Decoder(RawMap).decode
_decode_ledger = msgspec.json.Decoder(RawMap | None).decode
_decode_ledgers = msgspec.json.Decoder(dict[str, RawMap] | None).decode
_decode_owner = msgspec.json.Decoder(_Owner).decode
_decode_balances = msgspec.json.Decoder(_Balances).decode
_decode_inventory = msgspec.json.Decoder(_Inventory).decode
_decode_session = msgspec.json.Decoder(_Session).decode
_decode_reserved = msgspec.json.Decoder(_Reserved).decode


def _ledger_part(stream: str, rows: Sequence[Row], made: Callable[[bytes | msgspec.Raw], bytes], rest: Window) -> Part:
    marked = [to_the_microsecond(row.raw) if row.dated else undated(row.raw) for row in rows]
    fine = sum(row.dated and raw is not row.raw for row, raw in zip(rows, marked, strict=True))
    return Part({stream: list(map(made, marked))}, rest, undated=sum(not row.dated for row in rows), fine=fine)


def _memberships(loyalty: _Loyalty, owner: bytes) -> Iterator[bytes]:
    for program in (loyalty.programs or {}).values():
        ledgers = {"": program.ledger or {}, **(program.sub_ledgers or {})}
        for name, ledger in ledgers.items():
            fields = {
                "programId": program.id,
                "name": program.name,
                "title": program.title,
                "joinDate": program.join_date,
                "subledgerId": name,
            }
            yield with_fields(encode({**ledger, **dict.fromkeys(NEVER_FILLED & ledger.keys())}), owner + joined(fields))


def _present(raw: msgspec.Raw) -> list[bytes]:
    return [] if raw == NULL else [object_bytes(raw)]


def _without_zeros(raw: msgspec.Raw) -> bytes:
    """A card whose ledgers say null instead of the 0 that the API always gives for spent and expired points."""
    card = _decode_card(raw)
    fields: dict[str, Any] = {**card}
    if "ledger" in card:
        fields["ledger"] = _nulled(_decode_ledger(card["ledger"]))
    if "subledgers" in card:
        subledgers = _decode_ledgers(card["subledgers"]) or {}
        fields["subledgers"] = {name: _nulled(ledger) for name, ledger in subledgers.items()}
    return encode(fields)


def _nulled(ledger: RawMap | None) -> dict[str, Any] | None:
    return None if ledger is None else {**ledger, **dict.fromkeys(NEVER_FILLED & ledger.keys())}
