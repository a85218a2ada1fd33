"""Every stream: its rows are what the emulator holds, fit their schema and have their keys."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from talon_one_client import ClientConfig, Secret, TalonOneClient
from tap_talon_one.rows.splicing import ledger_date
from tap_talon_one.streams import STREAM_GROUPS

CARDS, PROFILES = "loyalty_card_transactions", "loyalty_profile_transactions"
CARD_BALANCES, PROFILE_BALANCES = "loyalty_card_balances", "loyalty_profile_balances"
POINTS = ("activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints")
AMOUNTS = ("0.1", "12345678901234.56", "123456789012345678", "0.123456789012345678", "1e-7", "10.00")
HOSTILE = ("50%+@x", "a/b?c#d", "smile 😀 é", "x" * 1000, 'quo"te\\', "line\nbreak", "..%2F")


def fill(emu):
    """Create data for every stream."""
    emu.add("coupons", {"value": "10$ OFF/NOW"})
    config = ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))
    with TalonOneClient(config) as client:
        client.create_coupon_reservation("10$ OFF/NOW", {"integrationIDs": ["profile-000001", "profile-000002"]})
        client.create_referral({"campaignId": 1, "advocateProfileIntegrationId": "profile-000001"})
        session = {"profileId": "profile-000001", "state": "open", "cartItems": []}
        client.update_customer_session_v2("order 1/2", {"customerSession": session})


@pytest.mark.parametrize("era", ["current", "seed"])
def test_rows_fit_their_schema_and_have_unique_keys(running, read, era):
    """In both eras each row validates, and no two rows of a stream have the same key."""
    running.reset("synthetic", era=era, cards=3, transactions=20, profile_transactions=5)
    fill(running)
    result = read(session_ids=["order 1/2"], coupon_ids=["10$ OFF/NOW"])
    assert None is result.error
    expected = [stream for group in STREAM_GROUPS if group.by_default for stream in group.streams]
    assert {s.name for s in expected} - {"customer_giveaways"} == {name for name, _ in result.raw}
    for stream in expected:
        validator = Draft202012Validator(result.schemas[stream.name])
        rows = result.rows(stream.name)
        assert [] == [error.message for row in rows for error in validator.iter_errors(row)]
        keys = [tuple(row[name] for name in stream.key) for row in rows]
        assert len(keys) == len(set(keys))
        assert not any(None in key for key in keys)


@pytest.mark.parametrize("era", ["current", "seed"])
@pytest.mark.parametrize(("stream", "owner"), [(CARDS, "card"), (PROFILES, "profile")])
def test_ledgers_are_complete(running, read, era, stream, owner):
    """A ledger longer than a page is read completely, once, and with all digits of its amounts."""
    running.reset("synthetic", era=era, cards=2, transactions=130, profile_transactions=130)
    held = {r["id"]: r["amount"] for r in running.state("ledger")["ledger"] if r[owner] is not None}
    result = read(stream, page_size=20)
    assert held == {row["id"]: str(row["amount"]) for row in result.rows(stream)}
    assert len(held) == len(result.raw)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts_arrive_byte_by_byte(emu, read, amount):
    """No digit of an amount is lost or added, with and without field selection."""
    emu.add("cards", {"identifier": "CARD-X"})
    emu.add_transactions([{"card": "CARD-X", "amount": amount, "created": "2026-01-01T00:00:00Z"}])
    ((_, raw),) = read(CARDS, card_ids=["CARD-X"], loyalty_program_ids=[1]).raw
    assert [f'"amount":{amount}'.encode()] == [part for part in raw.split(b",") if part.startswith(b'"amount"')]


def test_a_negative_zero_stays_one(stub, read):
    """-0 and trailing zeros of ledger rows and balances are written unchanged."""
    balances = b'{"balance":{"activePoints":-0,"spentPoints":1e-7},"subledgerBalances":{"s":{"activePoints":-0.0}}}'
    rows = read(
        CARD_BALANCES, base_url=stub(balances), management_key=None, card_ids=["CARD-1"], loyalty_program_ids=[1]
    ).raw
    assert b'"activePoints":-0,' in rows[0][1]
    assert b'"activePoints":-0.0,' in rows[1][1]
    page = b'{"hasMore":false,"data":[{"id":1,"created":"2026-01-01T00:00:00Z","amount":-0}]}'
    ((_, raw),) = read(
        CARDS, base_url=stub(page), management_key=None, card_ids=["CARD-1"], loyalty_program_ids=[1]
    ).raw
    assert b'"amount":-0,' in raw


@pytest.mark.parametrize(
    ("start", "expiry", "typed"),
    [
        ("immediate", "unlimited", ["immediate", None, "unlimited", None]),
        ("on_action", "9999-12-31T23:59:59Z", ["on_action", None, "timestamp", "9999-12-31T23:59:59Z"]),
        (
            "0001-01-01T00:00:00Z",
            "2026-01-01T00:00:00+07:00",
            ["timestamp", "0001-01-01T00:00:00Z", "timestamp", "2025-12-31T17:00:00Z"],
        ),
    ],
)
def test_ledger_dates_are_typed_beside_the_raw_ones(emu, read, start, expiry, typed):
    """Kinds and instants are added to the dates of a ledger row, whose original fields stay."""
    emu.add("cards", {"identifier": "CARD-X"})
    row = {"card": "CARD-X", "amount": 1, "created": "2026-01-01T00:00:00Z"}
    emu.add_transactions([row | {"startDate": start, "expiryDate": expiry}])
    (row,) = read(CARDS, card_ids=["CARD-X"], loyalty_program_ids=[1]).rows(CARDS)
    assert [start, expiry] == [row["startDate"], row["expiryDate"]]
    assert typed == [row[name] for name in ("start_kind", "start_at", "expiry_kind", "expiry_at")]


@pytest.mark.parametrize(
    ("text", "kind", "instant"),
    [
        ("2016-12-31T23:59:60Z", '"unparsed"', "null"),
        ("2025-02-30T00:00:00Z", '"unparsed"', "null"),
        ("2022-01-02T15:04:05Z07:00", '"unparsed"', "null"),
        ("2025-01-01T00:00:00", '"unparsed"', "null"),
        ("2025-01-01", '"unparsed"', "null"),
        ("0001-01-01T00:00:00+07:00", '"unparsed"', "null"),
        ("9999-12-31T23:59:59-01:00", '"unparsed"', "null"),
        ("2025-01-01T00Z", '"timestamp"', '"2025-01-01T00:00:00Z"'),
        ("2025-W01-1T00:00:00Z", '"timestamp"', '"2024-12-30T00:00:00Z"'),
        ("2025-01-01T00:00:00,5Z", '"timestamp"', '"2025-01-01T00:00:00.500000Z"'),
        ("2025-01-01 00:00:00+00:00", '"timestamp"', '"2025-01-01T00:00:00Z"'),
        ("2025-01-01T00:00:00.123456789Z", '"timestamp"', '"2025-01-01T00:00:00.123456Z"'),
        ("2025-01-01T00:00:00.12Z", '"timestamp"', '"2025-01-01T00:00:00.12Z"'),
        ('new "word', '"new \\"word"', "null"),
        ("", "null", "null"),
        (None, "null", "null"),
    ],
)
def test_a_ledger_date_is_an_instant_only_if_a_calendar_has_it(text, kind, instant):
    """``start_at`` and ``expiry_at`` are RFC 3339 in UTC, or null."""
    assert (kind, instant) == ledger_date(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_profile_ids_come_back_unchanged(emu, read, name):
    """Ids that URLs and JSON must escape are requested and written unchanged."""
    emu.add("profiles", {"integrationId": name})
    emu.add_transactions([{"program": 2, "profile": name, "amount": 1, "created": "2026-01-01T00:00:00Z"}])
    streams = (PROFILES, PROFILE_BALANCES, "customer_profiles", "customer_loyalty")
    result = read(*streams, profile_ids=[name], loyalty_program_ids=[2])
    assert {stream: [name] for stream in streams} == {
        s: [row["integrationId"] for row in result.rows(s)] for s in streams
    }


@pytest.mark.parametrize("as_of", ["2024-01-01T00:05:00Z", "2025-02-04T00:10:00Z", "2099-01-01T00:00:00+02:00"])
@pytest.mark.parametrize(("stream", "program"), [(CARD_BALANCES, 1), (PROFILE_BALANCES, 2)])
def test_balances_are_those_of_the_instant(emu, read, stream, program, as_of):
    """Each ledger has one row, equal to the emulator's own arithmetic, at past and future instants."""
    truth = emu.truth(program, as_of)
    expected = {(owner, ledger): points for owner, ledger, *points in truth["balances"]}
    rows = read(stream, as_of=as_of, loyalty_program_ids=[program]).rows(stream)
    found = {(r.get("cardIdentifier") or r["integrationId"], r["subledgerId"]): [r[n] for n in POINTS] for r in rows}
    assert len(rows) == len(found)
    assert expected == {key: points for key, points in found.items() if key in expected}
    assert [] == [points for key, points in found.items() if key not in expected and any(points)]
    assert {datetime.fromisoformat(as_of).astimezone(UTC)} == {datetime.fromisoformat(r["as_of"]) for r in rows}


def test_balances_without_as_of_are_of_the_instant_the_ledgers_are_read_up_to(emu, read):
    """Balances and transactions of one run agree."""
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    result = read(CARDS, CARD_BALANCES, now=now, settle_seconds=90)
    assert {(now - timedelta(seconds=90)).isoformat().replace("+00:00", "Z")} == {
        result.state["bookmarks"][CARDS]["programs"]["1"]["bookmark"],
        *(row["as_of"] for row in result.rows(CARD_BALANCES)),
    }


def test_a_balance_that_the_api_does_not_give_is_null(stub, read):
    """Points that the API does not return are null, never 0."""
    answer = b'{"balance":{"activePoints":1.50},"subledgerBalances":{"s":{}}}'
    rows = read(PROFILE_BALANCES, base_url=stub(answer), profile_ids=["p"], loyalty_program_ids=[2]).rows(
        PROFILE_BALANCES
    )
    assert [[Decimal("1.50"), None, None, None, None], [None] * 5] == [[row[n] for n in POINTS] for row in rows]
    rows = read(CARD_BALANCES, base_url=stub(b"{}"), card_ids=["CARD-1"], loyalty_program_ids=[1]).rows(CARD_BALANCES)
    assert [[None] * 5] == [[row[n] for n in POINTS] for row in rows]


def test_tiers_are_asked_for(emu, read):
    """The balances of a profile have the tier fields of the current era."""
    rows = read(PROFILE_BALANCES).rows(PROFILE_BALANCES)
    assert {True} == {"currentTier" in row for row in rows}


def test_balances_documented_as_always_zero_are_null(emu, read):
    """customer_loyalty has null for spent and expired points, which the API does not provide."""
    rows = read("customer_loyalty").rows("customer_loyalty")
    assert [(None, None)] * 4 == [(row["expiredBalance"], row["spentBalance"]) for row in rows]
    points = {(owner, ledger): active for owner, ledger, active, *_ in emu.truth(2)["balances"]}
    assert points == {(row["integrationId"], row["subledgerId"]): row["currentBalance"] for row in rows}


def test_the_inventory_holds_what_was_written(emu, read):
    """Profiles, coupons, referrals, sessions and reservations are read as they were written."""
    fill(emu)
    result = read(session_ids=["order 1/2"], coupon_ids=["10$ OFF/NOW"])
    profiles = sorted(row["integrationId"] for row in result.rows("customer_profiles"))
    assert ["profile-000001", "profile-000002", "profile-000003"] == profiles
    assert [("profile-000001", "10$ OFF/NOW"), ("profile-000002", "10$ OFF/NOW")] == sorted(
        (row["integrationId"], row["value"]) for row in result.rows("customer_coupons")
    )
    assert ["profile-000001"] == [row["integrationId"] for row in result.rows("customer_referrals")]
    assert ["order 1/2"] == [row["integrationId"] for row in result.rows("customer_sessions")]
    assert [("10$ OFF/NOW", "profile-000001"), ("10$ OFF/NOW", "profile-000002")] == sorted(
        (row["couponValue"], row["integrationId"]) for row in result.rows("coupon_reservations")
    )
