"""Referral codes for one advocate or up to 1000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems, row_problems, rows_to_apply
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Problem, invalid
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import Account, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = ("startDate", "expiryDate", "friendProfileIntegrationId", "attributes")
COLUMNS = "id, created, campaign, advocate, code, usage_limit, body"
_LETTERS = tuple("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
_PATTERN = "REF-########"


@handles(endpoints.CREATE_REFERRAL)
def create_referral(call: Call) -> Answer:
    """Create a code for one existing advocate."""
    advocate = call.body["advocateProfileIntegrationId"]
    problems = _common_problems(call)
    if profiles.find(call.account, advocate) is None:
        problems.append(Problem("Unknown", f"profile {advocate!r} not found", "/advocateProfileIntegrationId"))
    raise_problems(call, problems)
    return ok(_create(call, [advocate])[0], 201)


@handles(endpoints.CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES)
def create_referrals_for_multiple_advocates(call: Call) -> Answer:
    """Create a code for each existing advocate. Answer 204 without the codes unless ``silent=no``."""
    raise_problems(call, _common_problems(call))
    names = call.body["advocateProfileIntegrationIds"]
    ids = profiles.ids_of(call.account, [name for index, name in enumerate(names) if index not in call.bad])
    bad = {index: name for index, name in enumerate(names) if index not in call.bad and name not in ids}
    made = _create(call, rows_to_apply(call, names, bad.keys() | call.bad.keys()))
    problems = [
        Problem("Unknown", f"profile {name!r} not found", f"/advocateProfileIntegrationIds/{index}")
        for index, name in bad.items()
    ]
    raise_problems(call, [*row_problems(call), *problems], keep=True)
    if call.query["silent"] == "yes":
        return no_content()
    return ok({"totalResultSize": len(made), "data": made}, 201)


def _common_problems(call: Call) -> list[Problem]:
    campaign = call.body["campaignId"]
    problems = list(call.account.attributes.problems("Referral", call.body.get("attributes"), "/attributes"))
    if call.account.store.row("SELECT 1 FROM campaigns WHERE id = ?", [campaign]) is None:
        problems.append(Problem("Unknown", f"campaign {campaign} not found", "/campaignId"))
    return problems


def _create(call: Call, advocates: Sequence[str]) -> list[dict[str, Any]]:
    account, body = call.account, call.body
    kept = json_text.encode_text({name: body[name] for name in _KEPT if name in body})
    first = int(account.store.scalar("SELECT coalesce(max(id), 0) FROM referrals")) + 1
    made = []
    for number, advocate in enumerate(advocates, first):
        code = numbered_code(body.get("referralPattern") or _PATTERN, body.get("validCharacters") or _LETTERS, number)
        if account.store.row("SELECT 1 FROM referrals WHERE code = ?", [code]) is not None:
            raise invalid("Invalid pattern", f"the code {code!r} exists; use more # signs", pointer="/referralPattern")
        row = account.store.insert(
            "referrals",
            id=number,
            created=account.now(),
            campaign=body["campaignId"],
            advocate=advocate,
            code=code,
            usage_limit=body.get("usageLimit", 0),
            body=kept,
        )
        made.append(describe(_row(account, row)))
    return made


def numbered_code(pattern: str, letters: Sequence[str], number: int) -> str:
    """Return the pattern with the digits of a number in place of each #, so that the codes of a pattern are unique."""
    code = ""
    for sign in reversed(pattern):
        if sign == "#":
            number, digit = divmod(number, len(letters))
            sign = letters[digit]  # noqa: PLW2901 - the sign is replaced on purpose
        code = sign + code
    return code


def _row(account: Account, referral: int) -> tuple[Any, ...]:
    row = account.store.row(f"SELECT {COLUMNS} FROM referrals WHERE id = ?", [referral])  # noqa: S608 - constant
    assert row is not None
    return row


def of_advocate(account: Account, advocate: str) -> list[dict[str, Any]]:
    """Return the referrals of a profile, as InventoryReferral."""
    rows = account.store.rows(f"SELECT {COLUMNS} FROM referrals WHERE advocate = ? ORDER BY id", [advocate])  # noqa: S608
    return [{**describe(row), "referredCustomers": []} for row in rows]


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the JSON object Referral."""
    referral, created, campaign, advocate, code, usage_limit, body = row
    return {
        "id": referral,
        "created": stamp(created),
        "campaignId": campaign,
        "advocateProfileIntegrationId": advocate,
        "code": code,
        "usageCounter": 0,
        "usageLimit": usage_limit,
        **json_text.decode(body),
    }
