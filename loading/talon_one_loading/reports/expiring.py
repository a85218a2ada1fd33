"""The points that expire by a date, by ledger."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_client.http.encoding import format_instant
from talon_one_loading.reports.ledgers import KINDS
from talon_one_loading.temporary_warehouse import TEMPORARY_SCHEMA, temporary_warehouse
from talon_one_singer import ConfigError
from talon_one_singer.reporting.amounts import plain_amount
from tap_talon_one.engine.run_clock import settled_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse


class ExpiringPoints(NamedTuple):
    """The points of a ledger that expire unless they are spent.

    Attributes:
        kind: ``card`` or ``profile``.
        owner: identifier of the card, or integration id of the profile.
        active: active points at the first instant; None if Talon.One reports none then.
    """

    kind: str
    program: int
    owner: str
    subledger: str
    active: Decimal | None
    expiring: Decimal

    def plain(self) -> list[Any]:
        """Return the values with amounts as texts without trailing zeros."""
        return [plain_amount(value) if isinstance(value, Decimal) else value for value in self]


@contextmanager
def expiring_points(
    settings: Mapping[str, Any], since: datetime | None, by: datetime, stop: StopSignal, redact: Redactor
) -> Iterator[Iterator[ExpiringPoints]]:
    """Read the balances at two instants, and give the ledgers in which points expire between them.

    Args:
        settings: of the tap.
        since: the first instant; None: now minus ``settle_seconds``.
        by: the last instant.
        stop: ends the reading.
        redact: knows the secrets.

    Raises:
        ConfigError: the instants or the settings cannot be used.
        TalonOneError, SomeStreamsFailed, WarehouseError: the balances cannot be read.
    """
    since = since or settled_now(settings, stop)
    if by <= since:
        raise ConfigError(f"--by {by.isoformat()} is not after {since.isoformat()}; name a later instant")
    if settings["balances_strategy"] == "card_list":
        raise ConfigError(
            "balances_strategy is card_list, which does not report expired points; use auto or per_entity"
        )
    given = {**settings, "as_of": (since, by)}
    with temporary_warehouse(given, [kind.balances for kind in KINDS], stop, redact) as warehouse:
        yield _rows(warehouse, since, by)


def _rows(warehouse: Warehouse, since: datetime, by: datetime) -> Iterator[ExpiringPoints]:
    tables = {name for (name,) in warehouse.query("SELECT table_name FROM duckdb_tables()")}
    for kind in KINDS:
        if kind.balances not in tables:
            continue
        table = f"{TEMPORARY_SCHEMA}.{kind.balances}"
        sql = f"""
            SELECT '{kind.name}', after.program_id, after.{kind.owner}, after.subledger_id, before.active_points,
                   after.expired_points - coalesce(before.expired_points, 0) AS expiring
            FROM {table} AS after LEFT JOIN {table} AS before
                ON before.as_of = '{format_instant(since)}' AND before.program_id = after.program_id
                AND before.{kind.owner} = after.{kind.owner} AND before.subledger_id = after.subledger_id
            WHERE after.as_of = '{format_instant(by)}' AND after.expired_points > coalesce(before.expired_points, 0)
            ORDER BY 2, 3, 4"""  # noqa: S608 - names and instants of this program
        yield from (ExpiringPoints(*row) for row in warehouse.query(sql))
