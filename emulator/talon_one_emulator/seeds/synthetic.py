"""Any number of cards and ledger rows, identical on every run.

Row n of a card is created n minutes after the first row of the card, or somewhere in the nth part of some days. Four of
five rows add points, one subtracts some. Half of the additions expire after 400 days, 1 in 16 starts 30 days
later, 1 in 8 is in subledger ``bonus``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_emulator.control import fixtures
from talon_one_emulator.domain import prices, timestamps
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.seeds import empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_emulator.domain.account import Account

FIRST = timestamps.parse("2024-01-01T00:00:00Z")
MINUTE = 60 * timestamps.SECOND
_CHUNK = 20_000


def load(account: Account, cards: int, rows_per_card: int, rows_per_profile: int, days: int) -> None:
    """Create cards ``card-000001``… in program 1, linked to ``profile-000001``…, which have rows in program 2.

    Args:
        account: the account.
        cards: number of cards and of profiles.
        rows_per_card: ledger rows of each card.
        rows_per_profile: ledger rows of each profile.
        days: days over which the rows of a card or profile are spread; 0: they are a minute apart.
    """
    empty.load(account)
    with account.store.transaction():
        account.attributes.add("CustomerProfile", "tier", "string", FIRST)
        account.attributes.add("CustomerProfile", "number", "number", FIRST)
        account.store.db.executemany(
            "INSERT INTO profiles (id, created, integration_id, attributes, last_activity) VALUES (?, ?, ?, ?, ?)",
            (
                (n, FIRST, f"profile-{n:06}", f'{{"tier":"{"gold" if n % 3 else "silver"}","number":{n}}}', FIRST)
                for n in range(1, cards + 1)
            ),
        )
        account.store.db.executemany(
            "INSERT INTO cards (id, program, identifier, created, modified) VALUES (?, 1, ?, ?, ?)",
            ((n, f"card-{n:06}", FIRST, FIRST) for n in range(1, cards + 1)),
        )
        account.store.db.executemany(
            "INSERT INTO card_profiles (card, profile, linked) VALUES (?, ?, ?)",
            ((n, n, FIRST) for n in range(1, cards + 1)),
        )
        _insert(account, _rows(cards, rows_per_card, days, by_card=True))
        _insert(account, _rows(cards, rows_per_profile, days, by_card=False))
        _catalog(account, cards)
        prices.observe_items(account)


def _insert(account: Account, rows: Iterator[transactions.NewRow]) -> None:
    chunk: list[transactions.NewRow] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            transactions.insert(account.store, chunk)
            chunk.clear()
    transactions.insert(account.store, chunk)


def _rows(owners: int, count: int, days: int, *, by_card: bool) -> Iterator[transactions.NewRow]:
    part = days * timestamps.DAY // max(count, 1)
    for owner in range(1, owners + 1):
        name = f"card-{owner:06}" if by_card else f"profile-{owner:06}"
        for n in range(count):
            yield _row(owner, name, n, part, by_card=by_card)


def _row(owner: int, name: str, n: int, part: int, *, by_card: bool) -> transactions.NewRow:
    # A multiplicative hash varies the rows without a random generator.
    mix = (owner * 2_654_435_761 + n * 40_503) & 0xFFFFFFFF
    # Within its part of the days, so that the rows of an owner stay in order.
    later = (n * part + (mix * part >> 32)) // timestamps.SECOND * timestamps.SECOND if part else n * MINUTE
    created = FIRST + owner * timestamps.SECOND + later
    addition = mix % 5 != 0
    cents = mix // 5 % 10_000 + 1
    late = addition and mix % 16 == 1
    ends = addition and mix % 2 == 0
    return transactions.NewRow(
        program=1 if by_card else 2,
        owner=name,
        type="addition" if addition else "subtraction",
        amount=f"{cents // 100}.{cents % 100:02}",
        created=created,
        card=owner if by_card else None,
        profile=None if by_card else owner,
        name="Order" if addition else "Reward",
        start=timestamps.render(created + 30 * timestamps.DAY) if late else "immediate",
        expiry=timestamps.render(created + 400 * timestamps.DAY) if ends else "unlimited",
        subledger="bonus" if mix % 8 == 3 else "",
        session=f"order-{owner}-{n}",
        session_id=owner * 1_000_000 + n,
        ruleset=1 + mix % 3,
        rule="Points for orders",
        kind="session",
    )


def _catalog(account: Account, items: int) -> None:
    fixtures.add_attribute(account, {"entity": "CartItem", "name": "colour", "type": "string"})
    account.store.db.executemany(
        "INSERT INTO items (catalog, sku, created, price, attributes, version) VALUES (1, ?, ?, ?, ?, 1)",
        (
            (f"sku-{n:06}", FIRST, f"{n % 100}.99", f'{{"colour":"{("red", "green", "blue")[n % 3]}"}}')
            for n in range(1, items + 1)
        ),
    )
