"""Personal data hashed: the same everywhere, irreversible without the key, and honest in the schema."""

from __future__ import annotations

import hashlib
import hmac
import json

import jsonschema
import pytest

from talon_one_singer import ConfigError
from tap_talon_one.rows.hashing import FieldHashes

CARD_ROWS, CARD_POINTS = "loyalty_card_transactions", "loyalty_card_balances"
SALT = "p3pper"


def expected(text: str) -> str:
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_a_field_is_hashed_in_every_stream_so_that_rows_still_join(emu, read):
    """Balances and transactions carry the same hash of the same card; the schema says string; rows are valid."""
    options = {"hash_fields": ["cardIdentifier"], "hash_salt": SALT}
    result = read(CARD_ROWS, CARD_POINTS, **options)
    cards = {expected(f"card-00000{n}") for n in (1, 2, 3)}
    for stream in (CARD_ROWS, CARD_POINTS):
        assert cards == {row["cardIdentifier"] for row in result.rows(stream)}
        assert {"type": "string"} == result.schemas[stream]["properties"]["cardIdentifier"]
        for row in result.rows(stream):
            jsonschema.validate(json.loads(json.dumps(row, default=float)), result.schemas[stream])


def test_numbers_nulls_and_paths(emu, read):
    """A number is hashed by its JSON, null stays null, a path reaches into an object, other fields are untouched."""
    hashes = FieldHashes(["customer_profiles.attributes.Email", "customer_profiles.id", "totalSales"], SALT)
    row = b'{"id":12,"attributes":{"Email":"a@b.c","n":0.10},"totalSales":null,"x":[1]}'
    (found,) = hashes.rows("customer_profiles", [row])
    assert {
        "id": expected("12"),
        "attributes": {"Email": expected("a@b.c"), "n": 0.10},
        "totalSales": None,
        "x": [1],
    } == json.loads(found)
    assert b'"n":0.10' in found
    assert [row] == hashes.rows("customer_coupons", [row])


def test_escapes_do_not_change_a_hash():
    """The hash depends on the text, not on its escapes in JSON."""
    hashes = FieldHashes(["integrationId"], SALT)
    rows = ['{"integrationId":"\\u00e9"}', '{"integrationId":"é"}']
    one, other = hashes.rows("customer_profiles", [row.encode() for row in rows])
    assert one == other == b'{"integrationId":"' + expected("é").encode() + b'"}'


@pytest.mark.parametrize(
    ("fields", "salt", "message"),
    [
        (["cardIdentifier"], "", "set hash_salt"),
        (["cardIdentifyer"], SALT, "did you mean 'cardIdentifier'"),
        (["loyalty_card_balances.nope"], SALT, "is not a field of the stream loyalty_card_balances"),
    ],
)
def test_what_cannot_be_hashed_is_refused(fields, salt, message):
    """A misspelled field is an error, because the real field would be written unhashed."""
    with pytest.raises(ConfigError) as error:
        FieldHashes(fields, salt)
    assert message in str(error.value)


def test_the_salt_and_the_plain_values_appear_nowhere(emu, sync):
    """Messages and log contain neither the salt nor unhashed values."""
    run = sync(CARD_ROWS, CARD_POINTS, hash_fields=["cardIdentifier"], hash_salt=SALT, loyalty_program_ids=[1])
    assert 0 == run.code
    assert [False] * 4 == [text in run.stdout + run.stderr for text in (SALT, "card-000001", "card-000002", "p3p")]


def test_the_main_ledger_can_be_given_a_name(emu, read):
    """An empty subledgerId is replaced by the name in every stream; other subledgers are unchanged."""
    emu.reset("synthetic", cards=3, transactions=30)
    options = {"as_of": "2026-01-01"}
    plain, named = (read(CARD_ROWS, CARD_POINTS, **options, **more) for more in ({}, {"main_subledger": 'the "main"'}))
    for stream in (CARD_ROWS, CARD_POINTS):
        expected = [{**row, "subledgerId": row["subledgerId"] or 'the "main"'} for row in plain.rows(stream)]
        assert sorted(expected, key=repr) == sorted(named.rows(stream), key=repr)
    assert {'the "main"', "bonus"} == {row["subledgerId"] for row in named.rows(CARD_POINTS)}
