"""Read ledgers and balances from a warehouse, a few thousand owners at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_client.paging.windows import MAX_US, to_us
from tap_talon_one.ledger.arithmetic import Entry
from tap_talon_one.ledger.reconcile import ReportedBalance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_warehouse import Warehouse

OWNERS_AT_ONCE = 5_000
NEVER_US = MAX_US  # start of points that become active with an action


class LedgerKey(NamedTuple):
    """Identifies a ledger: program, card or profile, and subledger ("" is the main one)."""

    program: int
    owner: str
    subledger: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Cards or profiles: their tables, and the column with the owner."""

    name: str
    transactions: str
    balances: str
    owner: str


KINDS = (
    Kind("card", "loyalty_card_transactions", "loyalty_card_balances", "card_identifier"),
    Kind("profile", "loyalty_profile_transactions", "loyalty_profile_balances", "integration_id"),
)


def can_select(warehouse: Warehouse, columns: str, table: str) -> bool:
    """Return whether a table of the warehouse is there and has these columns.

    Raises:
        WarehouseError: the warehouse does not answer at all.
    """
    from talon_one_warehouse import WarehouseError

    try:
        warehouse.query(f"SELECT {columns} FROM {warehouse.name_of(table)} WHERE 1 = 0")  # noqa: S608 - names of this program
    except WarehouseError:
        warehouse.query("SELECT 1")
        return False
    return True


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """Reads the tables of one kind in a warehouse.

    Attributes:
        as_of: instant of the balances: ISO 8601 in UTC with microseconds, which is how warehouses without a type for
            instants store it.
    """

    warehouse: Warehouse
    kind: Kind
    as_of: str

    def ledgers(self) -> Iterator[tuple[LedgerKey, list[Entry], ReportedBalance | None]]:
        """Yield every ledger that has a transaction or a balance at that instant.

        Transactions that a load has marked as deleted are left out.
        """
        there = self._not_deleted()
        for span in self._spans():
            entries, balances = self._entries(span + there), self._reported(span)
            for key in sorted(entries.keys() | balances.keys()):
                yield key, entries.get(key, []), balances.get(key)

    @property
    def _transactions(self) -> str:
        return self.warehouse.name_of(self.kind.transactions)

    @property
    def _balances(self) -> str:
        return self.warehouse.name_of(self.kind.balances)

    def _not_deleted(self) -> str:
        """Return the condition that leaves out what is gone; "" for a table that an earlier version has loaded."""
        marked = can_select(self.warehouse, "_deleted_at", self.kind.transactions)
        return " AND _deleted_at IS NULL" if marked else ""

    def _spans(self) -> Iterator[str]:
        """Yield SQL conditions that divide the owners into ranges."""
        owner = self.kind.owner
        rows = (
            f"SELECT {owner} FROM {self._transactions} UNION ALL SELECT {owner} "  # noqa: S608 - names of this program
            f"FROM {self._balances} WHERE as_of = '{self.as_of}'"
        )
        owners = f"SELECT DISTINCT {owner} FROM ({rows}) AS r"  # noqa: S608
        numbered = f"SELECT {owner}, row_number() OVER (ORDER BY {owner}) AS n FROM ({owners}) AS o"  # noqa: S608
        ((count,),) = self.warehouse.query(f"SELECT count(*) FROM ({owners}) AS o")  # noqa: S608
        # Databases do not agree on an operator for the remainder of a division.
        numbers = ", ".join(map(str, range(OWNERS_AT_ONCE, count + 1, OWNERS_AT_ONCE)))
        cuts = (
            self.warehouse.query(f"SELECT {owner} FROM ({numbered}) AS c WHERE n IN ({numbers}) ORDER BY n")  # noqa: S608
            if numbers
            else []
        )
        bounds = [None, *(self.warehouse.literal(cut) for (cut,) in cuts), None]
        for low, high in pairwise(bounds):
            tests = [f"{owner} > {low}"] if low else []
            yield " AND ".join([*tests, f"{owner} <= {high}"] if high else tests or [f"{owner} IS NOT NULL"])

    def _entries(self, span: str) -> dict[LedgerKey, list[Entry]]:
        found: dict[LedgerKey, list[Entry]] = {}
        rows = self.warehouse.query(
            f"SELECT program_id, {self.kind.owner}, subledger_id, created, id, amount, type, "  # noqa: S608
            "start_kind, start_at, expiry_kind, expiry_at "
            f"FROM {self._transactions} WHERE {span} AND created <= '{self.as_of}'"
        )
        for program, owner, subledger, *row in rows:
            found.setdefault(LedgerKey(program, owner, subledger or ""), []).append(_entry(row))
        return found

    def _reported(self, span: str) -> dict[LedgerKey, ReportedBalance]:
        rows = self.warehouse.query(
            f"SELECT program_id, {self.kind.owner}, subledger_id, active_points, pending_points, "  # noqa: S608
            "spent_points, expired_points, negative_points, source "
            f"FROM {self._balances} WHERE {span} AND as_of = '{self.as_of}'"
        )
        return {LedgerKey(row[0], row[1], row[2] or ""): _balance(row[3:]) for row in rows}


def iso(when: datetime) -> str:
    """Return the instant like ``2024-01-31T12:00:00.000000Z``."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _entry(row: list[Any]) -> Entry:
    created, number, amount, kind, start_kind, start, expiry_kind, expiry = row
    start_us = NEVER_US if start_kind == "on_action" else _us(start) if start_kind == "timestamp" else None
    expiry_us = _us(expiry) if expiry_kind == "timestamp" else None
    return Entry(_us(created), number, Decimal(str(amount)), kind == "addition", start_us, expiry_us)


def _balance(row: tuple[Any, ...]) -> ReportedBalance:
    active, pending, spent, expired, negative = map(_decimal, row[:5])
    return ReportedBalance(active, pending, spent, expired, negative, row[5] or "")


def _us(instant: Any) -> int:
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    return to_us(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
