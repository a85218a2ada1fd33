"""Every id that a sink writes to is checked, if the management key may see what it stands for."""

from __future__ import annotations

import pytest

from target_talon_one.errors import DestinationError
from target_talon_one.lookups.audiences import Audiences
from target_talon_one.lookups.existence import Existence
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.opening import open_store

IDS = sorted({one.removesuffix("?") for sink in SINKS.values() for one in sink.target if "_id" in one})


@pytest.fixture
def check(engine):
    """Check a target with a client that has the management key, or has none."""

    def run(**target):
        with engine.client() as client, open_store(engine.store) as store:
            Existence(client, Audiences(client, store)).check("rows", {"audience_id": None, **target})

    return run


def test_every_id_of_every_sink_is_checked(engine, check):
    """An id that exists passes; one that does not is named with its setting, in one line."""
    engine.emu.add("collections", {"name": "Teas"})
    for setting in (one for one in IDS if one != "subledger_id"):
        check(**{setting: 1})
        with pytest.raises(DestinationError, match=f"^rows: the .* 999 does not exist at Talon.One; check {setting}$"):
            check(**{setting: 999})
    with pytest.raises(DestinationError, match="the campaign 2 does not exist"):
        check(application_id=1, campaign_id=2)


def test_what_the_key_may_not_see_is_not_checked(engine, check):
    """Without a management key, or with one that may not read the list, nothing is said."""
    engine.emu.fault("list_catalog_items", "403", count=0)
    check(catalog_id=999)
    engine.emu.clear_faults()
    engine.management = False
    check(**{setting: 999 for setting in IDS if setting != "subledger_id"})
