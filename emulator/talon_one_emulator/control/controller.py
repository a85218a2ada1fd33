"""Control of a running emulator. The control endpoints and ``Emulator`` both call it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control import account_fixtures, faults, fixtures, notifications, promotion_fixtures
from talon_one_emulator.control.switches import Switches, choices
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.domain.loyalty.oracle import program_totals
from talon_one_emulator.domain.store import TABLES
from talon_one_emulator.seeds import Seed, load

if TYPE_CHECKING:
    from talon_one_emulator.api.service import Service
    from talon_one_emulator.control.notifier import Notifier

Record = Mapping[str, Any]

_JSON_COLUMNS = frozenset(
    {"attributes", "body", "items", "product", "adjustments", "tiers", "codes", "props", "old", "new", "campaigns"}
)
_FIXTURE_FUNCTIONS: Mapping[str, Callable[[Any, Record], Any]] = {
    "achievement_progress": fixtures.add_achievement_progress,
    "achievements": fixtures.add_achievement,
    "attributes": fixtures.add_attribute,
    "changes": account_fixtures.add_change,
    "collections": account_fixtures.add_collection,
    "giveaways": account_fixtures.add_giveaway,
    "stores": account_fixtures.add_store,
    "campaigns": promotion_fixtures.add_campaign,
    "cards": fixtures.add_card,
    "catalogs": fixtures.add_catalog,
    "coupons": promotion_fixtures.add_coupon,
    "events": promotion_fixtures.add_event,
    "profiles": fixtures.add_profile,
    "programs": fixtures.add_program,
    "sessions": promotion_fixtures.add_session,
}
FIXTURES = tuple(_FIXTURE_FUNCTIONS)
_CREATED = {"campaigns": notifications.campaigns_created, "coupons": notifications.coupons_created}


class Controller:
    """Operations on a running emulator. Every method raises ValueError for invalid input."""

    def __init__(self, service: Service, seed: Seed, switches: Switches, notifier: Notifier | None = None) -> None:
        self.service = service
        self._seed = seed
        self._switches = switches
        self._notifier = notifier

    def health(self) -> dict[str, Any]:
        """Return the status, the era and the seed."""
        return {"status": "ok", "era": self.service.account.era, "seed": self._seed.name}

    def reset(self, seed: Record | None = None, era: str | None = None) -> dict[str, Any]:
        """Return to the initial state: data of the seed, no faults, empty log, initial switches, real time."""
        service = self.service
        if era is not None:
            if era not in ("seed", "current"):
                raise ValueError(f"era must be seed or current, not {era!r}")
            service.account.era = era  # type: ignore[assignment]
        service.account.clock.reset()
        service.account.switches = self._switches
        service.faults.clear()
        service.request_log.clear()
        service.rate.clear()
        self.clear_notifications()
        return self.seed(seed)

    def seed(self, seed: Record | None = None) -> dict[str, Any]:
        """Replace the data by that of a seed: ``{name, cards, transactions, profile_transactions}``."""
        if seed is not None:
            self._seed = Seed.of(seed)
        load(self.service.account, self._seed)
        return self.health()

    def faults(self) -> list[dict[str, Any]]:
        """Return the active fault rules with their counts."""
        return [rule.describe() for rule in self.service.faults.rules]

    def add_fault(self, route: str, kind: str | int, options: Record) -> dict[str, Any]:
        """Activate a fault rule and return it."""
        rule = faults.build(route, str(kind), dict(options))
        self.service.faults.add(rule)
        return rule.describe()

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self.service.faults.clear()

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the request log of one operation, or of all."""
        entries = self.service.request_log.entries
        return [entry.describe() for entry in entries if operation in (None, entry.operation)]

    def counters(self) -> dict[str, Any]:
        """Return counters by operation name; ``unknown`` counts the requests that matched no route."""
        return {name: count.describe() for name, count in sorted(self.service.request_log.counts.items())}

    def clear_requests(self) -> None:
        """Clear the request log and the counters."""
        self.service.request_log.clear()

    def switches(self) -> dict[str, Any]:
        """Return the switches as ``{values, choices}``."""
        return {"values": self.service.account.switches.describe(), "choices": choices()}

    def set_switches(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Set some switches and return all."""
        self.service.account.switches = self.service.account.switches.changed(**values)
        return self.switches()

    def clock(self) -> dict[str, Any]:
        """Return the time of the account."""
        return self.service.account.clock.describe()

    def set_clock(
        self, *, freeze: bool | str | None = None, advance: float | None = None, reset: bool = False
    ) -> dict[str, Any]:
        """Freeze the clock at an instant (or now), advance it by seconds, or return to real time."""
        clock = self.service.account.clock
        if reset or freeze is False:
            clock.reset()
        if freeze:
            clock.freeze(None if freeze is True else timestamps.parse(freeze))
        if advance is not None:
            if advance < 0:
                raise ValueError("the clock moves forward only; freeze it at an earlier instant instead")
            clock.advance(float(advance))
        return self.clock()

    def state(self, tables: Iterable[str] | None = None) -> dict[str, Any]:
        """Return all rows by table, of all tables or the named ones; JSON columns as JSON."""
        wanted = list(TABLES if tables is None else tables)
        for name in wanted:
            if name not in TABLES:
                raise ValueError(f"unknown table {name!r}{faults.hint(name, TABLES)}")
        return {name: self._table(name) for name in wanted if name != "replays"}

    def _table(self, name: str) -> list[dict[str, Any]]:
        cursor = self.service.account.store.db.execute(f"SELECT * FROM {name}")  # noqa: S608 - one of TABLES
        columns = [column[0] for column in cursor.description]
        return [
            {
                column: json_text.raw(value) if column in _JSON_COLUMNS and value is not None else value
                for column, value in zip(columns, row, strict=True)
            }
            for row in cursor
        ]

    def add(self, what: str, records: Iterable[Record]) -> list[Any]:
        """Create what the API itself cannot create: records of one of ``FIXTURES``."""
        make, account = _FIXTURE_FUNCTIONS[what], self.service.account
        with account.store.transaction():
            ids = [make(account, record) for record in records]
        if self._notifier and ids and what in _CREATED:
            self._notifier.send(_CREATED[what](account, ids))
        return ids

    def add_transactions(self, records: Iterable[Record]) -> list[int]:
        """Insert ledger rows and return their ids."""
        account, given = self.service.account, list(records)
        owners = [(int(row.get("program", 1)), str(row["profile"])) for row in given if "profile" in row]
        tiers = notifications.tiers_of(account, owners) if self._notifier else {}
        with account.store.transaction():
            ids = fixtures.add_transactions(account, given)
        if self._notifier:
            self._notifier.send(notifications.points_changed(account, ids))
            self._notifier.send(notifications.tiers_changed(account, tiers))
        return ids

    def sent_notifications(self) -> list[dict[str, Any]]:
        """Return the notifications that were made, with their X-UUID and what became of each."""
        return self._sender().describe()

    def notification_counts(self) -> dict[str, int]:
        """Return the number of notifications by state: ``waiting``, ``delivered``, ``dropped``."""
        return self._sender().counts()

    def notify(self, bodies: Iterable[Record]) -> list[str]:
        """Send notifications with these bodies, and return the X-UUID of each."""
        return self._sender().send(bodies)

    def notify_expiring(self, days: float) -> list[str]:
        """Send notifications of the points that expire within so many days, and return the X-UUID of each."""
        return self._sender().send(notifications.points_expiring(self.service.account, days))

    def clear_notifications(self) -> None:
        """Forget the notifications that are not waiting any more."""
        if self._notifier:
            self._notifier.clear()

    def join_notifications(self) -> None:
        """Wait until no notification is waiting; not for the thread of the server."""
        self._sender().join()

    def _sender(self) -> Notifier:
        if self._notifier is None:
            raise ValueError("the emulator was started without a receiver of notifications (--notify URL)")
        return self._notifier

    def delete_transactions(self, ids: Iterable[int]) -> int:
        """Delete ledger rows and return how many were deleted."""
        store, wanted = self.service.account.store, [int(row) for row in ids]
        with store.transaction():
            return sum(transactions.delete(store, "id = ?", [row]) for row in wanted)

    def recount(self, changes: Iterable[Record]) -> int:
        """Make balances use other amounts of ledger rows than lists show: ``{id, amount}``. Return how many changed."""
        pairs = [(str(Decimal(str(change["amount"]))), int(change["id"])) for change in changes]
        with self.service.account.store.transaction():
            return self.service.account.store.db.executemany(
                "UPDATE ledger SET amount = ? WHERE id = ?", pairs
            ).rowcount

    def expected_balances(self, program: int = 1, as_of: str | None = None) -> dict[str, Any]:
        """Return totals and balances of a program, computed by ``talon_one_emulator.domain.loyalty.oracle``."""
        at = self.service.account.now() if as_of is None else timestamps.parse(as_of)
        return program_totals(self.service.account.store, program, at)

    def close(self) -> None:
        """End the sending of notifications, and close the data."""
        if self._notifier:
            self._notifier.close()
        self.service.account.store.close()
