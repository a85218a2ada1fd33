"""Finds imported points in the ledger of a loyalty program.

Every import has an id, which its answer and its ledger rows carry. An import whose answer has come, or that was found
here before, is known. Rows of other imports are either those whose answer was lost, or somebody else's: an import is
ours if each of its rows, by owner, subledger and amount, is one of the rows that are looked for. Rows that are equal in
these are interchangeable.

https://docs.talon.one/management-api#operation/getLoyaltyProgramTransactions
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal  # noqa: TC003 - msgspec reads it
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from talon_one_client import endpoints as ep
from target_talon_one.errors import LookupImpossibleError
from target_talon_one.mapping.canonical import number
from target_talon_one.sinks.sink_type import Arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from talon_one_client.client import TalonOneClient
    from target_talon_one.sinks.sink_type import Evidence

CONTENT = ("cardIdentifier", "customerProfileId", "subledgerId", "amount")


class _Entry(msgspec.Struct, rename="camel"):
    amount: Decimal
    subledger_id: str = ""
    card_identifier: str | None = None
    customer_profile_id: str | None = None
    import_id: int | None = None


class _Row(msgspec.Struct, rename="camel"):
    amount: Decimal
    subledger_id: str | None = None
    card_identifier: str | None = None
    customer_profile_id: str | None = None


class _Content(NamedTuple):
    owner: str | None
    subledger: str
    amount: Decimal


_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_row = msgspec.json.Decoder(_Row).decode


def find_points(
    client: TalonOneClient,
    target: Mapping[str, Any],
    rows: Mapping[str, bytes],
    evidence: Evidence,
    check: Callable[[], None],
) -> Arrived:
    """Return the rows that are in the ledger of the target's program, see ``Lookup``."""
    program = target["loyalty_program_id"]
    card_based = bool(client.get_loyalty_program(program).get("cardBased"))
    wanted = defaultdict[_Content, list[str]](list)
    for key in sorted(rows):
        wanted[_content_of_row(_decode_row(rows[key]), card_based=card_based)].append(key)
    keys, imports = set[str](), set[int]()
    for import_id, entries in _unknown_imports(client, program, evidence, check):
        counts = Counter(_content(entry) for entry in entries)
        if all(count <= len(wanted.get(content, ())) for content, count in counts.items()):
            keys.update(wanted[content].pop() for content in counts.elements())
            imports.add(import_id)
    return Arrived(keys, imports)


def list_points(
    client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
) -> Iterator[tuple[list[str], Sequence[Mapping[str, Any]]]]:
    """Yield the fields of all imported points of the target's program, which have no keys."""
    for page in _entries(client, target["loyalty_program_id"], None, check):
        yield [""] * len(page), [_fields(entry) for entry in page]


def _unknown_imports(
    client: TalonOneClient, program: int, evidence: Evidence, check: Callable[[], None]
) -> list[tuple[int, list[_Entry]]]:
    """Return id and ledger rows of each import that is not known, the first import first."""
    imports = defaultdict[int, list[_Entry]](list)
    for page in _entries(client, program, evidence.since, check):
        for entry in page:
            if entry.import_id is None:
                raise LookupImpossibleError(
                    "the ledger of Talon.One does not say which import its rows come from; compare balances yourself"
                )
            if entry.import_id not in evidence.imports:
                imports[entry.import_id].append(entry)
    return sorted(imports.items())


def _entries(
    client: TalonOneClient, program: int, since: datetime | None, check: Callable[[], None]
) -> Iterator[list[_Entry]]:
    check()
    for page in client.paginate(
        ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
        path={"loyaltyProgramId": program},
        query={"loyaltyTransactionType": "import", "startDate": since},
        decode=_decode_entry,
    ):
        yield page
        check()


def _content(entry: _Entry) -> _Content:
    return _Content(entry.card_identifier or entry.customer_profile_id, entry.subledger_id, entry.amount)


def _content_of_row(row: _Row, *, card_based: bool) -> _Content:
    owner = row.card_identifier if card_based else row.customer_profile_id
    return _Content(owner, row.subledger_id or "", row.amount)


def _fields(entry: _Entry) -> dict[str, Any]:
    owner = {"cardIdentifier": entry.card_identifier, "customerProfileId": entry.customer_profile_id}
    found = {**owner, "subledgerId": entry.subledger_id or None, "amount": number(entry.amount)}
    return {name: value for name, value in found.items() if value is not None}
