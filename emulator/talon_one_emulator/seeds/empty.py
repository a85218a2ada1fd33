"""An account with an Application, a campaign, two programs and a catalog, and nothing in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_emulator.control import fixtures

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account


def load(account: Account) -> None:
    """Clear the account and set the skeleton up."""
    account.store.clear()
    account.attributes.reload()
    with account.store.transaction():
        fixtures.skeleton(account)
