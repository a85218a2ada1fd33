"""Deletion of customer data: attributes are deleted; history is kept, but no longer names the customer.

Source: https://docs.talon.one/integration-api#operation/deleteCustomerData
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_emulator.api import json_text

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.domain.profiles import Profile


def erase(account: Account, profile: Profile) -> None:
    """Erase the attributes of a profile, its sessions, events and referrals.

    With switch ``deleted_profile=gone``, the profile and its audience memberships, card links and reservations are
    deleted too, as are its achievements and program memberships; ledger rows, sessions, events and referrals no longer
    name it.
    """
    store, name = account.store, profile.integration_id
    _strip_sessions(account, name)
    store.db.execute("UPDATE events SET attributes = '{}' WHERE profile = ?", (name,))
    store.db.execute("UPDATE referrals SET body = json_remove(body, '$.attributes') WHERE advocate = ?", (name,))
    store.db.execute("UPDATE profiles SET attributes = '{}' WHERE id = ?", (profile.id,))
    if account.switches.deleted_profile == "gone":
        _remove_profile(account, profile)


def _strip_sessions(account: Account, name: str) -> None:
    for session, text in account.store.rows("SELECT id, body FROM sessions WHERE profile = ?", [name]):
        body = json_text.decode(text)
        for holder in (body, *body.get("cartItems", ())):
            holder.pop("attributes", None)
        account.store.db.execute("UPDATE sessions SET body = ? WHERE id = ?", (json_text.encode_text(body), session))


def _remove_profile(account: Account, profile: Profile) -> None:
    db, name = account.store.db, profile.integration_id
    for table in (
        "memberships", "card_profiles", "reservations", "program_members", "profile_tiers", "achievement_progress",
    ):  # fmt: skip
        db.execute(f"DELETE FROM {table} WHERE profile = ?", (profile.id,))  # noqa: S608 - constants
    # A negative id, because the next new profile may get the id of the deleted one.
    db.execute(
        "UPDATE ledger SET profile = -profile, owner = replace(owner, ?, '') WHERE profile = ?",
        (f',"customerProfileId":{json_text.encode_text(name)}', profile.id),
    )
    db.execute("UPDATE sessions SET profile = '' WHERE profile = ?", (name,))
    db.execute("UPDATE events SET profile = '' WHERE profile = ?", (name,))
    db.execute("UPDATE referrals SET advocate = '' WHERE advocate = ?", (name,))
    db.execute("DELETE FROM profiles WHERE id = ?", (profile.id,))
