"""Uploaded CSV files: their columns and lines, what happens to lines at fault, and the answer Import.

An error names its line, the heading being line 1. The vendor does not document what happens to the other lines of a
file: the switch ``batch`` decides.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.api.batches import raise_problems
from talon_one_emulator.api.call import Answer, Call, ok
from talon_one_emulator.api.errors import ApiError, Problem, invalid
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import ACCOUNT_ID, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NAMES_PER_QUERY = 10_000


class Line(NamedTuple):
    """A line of a file: its number, and its values by column; "" where the file has none."""

    number: int
    values: Mapping[str, str]


def read(call: Call, required: Sequence[str], optional: Sequence[str] = ()) -> list[Line]:
    """Return the lines of the uploaded file. Raise ApiError 400 if it is no CSV, or has other columns."""
    try:
        reader = csv.reader(io.StringIO(call.upload.decode("utf-8-sig"), newline=""), strict=True)
        heading = next(reader, [])
        _check_heading(heading, required, optional)
        lines = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise invalid("Invalid file", f"the upload is not a CSV file in UTF-8: {error}") from error
    wrong = [number for number, row in lines if len(row) != len(heading)]
    if wrong:
        raise ApiError(400, [Problem("Invalid file", f"a line must have {len(heading)} values", line=wrong[0])])
    absent = dict.fromkeys((*required, *optional), "")
    return [Line(number, absent | dict(zip(heading, row, strict=True))) for number, row in lines]


def _check_heading(heading: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in required if name not in heading]
    if missing:
        raise invalid("Invalid file", f"the upload has no column {missing[0]}")
    unknown = [name for name in heading if name not in (*required, *optional)]
    if unknown or len(set(heading)) != len(heading):
        known = ", ".join((*required, *optional))
        raise invalid("Invalid file", f"the columns must be among {known}, each once; got {', '.join(heading)}")


def imported(
    call: Call,
    entity: str,
    lines: Sequence[Line],
    check: Callable[[Line], str | None],
    write: Callable[[Sequence[Line], int], None],
) -> Answer:
    """Write the lines and return an Import, or raise ApiError 400 for those at fault.

    Args:
        call: of the import.
        entity: what the lines become.
        lines: of the file.
        check: returns what is wrong with a line, or None.
        write: writes lines; also gets the id of the import.
    """
    reasons = {line.number: why for line in lines if (why := check(line)) is not None}
    if reasons and call.account.switches.batch == "all_or_nothing":
        lines = []
    good, now = [line for line in lines if line.number not in reasons], call.account.now()
    number = call.account.store.insert("imports", created=now, entity=entity, amount=len(good))
    write(good, number)
    problems = [Problem("Invalid line", why, line=number) for number, why in reasons.items()]
    raise_problems(call, problems, keep=True)
    about = {"id": number, "created": stamp(now), "accountId": ACCOUNT_ID, "userId": 1}
    return ok({**about, "entity": entity, "amount": len(good)})


def ids_by_name(call: Call, statement: str, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of existing names; ``statement`` selects (name, id), and ends before the list of names."""
    wanted, found = list(dict.fromkeys(names)), dict[str, int]()
    for start in range(0, len(wanted), NAMES_PER_QUERY):
        some = wanted[start : start + NAMES_PER_QUERY]
        found |= dict(call.account.store.rows(f"{statement} ({', '.join('?' * len(some))})", some))
    return found


def profile_ids(call: Call, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of the profiles that exist, by integration id."""
    return ids_by_name(call, "SELECT integration_id, id FROM profiles WHERE integration_id IN", names)


def amount_problem(text: str) -> str | None:
    """Return what is wrong with an amount of points; it must be above 0."""
    try:
        value = json_text.decode(json_text.number(text))
    except ValueError:
        return f"amount: {text!r} is not a number"
    if isinstance(value, bool) or value <= 0:
        return f"amount: {text} is not above 0"
    return None


def instant_problem(column: str, text: str, words: Sequence[str] = ()) -> str | None:
    """Return what is wrong with an instant in a column; None for an empty one, and for one of the words."""
    if text in ("", *words):
        return None
    try:
        timestamps.parse(text)
    except ValueError as error:
        return f"{column}: {error}"
    return None


def attributes_problem(call: Call, entity: str, text: str) -> str | None:
    """Return what is wrong with a JSON object of attributes."""
    if not text:
        return None
    try:
        given = json_text.decode(text)
    except ValueError as error:
        return f"attributes: {error}"
    if not isinstance(given, dict):
        return "attributes: not a JSON object"
    found = next(call.account.attributes.problems(entity, given, ""), None)
    return None if found is None else f"attributes{found.pointer}: {found.details}"


def limit_problem(column: str, text: str, highest: int = 999_999) -> str | None:
    """Return what is wrong with a limit, which is a whole number; None for an empty one."""
    if text and not (text.isascii() and text.isdecimal() and int(text) <= highest):
        return f"{column}: {text!r} is not a whole number from 0 to {highest}"
    return None


def first(problems: Iterable[str | None]) -> str | None:
    """Return the first problem, or None."""
    return next((each for each in problems if each is not None), None)
