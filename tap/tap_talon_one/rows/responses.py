"""The structure of the responses that are read, and rows of responses that hold several kinds of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_talon_one.rows.splicing import encode, joined, object_bytes, with_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

RawMap = dict[str, msgspec.Raw]
NULL = msgspec.Raw(b"null")
NEVER_FILLED = frozenset({"expiredBalance", "spentBalance"})  # documented as always 0, which is not the balance


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


class Loyalty(msgspec.Struct):
    """The loyalty programs of a profile."""

    programs: dict[str, _Ledgers] | None = None


class _Inventory(msgspec.Struct):
    profile: msgspec.Raw = NULL
    loyalty: Loyalty | None = None
    coupons: list[msgspec.Raw] | None = None
    referrals: list[msgspec.Raw] | None = None
    giveaways: list[msgspec.Raw] | None = None


class _Session(msgspec.Struct, rename="camel"):
    customer_session: msgspec.Raw = NULL


class _List(msgspec.Struct):
    data: list[msgspec.Raw]


class _Owner(msgspec.Struct, rename="camel"):
    integration_id: str


_decode_card = msgspec.json.Decoder(RawMap).decode
_decode_ledger = msgspec.json.Decoder(RawMap | None).decode
_decode_ledgers = msgspec.json.Decoder(dict[str, RawMap] | None).decode
decode_owner = msgspec.json.Decoder(_Owner).decode
decode_balances = msgspec.json.Decoder(_Balances).decode
decode_inventory = msgspec.json.Decoder(_Inventory).decode
decode_session = msgspec.json.Decoder(_Session).decode
decode_list = msgspec.json.Decoder(_List).decode


def memberships(loyalty: Loyalty, owner: bytes) -> Iterator[bytes]:
    """Yield a row for each program and ledger of a profile.

    Args:
        owner: the field of the profile, see ``joined``.
    """
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
            yield with_fields(encode(_with_nulls(ledger)), owner + joined(fields))


def present(raw: msgspec.Raw) -> list[bytes]:
    """Return the object as the only row, or no row for null."""
    return [] if raw == NULL else [object_bytes(raw)]


def card_without_zeros(raw: msgspec.Raw) -> bytes:
    """Return a card with null for spent and expired points, which the API always sends as 0."""
    card = _decode_card(raw)
    fields: dict[str, Any] = {**card}
    if "ledger" in card:
        ledger = _decode_ledger(card["ledger"])
        fields["ledger"] = None if ledger is None else _with_nulls(ledger)
    if "subledgers" in card:
        subledgers = _decode_ledgers(card["subledgers"]) or {}
        fields["subledgers"] = {name: _with_nulls(ledger) for name, ledger in subledgers.items()}
    return encode(fields)


def _with_nulls(ledger: RawMap) -> dict[str, Any]:
    return {**ledger, **dict.fromkeys(NEVER_FILLED & ledger.keys())}
