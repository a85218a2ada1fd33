"""Rows of the bulk strategies, converted to the rows that one call for each id returns.

Fields that a bulk strategy cannot provide are null, never 0.

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
ROWS_PER_CHUNK = 1_000

_PROGRAM_PAGE = "LoyaltyProgramTransactionsPage"
_ENTITY_PAGES = {"card": "LoyaltyCardTransactionsPage", "profile": "LoyaltyProgramProfileTransactionsPage"}
_EXPORTED_POINTS = {
    "currentBalance": "activePoints",
    "pendingBalance": "pendingPoints",
    "spentBalance": "spentPoints",
    "expiredBalance": "expiredPoints",
}
_EXPORTED_OWNER = {"card": "cardIdentifier", "profile": "profileIntegrationID"}

_decode_row = msgspec.json.Decoder(RawMap).decode


class LedgerRow:
    """Converts a row of a program's feed to a row of the ledger of a card or profile.

    Fields that only the feed documents are dropped; undocumented fields are kept.
    """

    def __init__(self, owner: Entity) -> None:
        self._drop = frozenset(_fields(_PROGRAM_PAGE) - _fields(_ENTITY_PAGES[owner]))
        self._owner = owner

    def __call__(self, raw: bytes | msgspec.Raw) -> bytes:
        """Return the converted row.

        Raises:
            msgspec.DecodeError: the row is not an object.
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
    """Yield the balances of a card in the list of cards, without spent and expired points: the list has 0 for both.

    Raises:
        msgspec.DecodeError: the card does not have the documented structure.
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
    """A CSV export of balances: positions of its columns, and its text.

    The text is kept once, however often it is read.
    """

    columns: tuple[int, ...]
    body: bytes

    def lines(self) -> Iterator[list[str]]:
        """Yield the values of the columns, line by line.

        Raises:
            msgspec.DecodeError: the text is not valid CSV.
        """
        for line in islice(read_csv(self.body), 1, None):
            yield [line[column] for column in self.columns]

    def owners(self) -> Iterator[str]:
        """Return the card or profile of each line.

        Raises:
            msgspec.DecodeError: the text is not valid CSV.
        """
        return (owner for owner, *_ in self.lines())


def opened_export(owner: Entity, body: bytes) -> Export:
    """Return a CSV export with the positions of the columns that are needed.

    Raises:
        msgspec.DecodeError: the export is not valid CSV, or a column is missing.
    """
    headings = next(read_csv(body))
    needed = (_EXPORTED_OWNER[owner], "loyaltySubledger", *_EXPORTED_POINTS)
    return Export(tuple(column_of(headings, name) for name in needed), body)


def exported_balances(export: Export, snapshot: Snapshot) -> Iterator[bytes]:
    """Yield the balances of a CSV export; its points have two decimals, and active points are net of negative points.

    Raises:
        ValueError: a value is not a number; the message names the owner.
    """
    for owner, subledger, *values in export.lines():
        try:
            known = dict(zip(_EXPORTED_POINTS.values(), map(_number, values), strict=True))
        except InvalidOperation as error:
            raise ValueError(f"the points of {owner!r} are not numbers: {', '.join(values)}") from error
        yield snapshot.row(owner, subledger, known)


def in_chunks(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the rows in lists of at most a thousand."""
    source = iter(rows)
    while chunk := list(islice(source, ROWS_PER_CHUNK)):
        yield chunk


def _number(text: str) -> Decimal | None:
    number = Decimal(text) if text else None
    if number is not None and not number.is_finite():
        raise InvalidOperation(text)
    return number
