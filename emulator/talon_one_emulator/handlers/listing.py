"""Common parts of the paged lists in the Management API: sorting, pages, totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.call import Answer, Call, ok
from talon_one_emulator.api.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def ordering(sort: str | None, columns: Mapping[str, str], default: str) -> str:
    """Return ORDER BY for a parameter ``sort``: names separated by commas, with a leading '-' for descending order.

    Raises:
        ApiError: 400, for a name that cannot be sorted by.
    """
    if not sort:
        return default
    terms = []
    for term in sort.split(","):
        column = columns.get(term.removeprefix("-"))
        if column is None:
            why = f"sort: cannot sort by {term}; known names: {', '.join(columns)}"
            raise invalid("Invalid parameter", why, parameter="sort")
        terms.append(f"{column} DESC" if term.startswith("-") else column)
    return ", ".join([*terms, default])


def window(
    call: Call, table: str, where: str, args: Sequence[Any], *, order: str, columns: str = "*"
) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the rows of the requested page, and whether more follow."""
    size = call.query["pageSize"]
    rows = call.account.store.rows(
        f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - constants
        [*args, size + 1, call.query["skip"]],
    )
    return rows[:size], len(rows) > size


def count(call: Call, table: str, where: str, args: Sequence[Any]) -> int:
    """Return the number of rows that match."""
    return int(call.account.store.scalar(f"SELECT count(*) FROM {table} WHERE {where}", args))  # noqa: S608 - constants


def with_optional_total(call: Call, data: Any, more: bool, total: Callable[[], int]) -> Answer:
    """Return the answer of a list with parameter ``withTotalResultSize``.

    In era ``current``, true returns totalResultSize and false hasMore. Era ``seed`` documents the reverse, and returns
    the other field as 0 or false.
    """
    wanted = bool(call.query.get("withTotalResultSize"))
    if call.account.current:
        return ok({"totalResultSize": total(), "data": data} if wanted else {"hasMore": more, "data": data})
    if wanted:
        return ok({"hasMore": more, "totalResultSize": 0, "data": data})
    return ok({"hasMore": False, "totalResultSize": total(), "data": data})
