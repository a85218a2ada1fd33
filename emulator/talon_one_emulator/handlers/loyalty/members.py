"""Members of programs in the Integration API: joining, and cards that are generated, linked and unlinked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import ApiError, invalid, not_found
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.loyalty import programs
from talon_one_emulator.handlers.referrals import numbered_code

if TYPE_CHECKING:
    from talon_one_emulator.domain.loyalty.programs import Card, Program
    from talon_one_emulator.domain.profiles import Profile

_PATTERN, _LETTERS = "CARD-########", tuple("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")


@handles(endpoints.JOIN_LOYALTY_PROGRAM)
def join_loyalty_program(call: Call) -> Answer:
    """Make a profile a member of a profile-based program. A missing profile is created; joining twice is refused."""
    account, program = call.account, programs.get_program(call)
    if program.card_based:
        raise ApiError(400, [], "This loyalty program is card-based: only cards can belong to it")
    name = call.path["integrationId"]
    profiles.write(account, {name: None})
    profile = profiles.ids_of(account, [name])[name]
    joined = account.store.db.execute(
        "INSERT OR IGNORE INTO program_members (program, profile, joined) VALUES (?, ?, ?)",
        (program.id, profile, account.now()),
    )
    if not joined.rowcount:
        raise invalid("Already joined", f"the customer profile {name!r} has joined this loyalty program already")
    return Answer(200)


@handles(endpoints.GENERATE_LOYALTY_CARD)
def generate_loyalty_card(call: Call) -> Answer:
    """Create a card, linked to existing profiles up to the limit of its program."""
    account, program, body = call.account, programs.get_program(call), call.body
    if not program.card_based:
        raise ApiError(400, [], "This loyalty program is profile-based: it has no cards")
    names = list(dict.fromkeys(body.get("customerProfileIds") or ()))
    if program.users_per_card and len(names) > program.users_per_card:
        raise _limit_reached(program, "/customerProfileIds")
    ids = profiles.ids_of(account, names)
    for index, name in enumerate(body.get("customerProfileIds") or ()):
        if name not in ids:
            raise invalid("Unknown", f"profile {name!r} not found", pointer=f"/customerProfileIds/{index}")
    now = account.now()
    card = account.store.insert(
        "cards",
        program=program.id,
        identifier=_identifier(call, program),
        created=now,
        modified=now,
        status=body.get("status", "active"),
    )
    for profile in ids.values():
        account.store.insert("card_profiles", card=card, profile=profile, linked=now)
    return _described(call, program, card)


def _identifier(call: Call, program: Program) -> str:
    """Return the identifier of a new card. Raise ApiError 400 if it exists."""
    store, given = call.account.store, call.body.get("cardIdentifier")
    number = int(store.scalar("SELECT coalesce(max(id), 0) + 1 FROM cards"))
    codes = json_text.decode(program.codes) if program.codes else {}
    code = given or numbered_code(
        codes.get("couponPattern", _PATTERN), codes.get("validCharacters") or _LETTERS, number
    )
    if store.row("SELECT 1 FROM cards WHERE program = ? AND identifier = ?", [program.id, code]) is not None:
        raise invalid("Already exists", f"there is a card {code!r} in this program", pointer="/cardIdentifier")
    return code


@handles(endpoints.LINK_LOYALTY_CARD_TO_PROFILE)
def link_loyalty_card_to_profile(call: Call) -> Answer:
    """Link a card to an existing profile, unless the card has reached the limit of its program."""
    account, card, program = call.account, programs.get_card(call), programs.get_program(call)
    profile = _profile(call)
    linked = account.store.rows("SELECT profile FROM card_profiles WHERE card = ?", [card.id])
    if (profile.id,) not in linked:
        if program.users_per_card and len(linked) >= program.users_per_card:
            raise _limit_reached(program)
        account.store.insert("card_profiles", card=card.id, profile=profile.id, linked=account.now())
        _touch(call, card)
    return _described(call, program, card.id)


@handles(endpoints.UNLINK_LOYALTY_CARD_FROM_PROFILE)
def unlink_loyalty_card_from_profile(call: Call) -> Answer:
    """Remove the link of a card to a profile. Without such a link, the switch ``repeated_unlink`` decides."""
    card, profile = programs.get_card(call), _profile(call)
    gone = call.account.store.db.execute(
        "DELETE FROM card_profiles WHERE card = ? AND profile = ?", (card.id, profile.id)
    )
    if gone.rowcount:
        _touch(call, card)
    elif call.account.switches.repeated_unlink == "reject":
        raise not_found(call.endpoint, "link of this card to this profile")
    return _described(call, programs.get_program(call), card.id)


def _profile(call: Call) -> Profile:
    profile = profiles.find(call.account, call.body["integrationId"])
    if profile is None:
        raise not_found(call.endpoint, "customer profile")
    return profile


def _touch(call: Call, card: Card) -> None:
    call.account.store.db.execute("UPDATE cards SET modified = ? WHERE id = ?", (call.account.now(), card.id))


def _limit_reached(program: Program, pointer: str | None = None) -> ApiError:
    return invalid(
        "Limit reached", f"a card of this program can have {program.users_per_card} profiles", pointer=pointer
    )


def _described(call: Call, program: Program, card: int) -> Answer:
    row = call.account.store.row("SELECT * FROM cards WHERE id = ?", [card])
    assert row is not None
    return ok(programs.describe_cards(call.account, program, [programs.Card(*row)])[0])
