"""The data an emulator starts with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from talon_one_emulator.seeds import demo, empty, journey, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_emulator.domain.account import Account

NAMES = ("empty", "demo", "journey", "synthetic")


@dataclass(frozen=True, slots=True)
class Seed:
    """The initial data. The numbers apply to ``synthetic``.

    Attributes:
        name: one of NAMES.
        cards: number of cards.
        transactions: rows per card.
        profile_transactions: rows per profile (program 2).
        days: days over which the rows are spread; 0: they are a minute apart.
    """

    name: str = "empty"
    cards: int = 10
    transactions: int = 10
    profile_transactions: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            near = get_close_matches(self.name, NAMES, 1)
            raise ValueError(
                f"unknown seed {self.name!r}; {f'did you mean {near[0]}?' if near else 'known: ' + ', '.join(NAMES)}"
            )
        if min(self.cards, self.transactions, self.profile_transactions, self.days) < 0:
            raise ValueError("cards, transactions and days cannot be negative")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Seed:
        """Return a seed from a JSON object. Raise ValueError if it is invalid."""
        known = {field.name for field in fields(cls)}
        unknown = given.keys() - known
        if unknown:
            raise ValueError(f"a seed has no {sorted(unknown)[0]!r}; known fields: {', '.join(sorted(known))}")
        return cls(**given)


def load(account: Account, seed: Seed) -> None:
    """Replace the data of the account by that of a seed."""
    loaders: Mapping[str, Callable[[], None]] = {
        "empty": lambda: empty.load(account),
        "demo": lambda: demo.load(account),
        "journey": lambda: journey.load(account),
        "synthetic": lambda: synthetic.load(
            account, seed.cards, seed.transactions, seed.profile_transactions, seed.days
        ),
    }
    loaders[seed.name]()
    account.attributes.reload()
