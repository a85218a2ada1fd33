"""Reporting views over the tables of a load, in SQL that both DuckDB and PostgreSQL accept.

The SQL files in this folder are generated from the dbt package; ``{schema}`` and ``{as_of}`` stand for the schema and
for an instant, and ``{there.TABLE}`` for the rows of a table that are not gone at Talon.One.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.warehouse import DEFAULT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_warehouse.warehouse import Warehouse

LEDGER = "points_ledger"
VIEWS = (
    "points_lots",
    "points_balance_over_time",
    "liability_by_expiry_month",
    "active_members",
    "breakage",
    "points_expiring",
    "points_by_month",
)
# Views over one table, with the columns that they read.
_OF_ONE_TABLE: Mapping[str, tuple[str, frozenset[str]]] = {
    "tier_movements": (
        "loyalty_profile_balances",
        frozenset({"program_id", "integration_id", "subledger_id", "as_of", "current_tier"}),
    ),
    "coupon_wallet": (
        "customer_coupons",
        frozenset({"integration_id", "id", "campaign_id", "value", "state", "usage_counter", "usage_limit"})
        | {"start_date", "expiry_date"},
    ),
    "card_profiles": ("loyalty_cards", frozenset({"program_id", "identifier", "status", "profiles"})),
}
_THERE = re.compile(r"\{there\.(\w+)\}")
SCHEMES = ("duckdb", "postgresql", "postgres")

_COLUMNS = frozenset(
    {"program_id", "subledger_id", "id", "created", "type", "amount", "start_kind", "start_at", "expiry_at"}
)
# The program's feed is last: it adds the rows that the others lack.
_SOURCES: Mapping[str, frozenset[str]] = {
    "loyalty_card_transactions": _COLUMNS | {"card_identifier"},
    "loyalty_profile_transactions": _COLUMNS | {"integration_id"},
    "loyalty_program_transactions": _COLUMNS | {"card_identifier", "customer_profile_id"},
}
_POINTS = frozenset({"active_points", "pending_points", "spent_points", "expired_points", "negative_points"})
_BALANCES: Mapping[str, frozenset[str]] = {
    "loyalty_card_balances": _POINTS | {"program_id", "subledger_id", "as_of", "card_identifier"},
    "loyalty_profile_balances": _POINTS | {"program_id", "subledger_id", "as_of", "integration_id"},
}


class Model(NamedTuple):
    """A view; ``skipped`` says why it was not created, or is empty."""

    name: str
    skipped: str = ""


def check_models_url(url: str) -> None:
    """Check that a warehouse has views.

    Raises:
        WarehouseConfigError: the URL is neither one of DuckDB nor of PostgreSQL.
    """
    scheme, separator, _ = url.partition("://")
    if scheme not in SCHEMES or not separator:
        raise WarehouseConfigError(
            "models are views in a database: give a duckdb:// or postgresql:// URL; over a lake, copy "
            "its Delta tables into a DuckDB file and create them there"
        )


def create_models(
    warehouse: Warehouse, *, schema: str = DEFAULT_SCHEMA, as_of: datetime | None = None
) -> Sequence[Model]:
    """Create or replace the views.

    Args:
        warehouse: DuckDB or PostgreSQL.
        schema: the schema of the tables, in which the views are created.
        as_of: the instant that decides what is active or expired; later rows are left out. By default the instant at
            which a view is queried.

    Returns:
        All models; those that were skipped have a reason: a table or a column is missing.
    """
    there = _columns(warehouse, schema)
    selects, skipped = _of_ledgers(there)
    balances, without = _of_balances(there)
    selects, skipped = selects | balances, skipped + without
    for name, (table, columns) in _OF_ONE_TABLE.items():
        reason = _lacking(there, table, columns)
        if reason:
            skipped.append(Model(name, reason))
        else:
            selects[name] = _text(name)
    for name, select in selects.items():
        text = _filled(select, schema, as_of, there)
        warehouse.query(f"CREATE OR REPLACE VIEW {quoted(schema, name)} AS\n{text}")
    return [*map(Model, selects), *skipped]


def _of_ledgers(there: Mapping[str, set[str]]) -> tuple[dict[str, str], list[Model]]:
    """Return the SELECT of each view of the ledgers, and the views and tables that are left out."""
    lacking = {name: _lacking(there, name, columns) for name, columns in _SOURCES.items()}
    sources = [name for name, reason in lacking.items() if not reason]
    if not sources:
        incomplete = [reason for name, reason in lacking.items() if name in there]
        reason = "; ".join(incomplete) or f"there is none of the tables {', '.join(_SOURCES)}"
        return {}, [Model(name, reason) for name in (LEDGER, *VIEWS)]
    skipped = [Model(f"{LEDGER}: {name}", reason) for name, reason in lacking.items() if reason and name in there]
    return {LEDGER: _ledger(sources), **{name: _text(name) for name in VIEWS}}, skipped


def _of_balances(there: Mapping[str, set[str]]) -> tuple[dict[str, str], list[Model]]:
    """Return the SELECT of the view of balances, or the view that is left out."""
    name = "current_balances"
    lacking = {table: _lacking(there, table, columns) for table, columns in _BALANCES.items()}
    tables = [table for table, reason in lacking.items() if not reason]
    if not tables:
        incomplete = [reason for table, reason in lacking.items() if table in there]
        return {}, [Model(name, "; ".join(incomplete) or f"there is none of the tables {', '.join(_BALANCES)}")]
    rows = "UNION ALL\n".join(_text(f"balances_{table}") for table in tables)
    skipped = [Model(f"{name}: {table}", reason) for table, reason in lacking.items() if reason and table in there]
    return {name: _text(name).replace("{balances}", rows)}, skipped


def _columns(warehouse: Warehouse, schema: str) -> dict[str, set[str]]:
    """Return the names of the columns by table."""
    rows = warehouse.query(
        "SELECT table_name, column_name FROM information_schema.columns "  # noqa: S608 - the name is quoted
        f"WHERE table_schema = {literal(schema)}"
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return found


def _lacking(there: Mapping[str, set[str]], table: str, columns: frozenset[str]) -> str:
    if table not in there:
        return f"there is no table {table}"
    missing = sorted(columns - there[table])
    return f"the table {table} has no column {', '.join(missing)}" if missing else ""


def _ledger(sources: Sequence[str]) -> str:
    """Return a SELECT of all ledger rows, each of them once."""
    *others, last = sources
    parts = [_text(f"ledger_{name}") for name in sources]
    if last == "loyalty_program_transactions":
        parts[-1] += "".join(_text("not_in").replace("{table}", other) for other in others)
    return "UNION ALL\n".join(parts)


def _filled(select: str, schema: str, as_of: datetime | None, there: Mapping[str, set[str]]) -> str:
    instant = "now()" if as_of is None else f"TIMESTAMPTZ '{as_of.astimezone(UTC).isoformat(sep=' ')}'"
    filled = _THERE.sub(lambda found: _rows_of(found[1], there), select)
    return filled.replace("{schema}", quoted(schema)).replace("{as_of}", instant)


def _rows_of(table: str, there: Mapping[str, set[str]]) -> str:
    """Return a table without the rows that are gone; an earlier version has loaded tables without marks."""
    rows = f"{{schema}}.{table}"
    return f"(SELECT * FROM {rows} WHERE _deleted_at IS NULL)" if "_deleted_at" in there[table] else rows  # noqa: S608


def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
