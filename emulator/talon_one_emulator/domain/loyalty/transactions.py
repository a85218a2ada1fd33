"""Ledger rows: storage, pages and JSON.

Each row is stored with JSON fragments of its fields, and a page joins them. The operations differ in the fragments they
return: ``rule`` in the Integration API, ``log`` in the card log of the Management API, ``rule`` and ``owner`` for the
transactions of a program, and ``extra`` in era ``current``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import APPLICATION_ID
from talon_one_emulator.domain.loyalty.ledger import LedgerRow, debtors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from talon_one_emulator.control.switches import Bounds, Order, Switches
    from talon_one_emulator.domain.store import Store

_DEBT = ',"flags":{"createsNegativeBalance":true}'
Kind = Literal["manual", "session", "import"]

_COLUMNS = (
    "id, program, card, profile, created, addition, amount, starts, expires, subledger, session, uuid, kind,"
    " head, rule, extra, log, owner"
)
_LAST_ID = "coalesce((SELECT max(id) FROM ledger), 0)"
_DELETED_ID = "coalesce((SELECT id FROM last_ids WHERE name = 'ledger'), 0)"
# Multiplying by an odd constant permutes the ids: an arbitrary order that never changes.
ORDERS: dict[Order, str] = {
    "newest": "created DESC, id DESC",
    "oldest": "created, id",
    "shuffled": "(id * 2654435761) & 4294967295, id",
}
BOUNDS: dict[Bounds, tuple[str, str]] = {
    "exclusive": (">", "<"),
    "inclusive": (">=", "<="),
    "half_open": (">=", "<"),
}


@dataclass(frozen=True, slots=True)
class NewRow:
    """A ledger row to insert.

    Attributes:
        owner: card identifier or integration id of the profile.
        amount: JSON text of a number.
        start: timestamp, ``immediate`` or ``on_action``.
        expiry: timestamp or ``unlimited``.
        import_id: of the import that added a row of kind ``import``.
    """

    program: int
    owner: str
    type: Literal["addition", "subtraction"]
    amount: str
    created: int
    card: int | None = None
    profile: int | None = None
    name: str = ""
    start: str = "immediate"
    expiry: str = "unlimited"
    subledger: str = ""
    session: str | None = None
    session_id: int | None = None
    ruleset: int | None = None
    rule: str | None = None
    kind: Kind = "manual"
    created_text: str | None = None
    validity: str | None = None
    import_id: int = 1


def insert(store: Store, rows: Iterable[NewRow]) -> list[int]:
    """Insert ledger rows and return their ids, which continue from the highest one that was ever given."""
    first = int(store.scalar(f"SELECT max({_LAST_ID}, {_DELETED_ID})")) + 1
    added = list(rows)
    values = [_values(first + offset, row) for offset, row in enumerate(added)]
    marks = ", ".join("?" * 18)
    store.db.executemany(f"INSERT INTO ledger ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608 - constants
    _flag_debts(store, {(row.program, row.card, row.profile) for row in added if row.type == "subtraction"})
    return [row[0] for row in values]


def delete(store: Store, where: str, args: Sequence[Any]) -> int:
    """Delete the ledger rows that match an SQL condition and return how many. Their ids are not given again."""
    store.db.execute(f"INSERT OR REPLACE INTO last_ids VALUES ('ledger', max({_LAST_ID}, {_DELETED_ID}))")  # noqa: S608
    return int(store.db.execute(f"DELETE FROM ledger WHERE {where}", tuple(args)).rowcount)  # noqa: S608 - constants


def _flag_debts(store: Store, owners: Iterable[tuple[int, int | None, int | None]]) -> None:
    """Flag the subtractions of these owners that created debt."""
    for program, card, profile in owners:
        for rows in ledger_rows(store, Selection(program=program, card=card, profile=profile)).values():
            marks = [(_DEBT, row) for row in debtors(rows)]
            store.db.executemany("UPDATE ledger SET flags = ? WHERE id = ?", marks)


def _values(row_id: int, row: NewRow) -> tuple[Any, ...]:
    text = json_text.encode_text
    uuid = f"{row.program:08x}-0000-4000-8000-{row_id:012x}"
    starts = {"immediate": row.created, "on_action": timestamps.FOREVER}.get(row.start)
    expires = timestamps.FOREVER if row.expiry == "unlimited" else timestamps.parse(row.expiry)
    session = f',"customerSessionId":{text(row.session)}' if row.session is not None else ""
    head = (
        f'"id":{row_id},"created":"{row.created_text or timestamps.render(row.created)}","programId":{row.program},'
        f'"type":"{row.type}","name":{text(row.name)},"startDate":"{row.start}","expiryDate":"{row.expiry}",'
        f'"subledgerId":{text(row.subledger)},"amount":{row.amount}{session}'
    )
    rule = f',"rulesetId":{row.ruleset},"ruleName":{text(row.rule or "")}' if row.ruleset is not None else ""
    validity = f',"validityDuration":{text(row.validity)}' if row.validity else ""
    log = f',"applicationId":{APPLICATION_ID},"sessionId":{row.session_id}' if row.session_id is not None else ""
    owner = "cardIdentifier" if row.card is not None else "customerProfileId"
    imported = f',"importId":{row.import_id}' if row.kind == "import" else ""
    manual = ',"userId":1,"userEmail":"manager@example.test"' if row.kind == "manual" else ""
    return (
        row_id, row.program, row.card, row.profile, row.created, row.type == "addition", row.amount,
        timestamps.parse(row.start) if starts is None else starts, expires, row.subledger, row.session, uuid, row.kind,
        head, rule, f',"transactionUUID":"{uuid}"{validity}', log,
        f',"{owner}":{text(row.owner)}{imported}{manual}',
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """The ledger rows that a request selects; None means any.

    ``awaiting`` selects points that wait for an action and are not expired at that instant.
    """

    program: int | None = None
    card: int | None = None
    profile: int | None = None
    subledgers: Sequence[str] | None = None
    after: int | None = None
    before: int | None = None
    kind: str | None = None
    sessions: Sequence[str] | None = None
    uuids: Sequence[str] | None = None
    awaiting: int | None = None

    def where(self, bounds: Bounds) -> tuple[str, list[Any]]:
        """Return the WHERE clause and its arguments."""
        low, high = BOUNDS[bounds]
        tests: list[tuple[str, Any]] = [
            ("card = ?", self.card),
            ("profile = ?", self.profile),
            # A card belongs to one program. A condition on the program would lead the planner to the wrong index.
            ("program = ?", None if self.card is not None else self.program),
            (f"created {low} ?", self.after),
            (f"created {high} ?", self.before),
            ("kind = ?", self.kind),
            ("starts = ?", None if self.awaiting is None else timestamps.FOREVER),
            ("expires > ?", self.awaiting),
        ]
        given = [(test, value) for test, value in tests if value is not None]
        clauses, args = [test for test, _ in given], [value for _, value in given]
        for column, values in (("subledger", self.subledgers), ("session", self.sessions), ("uuid", self.uuids)):
            if values is not None:
                clauses.append(f"{column} IN ({', '.join('?' * len(values))})")
                args.extend(values)
        return " AND ".join(clauses) or "1", args


def page(
    store: Store, fragments: str, chosen: Selection, switches: Switches, *, skip: int, size: int
) -> tuple[list[str], bool]:
    """Return the JSON rows of one page (without braces), and whether more follow."""
    order = ORDERS[switches.order]
    rows = _printed(store, fragments, chosen, switches, window=(order, size + 1, skip))
    return [row[2] for row in rows[:size]], len(rows) > size


def newest(store: Store, fragments: str, chosen: Selection, switches: Switches, *, size: int) -> tuple[list[str], bool]:
    """Return the most recent rows in the order of the switch, and whether there are more."""
    rows = _printed(store, fragments, chosen, switches, window=(ORDERS["newest"], size + 1, 0))
    if len(rows) <= size:
        return [row[2] for row in rows], False
    rows.remove(min(rows))
    return [row[2] for row in rows], True


def _printed(
    store: Store, fragments: str, chosen: Selection, switches: Switches, *, window: tuple[str, int, int]
) -> list[tuple[int, int, str]]:
    """Return ``(created, id, text)`` of the rows of a window (order, limit, offset), in the order of the switch.

    The ids are selected from the index alone, so that only the rows of the window are read and sorted.
    """
    where, args = chosen.where(switches.date_bounds)
    order, limit, offset = window
    ids = f"SELECT id FROM ledger WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - constants
    return store.rows(
        f"SELECT created, id, {fragments} FROM ledger WHERE id IN ({ids}) ORDER BY {ORDERS[switches.order]}",  # noqa: S608
        [*args, limit, offset],
    )


def ledger_rows(store: Store, chosen: Selection) -> dict[str, list[LedgerRow]]:
    """Return the ledger rows for balances by subledger id; the id of the main ledger is ''."""
    where, args = chosen.where("inclusive")
    ledgers: dict[str, list[LedgerRow]] = {}
    for subledger, row, created, addition, amount, starts, expires in store.db.execute(
        f"SELECT subledger, id, created, addition, amount, starts, expires FROM ledger WHERE {where}",  # noqa: S608
        args,
    ):
        ledgers.setdefault(subledger, []).append(
            LedgerRow(row, created, bool(addition), Decimal(amount), starts, expires)
        )
    return ledgers
