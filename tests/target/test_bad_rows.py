"""Bad rows in batches are found one by one, whatever Talon.One says about them."""

from __future__ import annotations

import random
from itertools import product

import pytest

from talon_one_emulator.control.switches import choices
from tests.examples import slow

ROWS, BATCH = 10_000, 1000
PROFILES = {"sink": "customer_profiles", "mode": "upsert", "key": "id"}
ITEMS = {"sink": "catalog_items", "mode": "mirror", "catalog_id": 1, "map": {"sku": "id", "attributes": ["tier"]}}


def halvings(bad: list[bool]) -> int:
    """Return the number of requests that halving needs to find the bad rows of a batch."""
    if not any(bad) or len(bad) == 1:
        return 1
    middle = len(bad) // 2
    return 1 + halvings(bad[:middle]) + halvings(bad[middle:])


def theoretical(bad: set[int], *, pointers: str, errors: str) -> int:
    """Return the number of requests that a sender needs if it uses every pointer of an error response."""
    total = 0
    for first in range(0, ROWS, BATCH):
        mine = [row in bad for row in range(first, first + BATCH)]
        if pointers == "no":
            total += halvings(mine)
        else:
            total += 1 + (min(sum(mine), 1) if errors == "all" else sum(mine))
    return total


def source(bad: set[int]) -> list[dict]:
    return [{"id": f"k-{n:05}", "tier": 7 if n in bad else "gold"} for n in range(ROWS)]


@pytest.mark.parametrize("count", [slow(1), 5, slow(50)])
@pytest.mark.parametrize(
    ("batch", "errors", "pointers"),
    list(product(choices()["batch"], choices()["errors"], choices()["pointers"])),
)
def test_exactly_the_bad_profiles_are_rejected(engine, batch, errors, pointers, count):
    """All good profiles arrive, in about as many requests as theory needs."""
    engine.emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    engine.emu.switch(batch=batch, errors=errors, pointers=pointers)
    engine.management = False
    bad = set(random.Random(count).sample(range(ROWS), count))
    figures = engine.push(PROFILES, source(bad))
    assert {f"k-{n:05}" for n in bad} == {line["key"] for line in engine.rejects()}
    assert count == len(engine.rejects()) == figures.rejected
    profiles = engine.emu.state("profiles")["profiles"]
    assert {f"k-{n:05}" for n in range(ROWS) if n not in bad} == {row["integration_id"] for row in profiles}
    requests, best = (
        engine.requests()["update_customer_profiles_v2"],
        theoretical(bad, pointers=pointers, errors=errors),
    )
    assert figures.requests == requests
    assert best <= requests <= 1.1 * best


@pytest.mark.parametrize(("batch", "pointers"), list(product(choices()["batch"], choices()["pointers"])))
def test_exactly_the_bad_items_are_rejected(engine, batch, pointers):
    """All good items arrive, also if a refused request was applied in part."""
    engine.emu.add("attributes", {"entity": "CartItem", "name": "tier", "type": "string"})
    engine.emu.switch(batch=batch, pointers=pointers)
    engine.management = False
    bad = set(random.Random(5).sample(range(ROWS), 5))
    engine.push(ITEMS, source(bad))
    assert {f"k-{n:05}" for n in bad} == {line["key"] for line in engine.rejects()}
    assert {f"k-{n:05}" for n in range(ROWS) if n not in bad} == set(engine.items())
    requests, best = engine.requests()["sync_catalog"], theoretical(bad, pointers=pointers, errors="first")
    assert best <= requests <= 1.1 * best


def test_rejects_say_what_talon_one_said_and_go_when_the_row_is_mended(engine):
    """Rejects hold Talon.One's message, and are removed when the next run has sent the corrected rows."""
    engine.management = False
    figures = engine.push(PROFILES | {"max_reject_share": 1}, [{"id": "a", "tier": "gold"}])
    (line,) = engine.rejects()
    assert 1 == figures.rejected
    assert "rejected" == line["kind"]
    assert "a" == line["key"]
    assert 400 == line["status"]
    assert "attribute not defined on the entity" in line["server"]
    assert {"integrationId": "a", "attributes": {"tier": "gold"}} == line["row"]
    engine.emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    again = engine.push(PROFILES, [])
    assert 0 == again.read
    assert 1 == again.adds
    assert 1 == again.sent
    assert 0 == engine.push(PROFILES, []).adds


def test_when_everything_is_refused_it_ends_early(engine):
    """If every row is refused, the run ends early with Talon.One's message."""
    from target_talon_one.errors import IncompleteError

    engine.management = False
    with pytest.raises(
        IncompleteError, match=r"refused the first \d+ rows and accepted none.*attribute not defined"
    ) as failed:
        engine.push(PROFILES, [{"id": f"k-{n}", "unheard_of": "x"} for n in range(3000)])
    (brief,) = failed.value.brief  # what alerts and reports show
    assert brief.endswith("accepted none; check the settings")
    assert engine.requests()["update_customer_profiles_v2"] < 1000


def test_more_rejects_than_allowed_fail_the_run(engine):
    """The run fails after all good rows have arrived."""
    from target_talon_one.errors import IncompleteError

    engine.management = False
    engine.emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    rows = [{"id": f"k-{n}", "tier": 1 if n < 3 else "x"} for n in range(20)]
    with pytest.raises(
        IncompleteError, match=r"rows: 3 rows were refused, and max_rejects is 2 \(3 rows.*\); see .*rejects"
    ):
        engine.push(PROFILES | {"max_rejects": 2, "max_reject_share": 1}, rows)
    assert 17 == len(engine.emu.state("profiles")["profiles"])
