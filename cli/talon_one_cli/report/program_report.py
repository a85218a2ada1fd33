"""The report of loyalty programs, from the reporting views: issued, spent, expired, liability, cohorts, balances."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_cli.report.charts import Series, bars, short
from talon_one_cli.report.page import Html, folded, heading, page, paragraph, table, tiles
from talon_one_singer import ConfigError
from talon_one_singer.reporting.amounts import grouped_amount
from talon_one_singer.version import VERSION
from talon_one_storage.sql_names import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_warehouse import Warehouse

_VIEWS = ("points_by_month", "points_lots", "points_ledger", "liability_by_expiry_month")
_MONTH = "CAST(DATE_TRUNC('month', CAST(CAST(created AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE)"
_MONTHS, _COHORTS, _AGES, _BUCKETS = 36, 24, 12, 20
# The lots know what covers a subtraction, the ledger what it took: the difference is debt.
_TOTALS = (
    "SELECT program_id, sum(issued), sum(taken), sum(taken) - sum(covered), sum(expired), sum(active), sum(pending), "
    "count(DISTINCT holder) FROM ("
    "SELECT program_id, amount AS issued, 0 AS taken, spent_points AS covered, expired_points AS expired, "
    "active_points AS active, pending_points AS pending, "
    "CASE WHEN active_points > 0 THEN owner_kind || owner END AS holder FROM {points_lots} "
    "UNION ALL SELECT program_id, 0, amount, 0, 0, 0, 0, NULL FROM {points_ledger} WHERE NOT is_addition"
    ") AS amounts GROUP BY 1"
)
Rows = list[tuple[Any, ...]]


class ProgramData:
    """The figures of a report, by loyalty program.

    Args:
        warehouse: DuckDB or PostgreSQL with the reporting views.
        schema: their schema.

    Raises:
        ConfigError: a view is missing.
    """

    def __init__(self, warehouse: Warehouse, schema: str) -> None:
        self._warehouse, self._schema = warehouse, schema
        self._check_views()
        self.totals = self._by_program(_TOTALS)
        self.months = self._by_program(
            "SELECT program_id, month, sum(issued_points), sum(spent_points), sum(expired_points) "
            "FROM {points_by_month} GROUP BY 1, 2 ORDER BY 1, 2"
        )
        self.liability = self._by_program(
            "SELECT program_id, expiry_month, sum(active_points), sum(pending_points) "
            "FROM {liability_by_expiry_month} GROUP BY 1, 2 ORDER BY 1, 2"
        )
        self.cohorts = self._by_program(
            f"WITH seen AS (SELECT DISTINCT program_id, owner_kind, owner, {_MONTH} AS month FROM {{points_ledger}}), "
            "begun AS (SELECT program_id, owner_kind, owner, min(month) AS first FROM seen GROUP BY 1, 2, 3) "
            "SELECT b.program_id, b.first, s.month, count(*) FROM begun b JOIN seen s ON s.program_id = b.program_id "
            "AND s.owner_kind = b.owner_kind AND s.owner = b.owner GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        self.balances = {program: self._balances(program) for program in self.totals}

    def _check_views(self) -> None:
        rows = self._warehouse.query(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = {literal(self._schema)}"
        )
        missing = [name for name in _VIEWS if (name,) not in {tuple(row) for row in rows}]
        if missing:
            raise ConfigError(
                f"the schema {self._schema} has no view {', '.join(missing)}; create the views with talon-one models"
            )

    def _query(self, sql: str) -> Rows:
        return list(self._warehouse.query(sql.format(**{name: quoted(self._schema, name) for name in _VIEWS})))

    def _by_program(self, sql: str) -> dict[int, Rows]:
        found: dict[int, Rows] = defaultdict(list)
        for program, *values in self._query(sql):
            found[program].append(tuple(values))
        return dict(sorted(found.items()))

    def _balances(self, program: int) -> tuple[float, Rows]:
        """Return the width of a bucket of balances, and for each bucket that is not empty how many members it has."""
        members = (
            "(SELECT owner_kind, owner, CAST(sum(active_points) AS DOUBLE PRECISION) AS points FROM {points_lots} "
            f"WHERE program_id = {int(program)} GROUP BY 1, 2) AS members WHERE points > 0"
        )
        ((most,),) = self._query(f"SELECT max(points) FROM {members}")
        width = (most or 0) / _BUCKETS or 1.0
        bucket = f"CAST(LEAST(FLOOR(points / {width!r}), {_BUCKETS - 1}) AS INTEGER)"
        return width, self._query(f"SELECT {bucket}, count(*) FROM {members} GROUP BY 1 ORDER BY 1")


def program_page(data: ProgramData) -> str:
    """Return the report as HTML."""
    about = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, from the views of talon-one models, talon-one-connector {VERSION}"
    parts = [part for program in data.totals for part in _program(program, data)]
    return page("Loyalty points", about, parts or [paragraph("There are no points yet.", kind="soft")])


def _program(program: int, data: ProgramData) -> Iterable[Html]:
    ((issued, spent, debt, expired, active, pending, holders),) = data.totals[program]
    share = f"{expired / issued:.1%}" if issued else "0%"
    yield heading(f"Program {program}")
    into_debt = {"spent into debt": debt} if debt else {}
    figures = {
        "issued": issued,
        "spent": spent,
        **into_debt,
        "expired": expired,
        "owed now": active,
        "not started": pending,
    }
    found = [(f"points {name}", _amount(Decimal(value))) for name, value in figures.items()]
    yield tiles([*found, ("breakage", share), ("members with points", f"{holders:,}")])
    yield from _months(data.months.get(program, []))
    yield from _liability(data.liability.get(program, []))
    yield from _cohorts(data.cohorts.get(program, []))
    yield from _distribution(*data.balances[program])


def _months(rows: Rows) -> Iterable[Html]:
    every = _every_month(rows)
    shown, cut = every[-_MONTHS:], every[:-_MONTHS]
    if cut:
        yield from _flows("year", _by_year(every), [])
    earlier = [("earlier", *(sum(row[number] for row in cut) for number in (1, 2, 3)))] * bool(cut)
    yield from _flows("month", [(_month(row[0]), *row[1:]) for row in shown], earlier)


def _flows(period: str, rows: Rows, before: Rows) -> Iterable[Html]:
    """Yield a chart of the points of each period, and the table of it, which begins with the rows before."""
    names = ("issued", "spent", "expired")
    series = [Series(name, [float(row[number]) for row in rows]) for number, name in enumerate(names, 1)]
    yield heading(f"Points by {period}", level=3)
    yield bars([row[0] for row in rows], series, about=f"Points issued, spent and expired in each {period}")
    cells = [(row[0], *map(_amount, row[1:])) for row in [*before, *rows]]
    yield folded("as a table", table((period,), names, cells))


def _by_year(months: Rows) -> Rows:
    years = sorted({row[0].year for row in months})
    return [
        (str(year), *(sum(row[number] for row in months if row[0].year == year) for number in (1, 2, 3)))
        for year in years
    ]


def _liability(rows: Rows) -> Iterable[Html]:
    shown = [row for row in rows if row[1] or row[2]]
    dated = _every_month([row for row in shown if row[0] is not None])
    cut = dated[_MONTHS:]
    last = [row for row in shown if row[0] is None]
    kept = dated[:_MONTHS] + [("later", sum(row[1] for row in cut), sum(row[2] for row in cut))] * bool(cut)
    labels = [_month(row[0]) for row in kept] + ["no expiry"] * bool(last)
    kept += last
    if not kept:
        return
    yield heading("Points owed, by month of expiry", level=3)
    active, pending = ([float(row[number]) for row in kept] for number in (1, 2))
    series = [Series("active", active), Series("not started", pending)]
    yield bars(labels, series, about="Points owed, by the month in which they expire", stacked=True)
    cells = [(label, *map(_amount, row[1:])) for label, row in zip(labels, kept, strict=True)]
    yield folded("as a table", table(("month",), ("active", "not started"), cells))


def _cohorts(rows: Rows) -> Iterable[Html]:
    """Yield for the members who began in a month which share was active in each month after it."""
    by_month: Mapping[date, dict[int, int]] = defaultdict(dict)
    for first, month, members in rows:
        by_month[first][(month.year - first.year) * 12 + month.month - first.month] = members
    newest = max((row[1] for row in rows), default=None)
    if newest is None:
        return
    shown = sorted(by_month)[-_COHORTS:]
    cells = []
    for first in shown:
        reached = (newest.year - first.year) * 12 + newest.month - first.month
        size = by_month[first][0]
        ages = [_share(by_month[first].get(age, 0), size) if age <= reached else "" for age in range(1, _AGES + 1)]
        cells.append((_month(first), f"{size:,}", *ages))
    yield heading("Cohorts", level=3)
    yield paragraph(
        "Members by the month of their first transaction, and the share of them that had one in the months after it.",
        kind="soft",
    )
    yield table(("first month",), ("members", *(f"+{age}" for age in range(1, _AGES + 1))), cells)


def _share(count: int, of: int) -> Html:
    share = count / of
    color = f"color-mix(in srgb, var(--one) {round(share * 60)}%, transparent)"
    return Html(f'<span style="background: {color}; padding: 1px 6px; border-radius: 4px">{share:.0%}</span>')


def _distribution(width: float, rows: Rows) -> Iterable[Html]:
    if not rows:
        return
    members: dict[int, int] = dict(rows)
    labels = [short(number * width) for number in range(_BUCKETS)]
    series = [Series("members", [float(members.get(number, 0)) for number in range(_BUCKETS)])]
    yield heading("Balances", level=3)
    yield bars(labels, series, about="Members by their active points; each bar begins at the points below it")


def _every_month(rows: Rows) -> Rows:
    """Return rows whose first value is a month, with rows of zeros for the months between them that have none."""
    by_number = {row[0].year * 12 + row[0].month - 1: row for row in rows}
    zeros = [Decimal(0) for _ in rows[0][1:]] if rows else []
    numbers = range(min(by_number, default=0), max(by_number, default=-1) + 1)
    return [by_number.get(one) or (date(one // 12, one % 12 + 1, 1), *zeros) for one in numbers]


def _amount(value: Decimal) -> str:
    """Return an amount with cents, or with all of its digits if it has more."""
    return f"{value:,.2f}" if value == round(value, 2) else grouped_amount(value)


def _month(value: date | str) -> str:
    return value if isinstance(value, str) else f"{value:%Y-%m}"
