"""The 13 operations of the Integration API that came after 2023, each with its effect read back from the emulator."""

from decimal import Decimal

import pytest

from talon_one_client.errors import AlreadyExistsError, BadRequestError, NotFoundError

EVENT = {"integrationId": "e/1", "profileId": "dora", "type": "visit", "attributes": {"page": "home"}}


def left(answer):
    """What is left of each addition, by the id of its transaction."""
    return {row["id"]: row["amount"] for row in answer["data"]}


def test_get_loyalty_card_points(client):
    """What is left of a card's additions is returned by status, subledger and page, in the order of the request."""
    assert {1: Decimal("80.25"), 4: Decimal("7.5")} == left(client.get_loyalty_card_points(1, "card-ada", status=None))
    assert {3: 30} == left(client.get_loyalty_card_points(1, "card-ada", status="pending"))
    assert {4: Decimal("7.5")} == left(client.get_loyalty_card_points(1, "card-ada", subledger_id=["bonus"]))
    pages = [client.get_loyalty_card_points(1, "card-ada", page_size=1, skip=n, sort="-startDate") for n in (0, 1)]
    assert [4, 1] == [page["data"][0]["id"] for page in pages]
    assert [True, False] == [page["hasMore"] for page in pages]


@pytest.fixture
def client(client, emu):
    """A client of an account in the middle of 2025, so that points of the demo are active."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    return client


def test_get_loyalty_program_profile_points(client, emu):
    """What is left of a profile's additions is returned; a debt leaves nothing of them."""
    assert {7: 42} == left(client.get_loyalty_program_profile_points(2, "ada"))
    assert {} == left(client.get_loyalty_program_profile_points(2, "chloé/ö%20"))


def test_generate_unlink_and_link_a_loyalty_card(client):
    """A card is generated with profiles, which are unlinked and linked again."""
    card = client.generate_loyalty_card(1, {"customerProfileIds": ["ada", "ben"]})
    named = client.generate_loyalty_card(1, {"cardIdentifier": "card-new", "status": "inactive"})
    assert ["ada", "ben"] == [one["integrationId"] for one in card["profiles"]]
    assert ("card-new", "inactive", []) == (named["identifier"], named["status"], named["profiles"])
    left_over = client.unlink_loyalty_card_from_profile(1, card["identifier"], {"integrationId": "ada"})
    assert ["ben"] == [one["integrationId"] for one in left_over["profiles"]]
    client.link_loyalty_card_to_profile(1, "card-new", {"integrationId": "ada"})
    cards = client.get_customer_inventory("ada", loyalty=True)["loyalty"]["cards"]
    assert ["card-ada", "card-new"] == [one["identifier"] for one in cards]


def test_activate_loyalty_points(client, emu):
    """Points that wait for an action are active afterward, and a repeated request changes nothing."""
    (waiting,) = client.get_loyalty_card_points(1, "card-ben", status="pending")["data"]
    body = {"transactionUUIDs": [waiting["transactionUUID"]]}
    (entry,) = client.activate_loyalty_points(1, body)["ledgerEntries"]
    assert (5, "2025-06-01T00:00:00.000000Z", 2) == (entry["amount"], entry["startDate"], entry["cardID"])
    assert [] == client.activate_loyalty_points(1, body)["ledgerEntries"]
    assert [] == client.get_loyalty_card_points(1, "card-ben", status="pending")["data"]
    balance = client.get_loyalty_card_balances(1, "card-ben")["balance"]
    assert Decimal("12345678901239.56") == balance["activePoints"]


def test_join_loyalty_program(client):
    """A profile that joins is created, and its inventory has the date; joining again is refused."""
    assert None is client.join_loyalty_program(2, "dora")
    (program,) = client.get_customer_inventory("dora", loyalty=True)["loyalty"]["programs"].values()
    assert "2025-06-01T00:00:00.000000Z" == program["joinDate"]
    with pytest.raises(BadRequestError, match="has joined"):
        client.join_loyalty_program(2, "dora")


def test_delete_loyalty_transactions_from_ledgers(client, emu):
    """The transactions of a profile are deleted in the ledgers that are named, or in all; others stay."""
    row = {"program": 2, "profile": "ada", "amount": 5, "subledgerId": "bonus"}
    (number,) = emu.add_transactions([row])
    body = {"scope": "SelectedSubledgers", "subledgerIds": [""]}
    assert None is client.delete_loyalty_transactions_from_ledgers(2, "ada", body)
    assert {number} == set(left(client.get_loyalty_program_profile_transactions(2, "ada", page_size=50)))
    client.delete_loyalty_transactions_from_ledgers(2, "ada", {"scope": "AllSubledgers"})
    assert {} == left(client.get_loyalty_program_profile_transactions(2, "ada", page_size=50))
    assert 2 == len(client.get_loyalty_program_profile_transactions(2, "chloé/ö%20", page_size=50)["data"])
    assert [number + 1] == emu.add_transactions([row])


def test_achievements_of_a_customer(client, emu):
    """Achievements are returned with the progress of the profile, and the history with each attempt."""
    emu.add("achievements", {"name": "walk", "target": 10}, {"name": "run", "target": 5, "campaignId": 7})
    emu.add("achievements", {"name": "later", "target": 1, "fixedStartDate": "2025-07-01T00:00:00Z"})
    for progress in (4, 10, 2):
        emu.add("achievement_progress", {"achievement": 1, "profile": "ada", "progress": progress})
    found = client.get_customer_achievements("ada")["data"]
    assert {"walk": "inprogress", "run": "not_started"} == {
        row["name"]: row["currentProgress"]["status"] for row in found
    }
    assert ["run"] == [row["name"] for row in client.get_customer_achievements("ada", campaign_ids=[7, 8])["data"]]
    scheduled = client.get_customer_achievements("ada", achievement_status=["scheduled"], achievement_ids=[3])
    assert ["later"] == [row["name"] for row in scheduled["data"]]
    started = client.get_customer_achievements("ada", current_progress_status=["inprogress", "completed"])
    assert 1 == started["totalResultSize"]
    history = client.get_customer_achievement_history("ada", 1)["data"]
    assert [("completed", 10), ("inprogress", 2)] == [(row["status"], row["progress"]) for row in history]
    done = client.get_customer_achievement_history("ada", 1, progress_status=["completed"], page_size=1)
    assert ["2025-06-01T00:00:00.000000Z"] == [row["completionDate"] for row in done["data"]]
    inventory = client.get_customer_inventory("ada", achievements=True)["achievements"]
    assert [(1, "inprogress")] == [(row["achievementId"], row["status"]) for row in inventory]


def test_best_prior_price(client, emu):
    """Prices that a sync sets become the history from which the lowest one is returned."""
    for price in ("12.50", "8", "10"):
        emu.clock(advance=86_400)
        patch = {"type": "PATCH", "payload": {"sku": "MUG-1", "price": Decimal(price)}}
        client.sync_catalog(1, {"actions": [patch]})
    body = {"skus": ["MUG-1", "none"], "timeframeEndDate": "2025-06-04T00:00:00Z", "timeframe": "2"}
    prices = {
        kind: [(row["sku"], row["price"]) for row in client.best_prior_price({**body, "timeframeEndDateType": kind})]
        for kind in ("strict", "price")
    }
    assert {"strict": [("MUG-1", 8)], "price": [("MUG-1", 8)]} == prices
    earlier = client.best_prior_price(
        {**body, "timeframeEndDate": "2025-06-02T00:00:00Z", "timeframeEndDateType": "strict"}
    )
    assert [Decimal("12.50")] == [row["price"] for row in earlier]


def test_integration_get_all_campaigns(client, emu):
    """Only campaigns that run now are returned, filtered by date, audience and id."""
    emu.add(
        "campaigns",
        {
            "name": "May",
            "startTime": "2025-05-01T00:00:00Z",
            "endTime": "2025-07-01T00:00:00Z",
            "linkedAudienceIds": [1],
        },
        {"name": "past", "endTime": "2025-06-01T00:00:00Z"},
        {"name": "off", "state": "disabled"},
    )
    names = {row["name"]: row["id"] for row in client.integration_get_all_campaigns()["data"]}
    assert {"Campaign", "May"} == set(names)
    assert ["May"] == [row["name"] for row in client.integration_get_all_campaigns(audience_id=1)["data"]]
    assert ["May"] == [row["name"] for row in client.integration_get_all_campaigns(start_after="2025-05-01")["data"]]
    assert [] == client.integration_get_all_campaigns(start_after="2025-05-02", campaign_ids=[names["May"]])["data"]
    assert True is client.integration_get_all_campaigns(page_size=1)["hasMore"]


@pytest.mark.parametrize("silent", [None, "no"])
def test_track_event_v3_and_get_event_v3(client, silent):
    """An advanced event can be read, refers to a session, creates its profile, and exists once."""
    client.update_customer_session_v2("s", {"customerSession": {"profileId": "ada", "state": "closed"}})
    event = {**EVENT, "connectedSessionId": "s"}
    answer = client.track_event_v3({**event, "responseContent": ["advancedEvent"]}, silent=silent)
    stored = client.get_event_v3("e/1")
    assert (None if silent is None else stored) == (answer and answer["advancedEvent"])
    assert event.items() <= stored.items()
    with pytest.raises(AlreadyExistsError):
        client.track_event_v3(event)
    with pytest.raises(NotFoundError):
        client.get_event_v3("other")


def test_a_repeated_event_has_no_effect_whatever_the_answer(client, emu):
    """With the switch ``repeated_event=stored`` the second request is answered with the event of the first."""
    emu.switch(repeated_event="stored")
    for page in ("home", "other"):
        answer = client.track_event_v3(
            {**EVENT, "attributes": {"page": page}, "responseContent": ["advancedEvent"]}, silent="no"
        )
        assert {"page": "home"} == answer["advancedEvent"]["attributes"]
    assert 1 == len(emu.state("events")["events"])


@pytest.mark.parametrize(("switch", "refused"), [("reject", True), ("accept", False)])
def test_a_repeated_unlink(client, emu, switch, refused):
    """A link that does not exist is refused or not, by the switch ``repeated_unlink``."""
    emu.switch(repeated_unlink=switch)
    try:
        client.unlink_loyalty_card_from_profile(1, "card-ada", {"integrationId": "ben"})
    except NotFoundError:
        assert refused
    else:
        assert not refused
