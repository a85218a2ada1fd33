"""The rows of a page of a ledger, with what paging and the tap need of each, decoded at once.

A page of the usual form is decoded by one typed decode. Where that fails, because a ``created`` is no instant or a row
has another structure, each row is decoded for itself, which finds the row and says what is wrong with it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import compress
from typing import TYPE_CHECKING, cast

import msgspec

from talon_one_client.http.encoding import UNDECODABLE
from talon_one_client.paging.pages import Page, decode_page
from talon_one_client.paging.windows import EPOCH, SECOND_US, from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.paging.windows import Window


class Head(msgspec.Struct, gc=False, rename="camel"):
    """What is decoded of a ledger row."""

    id: int
    created: datetime
    start_date: str | None = None
    expiry_date: str | None = None


class LedgerPage(Page):
    """A page of a ledger.

    Attributes:
        heads: what was decoded of the rows; None if a row is unusual.
    """

    heads: list[Head] | None = None


class LedgerRows:
    """Some rows of a page.

    Attributes:
        raws: the rows as they were sent.
        heads: their ids; if the rows are plain, also their dates.
        created: their ``created``; None if it is no instant.
        plain: every ``created`` is an instant with a time zone, no finer than a microsecond.
    """

    __slots__ = ("_bounds", "created", "heads", "plain", "raws")

    def __init__(
        self, raws: Sequence[msgspec.Raw], heads: Sequence[Head], created: Sequence[datetime | None], *, plain: bool
    ) -> None:
        self.raws, self.heads, self.created, self.plain = raws, heads, created, plain
        dated = cast("Sequence[datetime]", created) if plain else self.dated
        self._bounds = (min(dated), max(dated)) if dated else None

    @property
    def has_dates(self) -> bool:
        """True if any ``created`` is an instant."""
        return self._bounds is not None

    @property
    def dated(self) -> list[datetime]:
        """Every ``created`` that is an instant."""
        return [each for each in self.created if each is not None]

    def within(self, window: Window) -> LedgerRows:
        """Return the rows that were created in the window.

        A row whose ``created`` is no instant counts as lying in every window: it may come twice, but is never lost.
        """
        start, end = from_us(window.start_us), from_us(window.end_us)
        if self.plain and self._bounds and start <= self._bounds[0] and self._bounds[1] < end:
            return self
        inside = [each is None or start <= each < end for each in self.created]
        return self._chosen(inside)

    def any_within(self, window: Window) -> bool:
        """Return True if the ``created`` of a row is an instant in the window."""
        start, end = from_us(window.start_us), from_us(window.end_us)
        if self._bounds is None or self._bounds[1] < start or end <= self._bounds[0]:
            return False
        return any(start <= each < end for each in self.dated)

    def span_us(self, window: Window) -> tuple[int, int]:
        """Return the first and the last ``created`` in microseconds; a row without one lies at the window's start."""
        first, last = self._bounds or (EPOCH, EPOCH)
        if self.plain or None not in self.created:
            return to_us(first), to_us(last)
        return window.start_us, to_us(last) if self._bounds else window.start_us

    def new_to(self, ids: set[int]) -> LedgerRows:
        """Return the rows whose ids are not in ``ids``, each once, and add these."""
        new = []
        for head in self.heads:
            new.append(head.id not in ids)
            ids.add(head.id)
        return self._chosen(new)

    def _chosen(self, chosen: Sequence[bool]) -> LedgerRows:
        return LedgerRows(
            list(compress(self.raws, chosen)),
            list(compress(self.heads, chosen)),
            list(compress(self.created, chosen)),
            plain=self.plain,
        )


class _WireHeads(msgspec.Struct):
    data: list[Head] | None


class _Dated(msgspec.Struct):
    id: int
    created: datetime


class _Any(msgspec.Struct):
    id: int
    created: str


_decode_heads = msgspec.json.Decoder(_WireHeads).decode
_decode_dated = msgspec.json.Decoder(_Dated).decode
_decode_any = msgspec.json.Decoder(_Any).decode

_LEAP_SECOND = re.compile(r"(.*T\d\d:\d\d):60(.*)", re.ASCII)
_MANY_DIGITS = re.compile(rb"\.\d{7}")  # half as slow as the exact pattern, and mostly not there
_TOO_FINE = re.compile(rb'"created"\s*:\s*"[^"]*\.\d{6}\d*[1-9]')


def decode_ledger_page(body: bytes) -> LedgerPage:
    """Decode a page of a ledger.

    Raises:
        msgspec.DecodeError: the body is no page; a row with another structure is found only by ``rows_of``.
    """
    page = decode_page(body)
    heads = None if _may_be_too_fine(body) else _heads(body)
    return LedgerPage(**msgspec.structs.asdict(page), heads=heads)


def rows_of(page: Page) -> LedgerRows:
    """Return all rows of a page.

    Raises:
        msgspec.DecodeError: a row has no id or no created.
    """
    heads = page.heads if isinstance(page, LedgerPage) else None
    if heads is not None:
        try:
            rows = LedgerRows(page.data, heads, [head.created for head in heads], plain=True)
        except TypeError:  # some have a time zone, and some have not
            rows = None
        if rows is not None and (not heads or heads[0].created.tzinfo is not None):
            return rows
    decoded = [_row(raw) for raw in page.data]
    return LedgerRows(page.data, [head for head, _ in decoded], [created for _, created in decoded], plain=False)


def joined(parts: Sequence[LedgerRows]) -> LedgerRows:
    """Return the rows of several pages."""
    return LedgerRows(
        [raw for part in parts for raw in part.raws],
        [head for part in parts for head in part.heads],
        [created for part in parts for created in part.created],
        plain=all(part.plain for part in parts),
    )


def _heads(body: bytes) -> list[Head] | None:
    try:
        return _decode_heads(body).data or []
    except UNDECODABLE:
        return None


def _may_be_too_fine(body: bytes) -> bool:
    r"""Return True if a ``created`` is finer than a microsecond, or if its name may be written with ``\u``."""
    if b"\\" in body and (b"\\u006" in body or b"\\u007" in body):
        return True
    return _MANY_DIGITS.search(body) is not None and _TOO_FINE.search(body) is not None


def _row(raw: msgspec.Raw) -> tuple[Head, datetime | None]:
    """Return id and ``created`` of a row. A leap second is taken for the instant after it."""
    try:
        row = _decode_dated(raw)
    except msgspec.ValidationError:
        return _unusual_row(raw)
    created = row.created if row.created.tzinfo else row.created.replace(tzinfo=UTC)
    return Head(row.id, created), created


def _unusual_row(raw: msgspec.Raw) -> tuple[Head, datetime | None]:
    row = _decode_any(raw)
    leap = _LEAP_SECOND.fullmatch(row.created)
    try:
        before = datetime.fromisoformat(f"{leap[1]}:59{leap[2]}") if leap else None
    except ValueError:
        before = None
    if before is None:
        return Head(row.id, EPOCH), None
    created = from_us(to_us(before if before.tzinfo else before.replace(tzinfo=UTC)) + SECOND_US)
    return Head(row.id, created), created
