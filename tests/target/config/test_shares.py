"""Settings that are shares take numbers between 0 and 1, so that a percentage does not turn a guard off."""

from __future__ import annotations

import pytest

from talon_one_client.connection.settings import CALLS, KEYS
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.destination_settings import OPTIONS
from target_talon_one.errors import SyncConfigError
from target_talon_one.settings import SETTINGS

ITEMS = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert"}
SHARES = [name for name in OPTIONS if "share" in name]


def test_every_share_is_known_here():
    """Every setting whose name says that it is a share is a setting of a destination."""
    assert ["max_delete_share", "max_reject_share"] == SHARES
    assert [] == [one.name for one in (*SETTINGS, *CALLS, *KEYS) if "share" in one.name]


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("given", [50, 1.01, -0.1, "50", 100])
def test_a_share_outside_of_0_and_1_is_refused(name, given):
    """The message names the setting and the allowed range."""
    with pytest.raises(SyncConfigError) as refused:
        destination_from("items", ITEMS | {name: given})
    number = float(given) if isinstance(given, float) else given
    assert f"streams.items: {name!r} must be a share between 0 and 1, like 0.5 for 50 %, not {number}" == str(
        refused.value
    )


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("given", [0, 1, 0.5, "0.25"])
def test_a_share_between_0_and_1_is_taken(name, given):
    """Every value from 0 to 1 is accepted, including both ends."""
    assert float(given) == getattr(destination_from("items", ITEMS | {name: given}).guards, name)
