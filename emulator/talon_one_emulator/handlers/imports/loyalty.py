"""Imports of points, cards, tiers and join dates. Points add; tiers and join dates replace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles
from talon_one_emulator.api.errors import ApiError
from talon_one_emulator.domain import profiles, timestamps
from talon_one_emulator.domain.loyalty import programs, transactions
from talon_one_emulator.handlers.imports import upload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_emulator.domain.loyalty.programs import Program
    from talon_one_emulator.handlers.imports.upload import Line

_CARDS = "SELECT identifier, id FROM cards WHERE program = {} AND identifier IN"
_IDENTIFIER = re.compile(r"[A-Za-z0-9._%+@-]{4,108}")
_STATES = ("active", "inactive")
_LONGEST_ID = 1000


@handles(endpoints.IMPORT_LOYALTY_POINTS)
def import_loyalty_points(call: Call) -> Answer:
    """Add points to cards, or to profiles: a missing profile is created, and is not visible until it is written."""
    account, program = call.account, programs.get_program(call)
    owner = "identifier" if program.card_based else "customerprofileid"
    other = "customerprofileid" if program.card_based else "identifier"
    lines = upload.read(call, (owner, "amount"), (other, "startdate", "expirydate", "subledgerid", "reason"))
    names = [line.values[owner] for line in lines]
    cards = upload.ids_by_name(call, _CARDS.format(program.id), names) if program.card_based else {}

    def check(line: Line) -> str | None:
        name = line.values[owner]
        if not 0 < len(name) <= _LONGEST_ID:
            return f"{owner}: it is empty, or longer than {_LONGEST_ID} characters"
        if program.card_based and name not in cards:
            return f"identifier: there is no card {name!r}"
        return _points_problem(line)

    def write(good: Sequence[Line], number: int) -> None:
        ids = cards or _made(call, [line.values[owner] for line in good])
        transactions.insert(account.store, (row(line, ids[line.values[owner]], number) for line in good))

    def row(line: Line, owner_id: int, number: int) -> transactions.NewRow:
        return transactions.NewRow(
            program=program.id,
            owner=line.values[owner],
            type="addition",
            amount=line.values["amount"].strip(),
            created=account.now(),
            name=line.values["reason"],
            start=line.values["startdate"] or "immediate",
            expiry=line.values["expirydate"] or "unlimited",
            subledger=line.values["subledgerid"],
            kind="import",
            import_id=number,
            card=owner_id if program.card_based else None,
            profile=None if program.card_based else owner_id,
        )

    return upload.imported(call, "LoyaltyLedger", lines, check, write)


def _points_problem(line: Line) -> str | None:
    return upload.first(
        (
            upload.amount_problem(line.values["amount"]),
            upload.instant_problem("startdate", line.values["startdate"], ("immediate",)),
            upload.instant_problem("expirydate", line.values["expirydate"], ("unlimited",)),
        )
    )


def _made(call: Call, names: Sequence[str]) -> dict[str, int]:
    """Return the ids of profiles, of which those that are missing are created."""
    found: dict[str, int] = {}
    for start in range(0, len(names), upload.NAMES_PER_QUERY):
        some = names[start : start + upload.NAMES_PER_QUERY]
        found |= profiles.ensure(call.account, some, visible=not call.account.current)
    return found


@handles(endpoints.IMPORT_LOYALTY_CARDS)
def import_loyalty_cards(call: Call) -> Answer:
    """Create cards, linked to existing profiles up to the limit of the program. A card that exists is refused."""
    account, program = call.account, programs.get_program(call)
    if not program.card_based:
        raise ApiError(400, [], "This loyalty program is profile-based: it has no cards")
    lines = upload.read(call, ("identifier", "state"), ("customerprofileids", "attributes"))
    most = call.endpoint.max_items
    if most is not None and len(lines) > most:
        raise ApiError(400, [], f"{len(lines)} rows; a file takes at most {most}")
    known_profiles = upload.profile_ids(call, [name for line in lines for name in _profiles(line)])

    def write(good: Sequence[Line], number: int) -> None:
        now = account.now()
        for line in good:
            card = account.store.insert(
                "cards",
                program=program.id,
                identifier=line.values["identifier"],
                created=now,
                modified=now,
                status=line.values["state"],
                batch=f"import-{number}",
                attributes=line.values["attributes"] or "{}",
            )
            for name in _profiles(line):
                account.store.insert("card_profiles", card=card, profile=known_profiles[name], linked=now)

    return upload.imported(call, "LoyaltyCard", lines, _card_check(call, program, lines, known_profiles), write)


def _card_check(
    call: Call, program: Program, lines: Sequence[Line], known_profiles: Mapping[str, int]
) -> Callable[[Line], str | None]:
    taken = set(upload.ids_by_name(call, _CARDS.format(program.id), [line.values["identifier"] for line in lines]))
    limit = program.users_per_card

    def check(line: Line) -> str | None:
        code, names = line.values["identifier"], _profiles(line)
        is_taken = code in taken
        taken.add(code)
        if not _IDENTIFIER.fullmatch(code):
            return f"identifier: {code!r} is not 4 to 108 letters, digits and ._%+@-"
        if is_taken:
            return f"identifier: there is a card {code!r} already"
        if line.values["state"] not in _STATES:
            return f"state: must be {' or '.join(_STATES)}"
        unknown = [name for name in names if name not in known_profiles]
        if unknown:
            return f"customerprofileids: profile {unknown[0]!r} not found"
        if limit and len(names) > limit:
            return f"customerprofileids: a card of this program can have {limit} profiles"
        return upload.attributes_problem(call, "LoyaltyCard", line.values["attributes"])

    return check


def _profiles(line: Line) -> list[str]:
    return list(dict.fromkeys(name for name in line.values["customerprofileids"].split(";") if name))


@handles(endpoints.IMPORT_LOYALTY_CUSTOMERS_TIERS)
def import_loyalty_customers_tiers(call: Call) -> Answer:
    """Give existing profiles a tier of the program until it expires. A repeated import replaces it."""
    account, program = call.account, _profile_based(call)
    now, names = account.now(), {tier.name for tier in program.ladder.tiers}
    lines = upload.read(call, ("customerprofileid", "tiername"), ("subledgerid", "expirydate"))

    def tier_problem(line: Line) -> str | None:
        tier, expiry = line.values["tiername"], line.values["expirydate"]
        if tier not in names:
            return f"tiername: the program has no tier {tier!r}"
        problem = upload.instant_problem("expirydate", expiry)
        if problem is None and expiry and timestamps.parse(expiry) <= now:
            return f"expirydate: {expiry} is not in the future"
        return problem

    def row(line: Line, profile: int) -> tuple[object, ...]:
        expiry = line.values["expirydate"]
        expires = timestamps.parse(expiry) if expiry else timestamps.LAST
        return (program.id, profile, line.values["subledgerid"], line.values["tiername"], now, expires)

    return _of_profiles(call, "LoyaltyTier", lines, tier_problem, table="profile_tiers", row=row)


@handles(endpoints.IMPORT_LOYALTY_JOIN_DATES)
def import_loyalty_join_dates(call: Call) -> Answer:
    """Set the join dates of existing profiles, which become members. A repeated import replaces them."""
    program = _profile_based(call)
    lines = upload.read(call, ("customerprofileid", "newjoindate"))

    def date_problem(line: Line) -> str | None:
        given = line.values["newjoindate"]
        return upload.instant_problem("newjoindate", given) if given else "newjoindate: it is empty"

    def row(line: Line, profile: int) -> tuple[object, ...]:
        return (program.id, profile, timestamps.parse(line.values["newjoindate"]))

    return _of_profiles(call, "LoyaltyProgramMember", lines, date_problem, table="program_members", row=row)


def _profile_based(call: Call) -> Program:
    program = programs.get_program(call)
    if program.card_based:
        raise ApiError(400, [], "This loyalty program is card-based: import cards instead")
    return program


def _of_profiles(
    call: Call,
    entity: str,
    lines: Sequence[Line],
    problem: Callable[[Line], str | None],
    *,
    table: str,
    row: Callable[[Line, int], tuple[object, ...]],
) -> Answer:
    """Import lines about profiles, which must exist, as rows of a table."""
    known_profiles = upload.profile_ids(call, [line.values["customerprofileid"] for line in lines])

    def check(line: Line) -> str | None:
        name = line.values["customerprofileid"]
        return problem(line) if name in known_profiles else f"customerprofileid: profile {name!r} not found"

    def write(good: Sequence[Line], _: int) -> None:
        rows = [row(line, known_profiles[line.values["customerprofileid"]]) for line in good]
        for values in rows:
            marks = ", ".join("?" * len(values))
            call.account.store.db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)  # noqa: S608

    return upload.imported(call, entity, lines, check, write)
