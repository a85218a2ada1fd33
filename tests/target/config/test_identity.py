"""A deployment has one identity in a store, however its base URL is spelled, also in stores of earlier versions."""

import json

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.identity import canonical_identity
from target_talon_one.config.options import SyncOptions
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

MIRROR = {
    "sink": "audience_members",
    "mode": "mirror",
    "audience": {"name": "VIP", "integration": "w", "integration_id": "vip"},
    "create_profiles": "allow",
    "max_delete_share": 1,
}


def push(path, url, emu, ids):
    """Make the ids the members of the audience and return the figures; only the store knows the audience."""
    config = ClientConfig(url, api_key=Secret(emu.api_key))
    with TalonOneClient(config) as client, open_store(path) as store, _run(client, store, path) as run:
        destination = run.open(destination_from("vip", MIRROR), columns=["profileIntegrationId"])
        destination.add([{"profileIntegrationId": one} for one in ids], [f"row {one}" for one in ids])
        destination.close_source(complete=True)
        run.finish()
        return destination.counts


def _run(client, store, path):
    options = SyncOptions(rejects_directory=f"{path}-rejects", results_directory=f"{path}-results")
    return SyncRun(client, store, options, command="test")


def respell(path, spelling):
    """Rewrite the store as an earlier version did, which kept base URLs in the spelling of the settings."""
    with open_store(path) as store:
        for number, identity in store.destinations.identities().items():
            parts = json.loads(identity)
            store.destinations.rename(number, json.dumps([spelling, *parts[1:]], separators=(",", ":")))
        for name, value in store.database.run(
            "SELECT name, value FROM remembered WHERE starts_with(name, 'audience ')"
        ):
            rest = name.split(" ", 2)[2]
            store.database.run("UPDATE remembered SET name = ? WHERE name = ?", f"audience {spelling} {rest}", name)
            assert value


def members(emu):
    state = emu.state()
    names = {one["id"]: one["integration_id"] for one in state["profiles"]}
    return sorted(names[one["profile"]] for one in state["memberships"])


SPELLINGS = [
    lambda url: url.replace("http:", "HTTP:"),
    lambda url: f"{url}/",
    lambda url: f" {url}// ",
    lambda url: url.replace("http:", "Http:"),
]


@pytest.mark.parametrize("spell", SPELLINGS)
def test_another_spelling_is_the_same_deployment(emu, tmp_path, spell):
    """A mirror removes a member that has left the segment, also if the base URL is spelled differently."""
    path = str(tmp_path / "s.duckdb")
    push(path, emu.url, emu, ["a", "b"])
    figures = push(path, spell(emu.url), emu, ["a"])
    assert 0 == figures.adds
    assert 1 == figures.removes
    assert 1 == figures.same
    assert ["a"] == members(emu)


@pytest.mark.parametrize("spell", [SPELLINGS[0], SPELLINGS[1], SPELLINGS[3]])
def test_a_store_of_another_spelling_is_recognized(emu, tmp_path, spell):
    """Stores of versions that kept the text of the base URL are recognized."""
    path = str(tmp_path / "s.duckdb")
    push(path, emu.url, emu, ["a", "b"])
    respell(path, spell(emu.url))
    figures = push(path, emu.url, emu, ["a"])
    assert 0 == figures.adds
    assert 1 == figures.removes
    assert 1 == figures.same
    assert ["a"] == members(emu)


def test_destinations_of_two_spellings_become_one(tmp_path):
    """Rows known under either spelling stay known; rows that differ are uncertain and are sent again."""
    path = str(tmp_path / "s.duckdb")
    with open_store(path) as store:
        for url, rows in (("https://A.example", {"x": 1, "y": 2}), ("https://a.example", {"y": 3, "z": 4})):
            number = store.destinations.number_of(json.dumps([url, "audience_members", {"audience": 1}]), "vip")
            for key, fingerprint in rows.items():
                store.database.run(f"INSERT INTO sent_{number} VALUES (?, ?, 1)", key, fingerprint)
    with open_store(path) as store:
        ((number, identity),) = store.destinations.identities().items()
        assert '["https://a.example","audience_members",{"audience":1}]' == identity
        known = dict(store.database.run(f"SELECT key, fingerprint FROM sent_{number} ORDER BY key"))
        assert {"x": 1, "y": None, "z": 4} == known


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (["HTTPS://Acme.Talon.One:443/", "events", {}], ["https://acme.talon.one", "events", {}]),
        (["http://h:80", "catalog_items", {"catalog_id": 1}], ["http://h", "catalog_items", {"catalog_id": 1}]),
        (
            ["https://h", "referrals_multiple", {"campaign_id": 1, "start_date": "2026-01-01T02:00:00+02:00"}],
            ["https://h", "referrals_multiple", {"campaign_id": 1, "start_date": "2026-01-01T00:00:00Z"}],
        ),
    ],
)
def test_an_identity_has_one_spelling(before, now):
    """Base URL and dates are normalized; everything else stays unchanged."""
    assert now == json.loads(canonical_identity(json.dumps(before)))


@pytest.mark.parametrize(
    "text", ["", "x", "[]", '["http://[", "k", {}]', '["u", "k", {"start_date": "soon"}]', "[1,2,3]"]
)
def test_what_cannot_be_read_stays(text):
    """An identity that cannot be parsed is kept as it is, so that no store is lost."""
    assert text == canonical_identity(text)
