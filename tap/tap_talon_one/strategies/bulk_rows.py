"""Rows of the cheaper ways, made equal to those of one call a card; what such a way does not tell is left out.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from talon_one_client.http.csv_export import column_of, read_csv
from talon_one_schemas import record
from tap_talon_one.rows.splicing import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_talon_one.rows.balances import Snapshot
    from tap_talon_one.streams import Entity

RawMap = dict[str, msgspec.Raw]
NULL = msgspec.Raw(b"null")
ROWS_A_PART = 1_000

_FEED = "LoyaltyProgramTransactionsPage"
_ALONE = {"card": "LoyaltyCardTransactionsPage", "profile": "LoyaltyProgramProfileTransactionsPage"}
_EXPORTED_POINTS = {
    "currentBalance": "activePoints",
    "pendingBalance": "pendingPoints",
    "spentBalance": "spentPoints",
    "expiredBalance": "expiredPoints",
}
_EXPORTED_OWNER = {"card": "cardIdentifier", "profile": "profileIntegrationID"}

_decode_row = msgspec.json.Decoder(RawMap).decode


class FeedRow:
    """Turns a row of the program's feed into one of the ledger of a card or profile.

    Fields that only the feed has are left out; those that neither documents pass through.
    """

    def __init__(self, owner: Entity) -> None:
        self._drop = frozenset(_fields(_FEED) - _fields(_ALONE[owner]))
        self._owner = owner

    def __call__(self, raw: bytes | msgspec.Raw) -> bytes:
        """The row.

        Raises:
            msgspec.DecodeError: it is not an object.
        """
        fields = _decode_row(raw)
        row = {name: value for name, value in fields.items() if name not in self._drop}
        if self._owner == "profile" and "customerProfileId" in fields:
            row["integrationId"] = fields["customerProfileId"]
        return encode(row)


def _fields(page: str) -> set[str]:
    return set(record(page)["properties"]["data"]["items"]["properties"])


class _Points(msgspec.Struct, rename="camel"):
    current_balance: msgspec.Raw = NULL
    pending_balance: msgspec.Raw = NULL
    negative_balance: msgspec.Raw = NULL


class _Card(msgspec.Struct):
    identifier: str
    ledger: _Points | None = None
    subledgers: dict[str, _Points] | None = None


_decode_card = msgspec.json.Decoder(_Card).decode


def listed_balances(raw: bytes | msgspec.Raw, snapshot: Snapshot) -> Iterator[bytes]:
    """The balances of a card in the list of cards, which gives spent and expired points as 0 whatever they are.

    Raises:
        msgspec.DecodeError: the card has another shape.
    """
    card = _decode_card(raw)
    ledgers = {"": card.ledger or _Points(), **(card.subledgers or {})}
    for name, points in ledgers.items():
        known = {
            "activePoints": points.current_balance,
            "pendingPoints": points.pending_balance,
            "negativePoints": points.negative_balance,
        }
        yield snapshot.row(card.identifier, name, known)


class Export(NamedTuple):
    """A CSV export of balances: where its columns are, and its text; it is held once, however often it is read."""

    columns: tuple[int, ...]
    body: bytes

    def lines(self) -> Iterator[list[str]]:
        """The values of the columns, line by line.

        Raises:
            msgspec.DecodeError: the text is no CSV.
        """
        for line in islice(read_csv(self.body), 1, None):
            yield [line[column] for column in self.columns]

    def owners(self) -> Iterator[str]:
        """The card or profile of each line.

        Raises:
            msgspec.DecodeError: the text is no CSV.
        """
        return (owner for owner, *_ in self.lines())


def opened_export(owner: Entity, body: bytes) -> Export:
    """The columns that are needed of a CSV export, and its text.

    Raises:
        msgspec.DecodeError: the export is no CSV or lacks a column.
    """
    headings = next(read_csv(body))
    needed = (_EXPORTED_OWNER[owner], "loyaltySubledger", *_EXPORTED_POINTS)
    return Export(tuple(column_of(headings, name) for name in needed), body)


def exported_balances(export: Export, snapshot: Snapshot) -> Iterator[bytes]:
    """The balances in a CSV export, rounded to two digits; active points are net of negative ones.

    Raises:
        ValueError: a figure is no number; names the owner.
    """
    for owner, subledger, *figures in export.lines():
        try:
            known = dict(zip(_EXPORTED_POINTS.values(), map(_number, figures), strict=True))
        except InvalidOperation as error:
            raise ValueError(f"the points of {owner!r} are no numbers: {', '.join(figures)}") from error
        yield snapshot.row(owner, subledger, known)


def in_parts(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The rows in lists of a thousand."""
    source = iter(rows)
    while part := list(islice(source, ROWS_A_PART)):
        yield part


def _number(text: str) -> Decimal | None:
    number = Decimal(text) if text else None
    if number is not None and not number.is_finite():
        raise InvalidOperation(text)
    return number
