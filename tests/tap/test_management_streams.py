"""The streams that the management key gives: lists of the account, and one ledger feed a program."""

from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from talon_one_client import ClientConfig, Secret, TalonOneClient
from tap_talon_one.streams import STREAM_GROUPS

BY_REQUEST = {stream.name: stream for group in STREAM_GROUPS if not group.by_default for stream in group.streams}
STREAMS = {
    name: BY_REQUEST[name]
    for name in (
        "loyalty_programs",
        "loyalty_cards",
        "loyalty_program_transactions",
        "audiences",
        "audience_memberships",
        "catalog_items",
        "attributes",
    )
}  # tests/tap/streams has the others
FEED, CARDS = "loyalty_program_transactions", "loyalty_cards"


@pytest.fixture
def filled(emu):
    """An account with an audience of two; catalog, attributes and programs come with the seed."""
    config = ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))
    with TalonOneClient(config) as client:
        audience = client.create_audience_v2({"name": "VIP"})["id"]
        members = [
            {"action": "add", "profileIntegrationId": f"profile-00000{n}", "audienceId": audience} for n in (1, 2)
        ]
        client.update_customer_profile_audiences({"data": members})
    return audience


def test_every_row_fits_its_schema_and_has_its_key(filled, read):
    """All seven streams give rows that validate, and no two rows of a stream have the same key."""
    result = read(*STREAMS, catalog_ids=[1])
    assert None is result.error
    assert set(STREAMS) == {name for name, _ in result.raw}
    for name, stream in STREAMS.items():
        validator, rows = Draft202012Validator(result.schemas[name]), result.rows(name)
        assert [] == [error.message for row in rows for error in validator.iter_errors(row)]
        keys = [tuple(row[field] for field in stream.key) for row in rows]
        assert len(keys) == len(set(keys))
        assert not any(None in key for key in keys)


def test_the_program_feed_holds_the_ledgers_of_cards_and_profiles(emu, read):
    """One feed gives every ledger row of every program, with its owner, amount and typed dates."""
    ledger = emu.state("ledger")["ledger"]
    rows = read(FEED).rows(FEED)
    assert {row["id"]: Decimal(row["amount"]) for row in ledger} == {row["id"]: row["amount"] for row in rows}
    owned = [row for row in rows if row.get("cardIdentifier") or row.get("customerProfileId")]
    assert len(rows) == len(owned)
    assert {"expiry_kind", "expiry_at", "start_kind", "start_at"} <= set(rows[0])


def test_the_program_feed_goes_on_where_it_ended(emu, read):
    """A second run reads nothing, and a third only new rows, in a few calls."""
    first = read(FEED, settle_seconds=0)
    assert [] == read(FEED, state=first.state, settle_seconds=0).raw
    emu.add_transactions([{"program": 1, "card": "card-000001", "amount": 5}] * 3)
    emu.clear_requests()
    assert 3 == len(read(FEED, state=first.state, settle_seconds=0).raw)
    assert emu.counters()["get_loyalty_program_transactions"]["requests"] <= 4


def test_the_points_that_a_card_list_cannot_give_are_null(read):
    """Spent and expired points, always 0 in the list of cards, are null; other points keep their digits."""
    rows = read(CARDS).rows(CARDS)
    ledgers = [ledger for row in rows for ledger in (row["ledger"], *(row.get("subledgers") or {}).values())]
    assert {(None, None)} == {(ledger["spentBalance"], ledger["expiredBalance"]) for ledger in ledgers}
    assert all(ledger["currentBalance"] is not None for ledger in ledgers)


def test_members_say_which_audience_they_are_in(filled, read):
    """Rows of memberships have the audience id, which the API leaves out."""
    rows = read("audience_memberships").rows("audience_memberships")
    assert [(filled, "profile-000001"), (filled, "profile-000002")] == sorted(
        (row["audienceId"], row["integrationId"]) for row in rows
    )


def test_catalogs_must_be_named(read):
    """Without catalog_ids the stream fails and says so, because no endpoint lists catalogs."""
    assert "set catalog_ids" in str(read("catalog_items").error)


def test_an_unknown_catalog_is_an_error(read):
    """A catalog that Talon.One does not know fails the stream."""
    assert "404" in str(read("catalog_items", catalog_ids=[99]).error)


def test_without_a_management_key_the_streams_say_so(read):
    """The error names the setting that is missing."""
    error = str(read("attributes", management_key=None).error)
    assert "management_key" in error


def test_they_are_read_only_if_asked_for(read):
    """Without a catalog these streams are not read, because they repeat data of other streams."""
    assert set() == {name for name, _ in read().raw} & set(BY_REQUEST)
