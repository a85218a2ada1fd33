"""The check of CSV exports that no list contains row by row: their rows are requested a second time in other parts.

A gateway that ends a file at the end of a line ends the export of a shorter time elsewhere, so that the parts have
rows which the whole lacks. Of effects and sessions the newest are compared with a list, too.
"""

from __future__ import annotations

import logging
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import nlargest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client.errors import PermissionDeniedError, UnexpectedResponseError
from talon_one_client.paging.windows import MICRO, SECOND_US, Window, from_us, to_us
from tap_talon_one.errors import IncompleteExport
from tap_talon_one.rows.export_columns import LAYOUTS
from tap_talon_one.rows.exports import EVER, ExportedRows, export_query, limited_query
from tap_talon_one.strategies.row_keys import RowKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.rows.export_columns import ExportLayout

log = logging.getLogger("tap_talon_one")

LISTED_US = timedelta(days=28) // MICRO  # older rows may be archived, and then are in a list or an export only
NEWEST = 500  # rows of an export that are compared with one page of a list

_Export = TypeVar("_Export")
_Row = TypeVar("_Row")


class _Event(msgspec.Struct):
    id: int
    created: str
    effects: list[msgspec.Raw]

    def exported_keys(self) -> list[Hashable]:
        return [(self.id,)] * len(self.effects)


class _Session(msgspec.Struct, rename="camel"):
    integration_id: str
    created: str

    def exported_keys(self) -> list[Hashable]:
        return [(self.integration_id,)]


class _RecentList(NamedTuple):
    """The list with which the newest rows of an export are compared, and the type of a row."""

    endpoint: Endpoint
    row: type[_Event | _Session]


_LISTS: Mapping[str, _RecentList] = {
    ep.EXPORT_EFFECTS.name: _RecentList(ep.GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT, _Event),
    ep.EXPORT_CUSTOMER_SESSIONS.name: _RecentList(ep.GET_APPLICATION_SESSIONS, _Session),
}


class CheckCalls(NamedTuple):
    """The calls that check an export.

    Attributes:
        exports: further exports.
        lists: pages of lists.
    """

    exports: int
    lists: int


def check_calls(endpoint: Endpoint) -> CheckCalls:
    """Return the number of calls that check an export which turns out to be complete, but for ``filtered`` ones."""
    layout = LAYOUTS.get(endpoint.name)
    if layout is None:  # balances, see ``ProfileBalances``
        return CheckCalls(1, 1)
    if layout.split_by is None:
        return CheckCalls(1, 0)
    listed = endpoint.name in _LISTS
    return CheckCalls(2 + (listed and layout.split_by != "created"), int(listed))


def confirmed_export(
    export: Callable[[], _Export],
    keys: Callable[[_Export], RowKeys],
    probes: Callable[[_Export], Sequence[Callable[[], RowKeys]]],
    advice: str,
) -> _Export:
    """Return an export that has all rows which its probes find.

    Rows may come and go meanwhile: a row is missing only if it was found before the second export, is found again
    after it, and is not in it.

    Args:
        export: requests the export.
        keys: returns the keys of its rows.
        probes: return, for an export, functions that request the same rows in other ways, and return their keys.
        advice: what to do about a truncated export.

    Raises:
        IncompleteExport: the second export lacks rows, too.
        TalonOneError: see talon_one_client.errors.
    """
    found = export()
    known, ways = keys(found), probes(found)
    seen = [probe() for probe in ways]
    if not any(each.without(known) for each in seen):
        return found
    log.info("the CSV export lacks rows that were found in another way; exporting again")
    found = export()
    known = keys(found)
    lacking = [each.without(known) for each in seen]
    rows = max(
        (sum((first & probe().without(known)).values()) for first, probe in zip(lacking, ways, strict=True) if first),
        default=0,
    )
    if rows:
        raise IncompleteExport(
            f"the CSV export lacks {rows:,} or more rows that Talon.One has, twice in a row, so the export is "
            f"truncated and none of its rows is used. {advice}"
        )
    return found


@dataclass
class ProbedExport:
    """A CSV export of a window, or of all rows.

    Attributes:
        path: path parameters.
        key: fields of an exported row that identify it, but for its position among others with the same values.
        window: of the field that bounds the export.
    """

    client: TalonOneClient
    endpoint: Endpoint
    path: Mapping[str, str | int]
    layout: ExportLayout
    key: tuple[str, ...]
    window: Window
    _list: _RecentList | None = field(init=False)

    def __post_init__(self) -> None:
        self._list = _LISTS.get(self.endpoint.name)
        if self.layout.bounded is None:
            self.window = EVER

    def whole(self) -> ExportedRows:
        """Return the export; makes one call.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        return self._export(export_query(self.layout, self.window))

    def checked(self, advice: str) -> ExportedRows:
        """Return the export once it has the rows of its probes, see ``confirmed_export`` and ``check_calls``.

        Raises:
            IncompleteExport: it lacks rows.
            ValueError: a value is not of its kind.
            TalonOneError: see talon_one_client.errors.
        """
        return confirmed_export(self.whole, self._keys, self._probes, advice)

    def _export(self, query: Mapping[str, Any]) -> ExportedRows:
        decode = partial(ExportedRows.opened, self.layout)
        found: ExportedRows | None = self.client.call(self.endpoint, path=self.path, query=query, decode=decode)
        if found is None:
            raise UnexpectedResponseError("the response is empty", operation=self.endpoint.name)
        return found

    def _keys(self, export: ExportedRows) -> RowKeys:
        return RowKeys(tuple(row[name] for name in self.key) for row in export.values(*self.key))

    def _probes(self, export: ExportedRows) -> list[Callable[[], RowKeys]]:
        by = self.layout.split_by
        if by is None:
            return [lambda: self._keys(self.whole()), *self._filtered(export)]
        instants, created = array("q"), array("q")
        for row in export.values(by, "created"):
            instants.extend(_instants(row[by], self.window))
            created.extend(_instants(row["created"], self.window))
        start_us, end_us = self.window
        recent_us = max(start_us, end_us - LISTED_US)
        middle = sorted(instants)[len(instants) // 2] if instants else start_us
        if middle == start_us:
            middle = (recent_us + end_us) // 2 if self.layout.bounded else to_us(datetime.now(UTC))
        halves = (Window(start_us, middle), Window(middle, end_us))
        probes: list[Callable[[], RowKeys]] = [partial(self._part, half) for half in halves]
        if self._list is not None:
            newest = nlargest(NEWEST, created)
            first = max(recent_us, newest[-1]) if len(newest) == NEWEST else recent_us
            probes.append(partial(self._listed, self._list, Window(first, end_us)))
        return probes

    def _filtered(self, export: ExportedRows) -> list[Callable[[], RowKeys]]:
        """Return a probe for each value that the export can be limited to; the parameter separates them by commas."""
        if self.layout.filtered is None:
            return []
        name, parameter = self.layout.filtered
        values = sorted({value for row in export.values(name) if (value := row[name]) and "," not in value})
        queries = ({**self.layout.query, parameter: [value]} for value in values)
        return [partial(lambda query: self._keys(self._export(query)), query) for query in queries]

    def _part(self, part: Window) -> RowKeys:
        by = self.layout.split_by
        assert by is not None
        rows = self._export(limited_query(self.layout, part)).values(*self.key, by)
        return RowKeys(tuple(row[name] for name in self.key) for row in rows if is_in(row[by], part))

    def _listed(self, recent: _RecentList, created: Window) -> RowKeys:
        rows = first_rows(self.client, recent.endpoint, self.path, _created_bounds(created), recent.row)
        found = [key for row in rows if is_in(row.created, created) for key in row.exported_keys()]
        moved = set(self._moved(created))
        return RowKeys(key for key in found if key not in moved)

    def _moved(self, created: Window) -> Iterator[Hashable]:
        """Yield the keys of rows that were updated after the window, so that the export need not have them."""
        by = self.layout.bounded
        if by is None or by == "created":
            return
        after = {self.layout.bounds[0]: from_us(self.window.end_us - SECOND_US)}
        later = Window(self.window.end_us, EVER.end_us)
        for row in self._export({**self.layout.query, **_created_bounds(created), **after}).values(*self.key, by):
            if is_in(row[by], later):
                yield tuple(row[name] for name in self.key)


def _created_bounds(window: Window) -> dict[str, datetime]:
    """Return bounds that are a second wider, as they may be exclusive, or without fractions."""
    return {
        "createdAfter": from_us(window.start_us - SECOND_US),
        "createdBefore": from_us(window.end_us + SECOND_US),
    }


def is_in(text: str | None, window: Window) -> bool:
    """Return whether a text is an instant in a window."""
    return bool(list(_instants(text, window)))


def _instants(text: str | None, window: Window) -> Iterator[int]:
    """Yield the instant of a text if it lies in a window; a row whose text is none is not compared."""
    try:
        instant = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return
    if instant.tzinfo and window.start_us <= to_us(instant) < window.end_us:
        yield to_us(instant)


def first_rows(
    client: TalonOneClient, endpoint: Endpoint, path: Mapping[str, str | int], query: Mapping[str, Any], row: type[_Row]
) -> list[_Row]:
    """Return the rows of the first page of a list, or none, with a warning, if the key may not read it.

    Raises:
        TalonOneError: see talon_one_client.errors.
    """
    pages = client.paginate(endpoint, path=path, query=query, decode=msgspec.json.Decoder(row).decode)
    try:
        return next(pages, [])
    except PermissionDeniedError as error:
        log.warning("the export is not compared with the list %s: %s", endpoint.name, error)
        return []
