"""Compare the transactions of every ledger with its balances."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_client.paging.windows import to_us
from talon_one_loading.reports.ledgers import KINDS, LedgerReader, can_select, iso
from talon_one_singer import ConfigError
from talon_one_singer.reporting.amounts import plain_amount, signed_amount
from tap_talon_one.engine.run_clock import settled_now
from tap_talon_one.ledger.reconcile import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_loading.reports.ledgers import Kind, LedgerKey
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_warehouse import Warehouse
    from tap_talon_one.ledger.arithmetic import Entry
    from tap_talon_one.ledger.reconcile import Difference

log = logging.getLogger("talon_one_loading")

STREAMS = tuple(name for kind in KINDS for name in (kind.transactions, kind.balances))
_COLUMNS = ("kind", "program", "owner", "subledger", "figure", "counted", "reported", "difference")


class ComparedLedger(NamedTuple):
    """A ledger, and how its transactions and balances differ.

    Attributes:
        kind: ``card`` or ``profile``.
        key: program, owner and subledger.
        entries: the transactions.
        differences: empty if transactions and balances agree.
    """

    kind: str
    key: LedgerKey
    entries: list[Entry]
    differences: list[Difference]

    @property
    def name(self) -> str:
        """The ledger in a sentence, like ``card c-1 of program 7``."""
        key = self.key
        return f"{self.kind} {key.owner}{f'/{key.subledger}' if key.subledger else ''} of program {key.program}"

    def rows(self) -> list[dict[str, Any]]:
        """Return a JSON object for each difference; amounts are texts, so that they keep all digits."""
        found = []
        for one in self.differences:
            counted, reported, by = map(plain_amount, (one.counted, one.reported, one.by))
            found.append(dict(zip(_COLUMNS, (self.kind, *self.key, one.figure, counted, reported, by), strict=True)))
        return found

    def sentences(self) -> list[str]:
        """Return a sentence for each difference."""
        return [
            f"{self.name}: reported {one.figure} points: {plain_amount(one.reported)}, "
            f"sum of its transactions: {plain_amount(one.counted)} ({signed_amount(one.by)})"
            for one in self.differences
        ]


def settings_at(settings: Mapping[str, Any], at: datetime | None, stop: StopSignal) -> dict[str, Any]:
    """Return the settings with which transactions and balances are read at one instant, which is ``as_of[0]``.

    Args:
        settings: of the tap.
        at: the instant; None: now minus ``settle_seconds``.
        stop: ends the question for the time.

    Raises:
        ConfigError: the settings leave out transactions.
    """
    if settings["start_date"] is not None:
        raise ConfigError("start_date is set; leave it out, because a balance is the sum of all transactions")
    when = at or settled_now(settings, stop)
    return {**settings, "as_of": (when,), "end_date": when + timedelta(microseconds=1), "settle_seconds": 0}


def compared_ledgers(warehouse: Warehouse, at: datetime | None) -> Iterator[ComparedLedger]:
    """Yield every ledger of a warehouse; ``at`` is the instant of the balances, by default the latest one.

    Cards or profiles without balances are left out; a warning says so if they have transactions.

    Raises:
        ConfigError: the warehouse has no such tables, or no balances at all.
    """
    kinds = [
        kind for kind in KINDS if all(can_select(warehouse, "1", table) for table in (kind.transactions, kind.balances))
    ]
    if not kinds:
        raise ConfigError(
            "the warehouse has no tables with the transactions and balances of cards or profiles; run talon-one load"
        )
    instants = {kind: at or _latest(warehouse, kind.balances) for kind in kinds}
    if not any(instants.values()):
        tables = " and ".join(kind.balances for kind in kinds)
        raise ConfigError(f"there are no balances to compare: the warehouse has no row in {tables}; run talon-one load")
    for kind, when in instants.items():
        if when is None:
            _warn_of_transactions(warehouse, kind)
            continue
        for key, entries, reported in LedgerReader(warehouse, kind, iso(when)).ledgers():
            yield ComparedLedger(kind.name, key, entries, differences(entries, reported, to_us(when)))


def _warn_of_transactions(warehouse: Warehouse, kind: Kind) -> None:
    """Log that transactions cannot be compared, if there are any."""
    ((count,),) = warehouse.query(f"SELECT count(*) FROM {warehouse.name_of(kind.transactions)}")  # noqa: S608 - names of this program
    if count:
        log.warning(
            "%s is empty, so that the rows of %s (%s) are not compared; load both streams",
            kind.balances,
            kind.transactions,
            f"{count:,}",
        )


def _latest(warehouse: Warehouse, table: str) -> datetime | None:
    ((latest,),) = warehouse.query(f"SELECT max(as_of) FROM {warehouse.name_of(table)}")  # noqa: S608 - names of this program
    return datetime.fromisoformat(latest) if isinstance(latest, str) else latest
