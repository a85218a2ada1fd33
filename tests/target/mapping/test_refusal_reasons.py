"""A plan and a push count the reasons of refused rows, and do not succeed if too many rows are refused."""

from __future__ import annotations

import json
import math
import re
import sys
from datetime import date, time
from decimal import Decimal

import pytest

from talon_one_singer.reporting.refusal_reasons import Reasons
from target_talon_one.errors import IncompleteError
from target_talon_one.mapping.coercion import field_conversion
from target_talon_one.mapping.conversion_errors import ConversionError, InvalidRow
from target_talon_one.mapping.mapper import Mapper
from target_talon_one.mapping.mapping_options import MappingOptions
from target_talon_one.sinks.table import SINKS
from tests import commands

ITEMS = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "map": {"sku": "id", "price": "price"}}


@pytest.fixture
def talon_one(engine, tmp_path):
    """Return a function that runs a command with a SYNC.yml of items."""

    def run(command, rows, *options, **more):
        (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / "SYNC.yml").write_text(json.dumps({"syncs": {"items": {"source": "items.jsonl", **ITEMS, **more}}}))
        config = {"base_url": engine.emu.url, "api_key": engine.emu.api_key}
        (tmp_path / "config.json").write_text(json.dumps(config))
        arguments = [command, "SYNC.yml", "--config", "config.json", *options]
        return commands.run(
            [sys.executable, "-m", "talon_one_cli", *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    return run


BAD = [{"id": f"k-{n}", "price": f"many-{n}"} for n in range(5)]
GOOD = [{"id": f"g-{n}", "price": n} for n in range(5)]


@pytest.mark.parametrize("command", ["plan", "push"])
def test_rows_that_are_all_refused_end_with_exit_code_1_and_the_reason(talon_one, command):
    """The reasons are counted by field, whatever the values are."""
    done = talon_one(command, BAD)
    assert 1 == done.returncode
    assert "items: 100.0% of the rows were refused, and max_reject_share is 0.1" in done.stderr
    assert "'price'" not in done.stderr  # the reason is said once
    assert "items: refused 5 rows, for example: 'price' from column 'price': " in done.stdout
    assert "'many-0' is not a number" in done.stdout


@pytest.mark.parametrize("command", ["plan", "push"])
@pytest.mark.parametrize(("more", "code"), [({}, 1), ({"max_reject_share": 0.5}, 0), ({"max_rejects": 4}, 1)])
def test_a_plan_ends_as_its_push_would(talon_one, command, more, code):
    """A plan ends with the exit code that its push would have."""
    assert code == talon_one(command, BAD + GOOD, **more).returncode


def test_a_plan_as_json_has_the_reasons(talon_one):
    """The JSON of a plan holds the reasons."""
    (planned,) = json.loads(talon_one("plan", BAD, "--json").stdout)["destinations"]
    assert 5 == planned["invalid"]
    assert 1 == len(planned["reasons"])


def test_the_target_tells_them_too(engine, singer):
    """The target logs the reasons with --plan and without it."""
    schema = {"properties": {"id": {}, "price": {}}}
    lines = [{"type": "SCHEMA", "stream": "items", "key_properties": ["id"], "schema": schema}]
    lines += [{"type": "RECORD", "stream": "items", "record": row} for row in BAD]
    for options in (["--plan"], []):
        done = singer(lines, {"items": ITEMS}, *options)
        assert 1 == done.returncode
        assert "5 rows, for example: 'price' from column 'price'" in done.stderr


def test_what_talon_one_refuses_is_counted_by_its_words(engine):
    """Refusals of Talon.One are counted by the server's own words."""
    engine.management = False
    given = ITEMS | {"map": {"sku": "id", "attributes": ["price"]}}
    with pytest.raises(
        IncompleteError, match=r"5 rows(, for example)?: Talon.One: .*attribute not defined on the entity"
    ):
        engine.push(given, GOOD)


def test_masked_reasons_hold_no_values(engine):
    """With mask_rejects no value appears in a reason."""
    with pytest.raises(IncompleteError) as failed:
        engine.push(ITEMS, BAD, mask_rejects=True)
    assert "5 rows: 'price' from column 'price'" in str(failed.value)
    assert "many-" not in str(failed.value)


def test_the_most_frequent_reasons_come_first_and_few_are_shown():
    """The most frequent reasons are shown first, and the number of kept reasons is limited."""
    reasons = Reasons()
    for number in range(5000):
        reasons.add(f"field {number}: bad")
    for _ in range(2):
        reasons.add("field 7: bad")
    assert ["4,000 rows: other reasons", "3 rows: field 7: bad"] == reasons.lines()[:2]
    assert "and 998 other reasons, see the rejects" == reasons.lines()[-1]


VALUES = [True, False, math.nan, Decimal("NaN"), ["x"], {"a": Decimal("1.10")}, b"x", {"s"}, time(1), "x", 17, date.min]
KINDS = ("string", "integer", "number", "boolean", "date-time", "array", "object", "product")


@pytest.mark.parametrize("kind", KINDS)
def test_no_message_holds_words_of_python(kind):
    """Values are shown as JSON with their types in words, and the kind of a reason shows no value."""
    coerce = field_conversion(kind, filled=True, in_path=False).coerce
    found = []
    for value in VALUES:
        try:
            coerce(value)
        except ConversionError as problem:
            found.append((str(problem), str(problem.kind)))
    python = re.compile(r"Decimal|\bdict\b|\bstr\b|\bbytes\b|\bset\b|True|False|b'|datetime|\['")
    assert found
    assert [] == [said for each in found for said in each if python.search(said)]
    assert [] == [kind for _, kind in found if "1.10" in kind]


def test_different_reasons_of_a_field_are_counted_apart():
    """Each printed reason has the number of its own rows, and together they are all that was refused."""
    rows = [{"sku": value} for value in [True, True, False, None, None, ["x"], {"a": 1}, Decimal("NaN")]]
    mapper = Mapper(SINKS["catalog_items"], MappingOptions(map={"sku": "sku"}), columns=["sku"])
    reasons = Reasons()
    for row in rows:
        with pytest.raises(InvalidRow) as refused:
            mapper(row)
        reasons.add(refused.value.reason, kind=refused.value.kind)
    place = "'sku' from column 'sku': "
    assert {
        f"{place}a boolean is not a text": 3,
        f"{place}it is null, and every row needs it": 2,
        f"{place}a list is not a text": 1,
        f"{place}an object is not a text": 1,
        f"{place}a number that is not finite is not a number that JSON can hold": 1,
    } == reasons.counts
    assert f"3 rows, for example: {place}the boolean true is not a text" == reasons.lines()[0]


def test_reasons_of_others_are_grouped_without_their_values():
    """Reasons of a schema or of Talon.One that differ only in quoted values and numbers are one reason."""
    reasons = Reasons()
    for at in range(5):
        reasons.add(f"Talon.One: attribute {chr(34)}a-{at}{chr(34)} must be at least {at}")
    reasons.add("Talon.One: not found")
    assert [5, 1] == sorted(reasons.counts.values(), reverse=True)
