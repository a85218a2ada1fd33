"""An account with an Application, a campaign, two programs and a catalog, all empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_emulator.control import fixtures

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account


def load(account: Account) -> None:
    """Replace the data of the account by the skeleton."""
    account.store.clear()
    account.attributes.reload()
    with account.store.transaction():
        fixtures.skeleton(account)
