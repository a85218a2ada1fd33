"""Members of programs: joining, cards that are generated, and the limits of both."""

from __future__ import annotations

import pytest


def test_a_member_is_gone_with_its_profile(api, emu):
    """Deleting the data of a customer deletes the membership too; the profile can join again."""
    assert api("join_loyalty_program", 2, "new").status == 200
    assert [row["program"] for row in emu.state("program_members")["program_members"]] == [2]
    api("delete_customer_data", "new")
    assert emu.state("program_members")["program_members"] == []
    assert api("join_loyalty_program", 2, "new").status == 200


@pytest.mark.parametrize(("program", "status"), [(1, 400), (9, 404)])
def test_only_profile_based_programs_are_joined(api, emu, program, status):
    """A card-based program and a program that does not exist are refused, and no profile is created."""
    assert api("join_loyalty_program", program, "new").status == status
    assert "new" not in [row["integration_id"] for row in emu.state("profiles")["profiles"]]


def test_cards_have_the_format_of_their_program(api, emu):
    """A generated identifier follows the pattern of the program; without a free code the card is refused."""
    settings = {"couponPattern": "VIP-#", "validCharacters": ["A", "B"]}
    emu.add("programs", {"id": 7, "name": "vip", "cardCodeSettings": settings})
    codes = [api("generate_loyalty_card", 7, body={}) for _ in range(3)]
    assert {"VIP-A", "VIP-B"} == {reply.json["identifier"] for reply in codes[:2]}
    assert codes[2].status == 400
    program = api("get_loyalty_program", 7).json
    assert program["cardCodeSettings"] == settings


@pytest.mark.parametrize(
    ("program", "body"),
    [
        (1, {"customerProfileIds": ["ada", "nobody"]}),
        (1, {"cardIdentifier": "card-ada"}),
        (1, {"cardIdentifier": "ä-card"}),
        (1, {"cardIdentifier": "abc"}),
        (1, {"status": "blocked"}),
        (2, {}),
        (9, {}),
    ],
)
def test_a_card_that_cannot_be_generated(api, emu, program, body):
    """An unknown profile, an identifier that exists or is invalid, and a program without cards give 400."""
    before = emu.state("cards", "card_profiles")
    assert api("generate_loyalty_card", program, body=body).status == 400
    assert emu.state("cards", "card_profiles") == before


def test_a_card_has_no_more_profiles_than_its_program_allows(api, emu):
    """The limit of the program counts for new cards, too."""
    names = [f"p{n}" for n in range(6)]
    emu.add("profiles", *({"integrationId": name} for name in names))
    assert api("generate_loyalty_card", 1, body={"customerProfileIds": names}).status == 400
    reply = api("generate_loyalty_card", 1, body={"customerProfileIds": [*names[:5], names[0]]})
    assert [row["integrationId"] for row in reply.json["profiles"]] == names[:5]
