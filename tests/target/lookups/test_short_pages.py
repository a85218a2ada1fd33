"""Lists of a server whose pages are shorter than requested are read to their end."""

import re

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.lookups import remote
from target_talon_one.lookups.attribute_types import attribute_types
from target_talon_one.lookups.audiences import Audiences
from target_talon_one.lookups.profiles import MOST_SINGLE_REQUESTS
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

CAP = 5
GUARD = {"mode": "mirror", "create_profiles": "guard"}


@pytest.fixture
def client(emu, engine, between):
    """A client of a server that returns at most five rows per page and refuses exports."""

    def change(exchange):
        if exchange.path.endswith("/export"):
            return 400, {}, b'{"message":"exports are switched off"}'
        return exchange.send(re.sub(r"pageSize=\d+", f"pageSize={CAP}", exchange.path))

    with engine.client(base_url=between(emu.url, change)) as made:
        yield made


def nothing():
    """A check that never stops a run."""


def test_the_audience_on_a_later_page_is_found(client, engine):
    """An audience on the third page is found."""
    for number in range(13):
        client.create_audience_v2({"name": f"audience {number}"})
    with open_store(engine.store) as store:
        found = Audiences(client, store).find({"name": "audience 12"})
    assert 13 == found


def test_members_are_listed_to_the_last_page(client, emu):
    """When the export is refused, the list of members is read to its last page."""
    client.create_audience_v2({"name": "VIP"})
    names = [f"p-{number:02}" for number in range(23)]
    emu.add("profiles", *({"integrationId": name} for name in names))
    actions = [{"action": "add", "audienceId": 1, "profileIntegrationId": name} for name in names]
    client.update_customer_profile_audiences({"data": actions})
    assert names == sorted(name for page in remote.members(client, 1, nothing) for name in page)


def test_items_are_listed_to_the_last_page(client, emu):
    """The items of a catalog are listed to the last page."""
    emu.add("catalogs", {"name": "Products"})
    skus = [f"s-{number:02}" for number in range(23)]
    client.sync_catalog(1, {"actions": [{"type": "ADD", "payload": {"sku": sku}} for sku in skus]})
    assert skus == sorted(sku for skus, _ in remote.list_items(client, {"catalog_id": 1}, nothing) for sku in skus)


def test_attributes_are_listed_to_the_last_page(client, emu):
    """The types of attributes on all pages are known."""
    names = {f"attribute {number}" for number in range(17)}
    emu.add("attributes", *({"entity": "CustomerProfile", "name": name, "type": "string"} for name in names))
    assert names <= set(attribute_types(client, SINKS["customer_profiles"]))


def test_profiles_are_listed_to_the_last_page(client, emu, engine):
    """A member whose profile is on a later page does not count as new, so that the guard does not stop the run."""
    names = [f"p-{number:03}" for number in range(MOST_SINGLE_REQUESTS + 20)]
    emu.add("profiles", *({"integrationId": name} for name in names))
    given = {"sink": "audience_members", "audience": {"name": "VIP"}, "key": "id"} | GUARD
    with open_store(engine.store) as store, SyncRun(client, store, engine.options(), command="test") as run:
        destination = run.open(destination_from("rows", given), columns=["id"])
        destination.add([{"id": name} for name in names], names)
        destination.close_source(complete=True)
        run.finish()
    assert set(names) == engine.members()
