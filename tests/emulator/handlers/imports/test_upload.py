"""What holds for every import of a CSV file: its columns, its lines, and what happens to lines at fault."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from talon_one_client import endpoints


class Case(NamedTuple):
    """An import: its path parameters, heading, a good and a bad line, the column that it needs, and its table."""

    path: tuple[int, ...]
    heading: str
    good: str
    bad: str
    needed: str
    table: str


CASES = {
    "import_loyalty_points": Case((1,), "identifier,amount", "card-ada,5", "card-ada,none", "amount", "ledger"),
    "import_loyalty_cards": Case((1,), "identifier,state", "card-new,active", "card-ada,active", "state", "cards"),
    "import_loyalty_customers_tiers": Case(
        (2,), "customerprofileid,tiername", "ada,Gold", "ada,Tin", "tiername", "profile_tiers"
    ),
    "import_loyalty_join_dates": Case(
        (2,), "customerprofileid,newjoindate", "ada,2020-05-01", "nobody,2020-05-01", "newjoindate", "program_members"
    ),
    "import_coupons": Case((1, 1), "value,limitval", "SPRING,2", "WELCOME,1", "value", "coupons"),
    "import_referrals": Case(
        (1, 1), "code,advocateprofileintegrationid", "ADA-1,ada", "ADA-2,nobody", "code", "referrals"
    ),
    "import_account_collection": Case((1,), "item", "tea", '""', "item", "collection_items"),
    "import_collection": Case((1, 1, 2), "item", "tea", '""', "item", "collection_items"),
}
EVERY = pytest.mark.parametrize(("name", "case"), CASES.items(), ids=list(CASES))


@pytest.fixture(autouse=True)
def collections(emu):
    """Create a collection of the account and one of the campaign."""
    emu.add("collections", {"name": "of the account"}, {"name": "of the campaign", "campaignId": 1})


def upload(api, name, case, text):
    """Upload a text as a file."""
    return api(name, *case.path, files={"upFile": ("rows.csv", text)})


def test_every_import_is_walked_here():
    """All multipart operations but the memberships of audiences are cases of this module."""
    multipart = {one.name for one in endpoints.ALL if one.request_media == "multipart"}
    assert multipart - {"import_audiences_memberships"} == set(CASES)


@EVERY
def test_a_file_is_imported_and_counted(api, emu, name, case):
    """The answer counts the rows, and the table has one more."""
    before = len(emu.state(case.table)[case.table])
    reply = upload(api, name, case, f"{case.heading}\n{case.good}\n")
    assert reply.status == 200
    assert reply.json["amount"] == 1
    assert len(emu.state(case.table)[case.table]) == before + 1


@EVERY
def test_a_file_with_other_columns_is_refused(api, emu, name, case):
    """A missing, an unknown and a repeated column, no CSV and no UTF-8 give 400 and change nothing."""
    before = emu.state()
    without = case.heading.replace(case.needed, "other")
    for text in (
        f"{without}\n{case.good}\n",
        f"{case.heading},{case.needed}\n{case.good},x\n",
        f"{case.heading},unknown\n{case.good},x\n",
        "",
        f'{case.heading}\n"{case.good}',
        f"{case.heading}\n\xff\n".encode("latin-1"),
    ):
        assert upload(api, name, case, text).status == 400
    assert emu.state() == before


@EVERY
def test_a_bad_line_is_named_and_refuses_the_file(api, emu, name, case):
    """The error names the number of the line, the heading being line 1; no line is imported."""
    before = emu.state()
    reply = upload(api, name, case, f"{case.heading}\n{case.good}\n{case.bad}\n")
    assert reply.status == 400
    assert [error["source"] for error in reply.json["errors"]] == [{"line": "3"}]
    short = upload(api, name, case, f"{case.heading}\n{case.good}\n{case.good},more\n")
    assert short.json["errors"][0]["source"] == {"line": "3"}
    assert emu.state() == before


@EVERY
def test_a_bad_line_may_leave_the_good_ones(api, emu, name, case):
    """With the switch ``batch=partial``, the good lines are imported although the answer is 400."""
    emu.switch(batch="partial", errors="all")
    before = len(emu.state(case.table)[case.table])
    reply = upload(api, name, case, f"{case.heading}\n{case.bad}\n{case.good}\n{case.bad}\n")
    assert reply.status == 400
    assert [error["source"]["line"] for error in reply.json["errors"]] == ["2", "4"]
    assert len(emu.state(case.table)[case.table]) == before + 1


@EVERY
def test_an_unknown_target_is_refused(api, emu, name, case):
    """A program, campaign or collection that does not exist gives 404."""
    emu.reset("demo", era="current")
    reply = api(name, *[99] * len(case.path), files={"upFile": ("rows.csv", f"{case.heading}\n{case.good}\n")})
    assert reply.status == 404
