"""CSV exports that a gateway cuts off at the end of a line: no row is lost without an error."""

import re

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from tap_talon_one.errors import IncompleteExport
from tap_talon_one.rows.export_columns import LAYOUTS
from tap_talon_one.strategies.export_probes import check_calls
from tap_talon_one.strategies.read_strategies import BULK_STRATEGIES
from tap_talon_one.streams import STREAM_GROUPS
from tests.checkout import ROOT

READERS = {"export", "export_window", "csv_export"}
BULK = [strategy for strategies in BULK_STRATEGIES.values() for strategy in strategies]
GROUPS = [group for group in [*STREAM_GROUPS, *(strategy.group for strategy in BULK)] if group.reader in READERS]
EXPORTS = {group.streams[0].name: group for group in GROUPS}
LISTED = {"loyalty_card_balances", "coupons", "referrals"}  # a list has all rows of these
ONE_FILE = {
    name
    for name, group in EXPORTS.items()
    if name not in LISTED and check_calls(group.endpoint) == (1, 0) and not LAYOUTS[group.endpoint.name].filtered
}
GIVEN = {
    "application_id": 1,
    "as_of": "2026-03-01",
    "balances_strategy": "csv_export",
    "exports_strategy": "csv_export",
    "giveaway_pool_ids": [3],
    "settle_seconds": 0,
}


@pytest.fixture
def filled(emu):
    """An account with three rows or more in each export."""
    for day in range(1, 7):
        emu.clock(freeze=f"2026-02-2{day}T00:00:00Z")
        emu.add("giveaways", {"pool": 3, "code": f"G{day}"})
        emu.add("coupons", {"value": f"CODE-{day}"})
        emu.add(
            "events", {"type": "visit", "profile": "profile-000001", "effects": [{"effectType": "setDiscount"}] * 2}
        )
    emu.clock(freeze="2026-03-01T12:00:00Z")
    emu.add("sessions", *(session(day) for day in range(1, 7)))
    emu.add("achievements", {"name": "Ten", "target": 10})
    with client_of(emu) as client:
        for profile in (f"profile-00000{number}" for number in range(1, 4)):
            client.create_referral({"campaignId": 1, "advocateProfileIntegrationId": profile})
            client.join_loyalty_program(2, profile)
            emu.add("achievement_progress", {"achievement": 1, "profile": profile, "progress": 2})
    yield emu
    emu.clock(reset=True)


def client_of(emu):
    """A client of the emulator."""
    return TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key)))


def session(day):
    """A session of which some are created early, and all are updated in February."""
    created = f"2026-0{2 - day % 2}-1{day}T00:00:00Z"
    return {"integrationId": f"order-{day}", "created": created, "updated": f"2026-02-2{day}T00:00:00Z"}


def texts(result, stream):
    """The rows of a stream as texts, in an order of their own."""
    return sorted(map(str, result.rows(stream)))


def test_every_stream_recovers_an_export_that_is_cut_off_once(filled, read):
    """Whatever reads an export has the same rows if one export ends after its first row, and requests it again."""
    for name, group in EXPORTS.items():
        whole = read(name, **GIVEN)
        assert (None, True) == (whole.error, len(whole.raw) > 2), name
        filled.fault(group.endpoint.name, "cut_rows", rows=1)
        mended = read(name, **GIVEN)
        filled.clear_faults()
        assert (None, texts(whole, name)) == (mended.error, texts(mended, name)), name


def test_exports_that_are_always_cut_off_end_with_an_error(filled, read):
    """An export that always ends after two rows fails its stream without rows, and the bookmark stays.

    Exports of one file, whose rows are in no list, are the exception that the documentation names.
    """
    page = (ROOT / "docs/explanation/read-strategies.md").read_text(encoding="utf-8")
    assert {"loyalty_join_dates", "achievement_progress"} == ONE_FILE
    assert [] == [name for name in ONE_FILE if f"`{name}`" not in page]
    for name, group in EXPORTS.items():
        if name in ONE_FILE:
            continue
        whole = read(name, **GIVEN)
        filled.fault(group.endpoint.name, "cut_rows", rows=2, count=0)
        broken = read(name, **GIVEN)
        filled.clear_faults()
        assert isinstance(broken.error.causes[0], IncompleteExport), name
        assert "Set " in str(broken.error) or "gateway" in str(broken.error)
        assert [] == broken.raw
        assert texts(whole, name) == texts(read(name, state=broken.state if broken.states else None, **GIVEN), name)


@pytest.mark.parametrize("keep", [0, -1], ids=["the headings", "all but the last row"])
@pytest.mark.parametrize("stream", ["effects", "customer_sessions"])
def test_new_rows_that_are_always_cut_off_are_found_in_the_list(filled, between, read, stream, keep):
    """Effects and sessions of the last weeks are compared with a list, so that every cut among them is found."""

    def change(exchange):
        if "export" not in exchange.path:
            return None
        status, headers, body = exchange.send()
        headings, *lines = body.splitlines(keepends=True)
        return status, headers, b"".join([headings, *lines[:keep]])

    result = read(stream, base_url=between(filled.url, change), **GIVEN)
    assert isinstance(result.error.causes[0], IncompleteExport)
    assert [] == result.raw


def test_auto_reads_the_lists_if_an_export_is_cut_off(filled, read, caplog):
    """With auto, effects are then read from the list of events, with a warning."""
    given = GIVEN | {"exports_strategy": "per_entity"}
    expected = texts(read("effects", **given), "effects")
    filled.fault("export_effects", "cut_rows", rows=2, count=0)
    result = read("effects", **GIVEN | {"exports_strategy": "auto"})
    assert None is result.error
    assert expected == texts(result, "effects")
    assert "csv_export is incomplete, trying another strategy" in caplog.text


@pytest.mark.parametrize(
    "stream", ["effects", "customer_sessions", "loyalty_join_dates", "giveaways", "loyalty_profile_balances"]
)
def test_rows_that_come_and_change_meanwhile_are_no_fault(filled, between, read, stream):
    """Rows are created and updated after every request, and no export is refused."""
    whole = read(stream, **GIVEN)
    requests = iter(range(1, 99))

    def change(exchange):
        if not re.search("export|/events|/sessions", exchange.path):
            return None
        answer, number = exchange.send(), next(requests)
        filled.clock(advance=1)
        filled.add("giveaways", {"pool": 3, "code": f"new-{number}"})
        filled.add("events", {"type": "visit", "effects": [{"effectType": "setDiscount"}]})
        with client_of(filled) as client:
            client.update_customer_session_v2(f"order-{number % 6 + 1}", {"customerSession": {"profileId": "new"}})
            client.join_loyalty_program(2, f"new-{number}")
        return answer

    result = read(stream, base_url=between(filled.url, change), **GIVEN)
    key = EXPORTS[stream].streams[0].key
    before, after = ({tuple(row[name] for name in key) for row in each.rows(stream)} for each in (whole, result))
    assert None is result.error
    assert before <= after or stream == "customer_sessions"


def test_deleted_profiles_are_no_fault(filled, read):
    """The transactions of a deleted profile remain, and the export of balances without it is complete."""
    stream = "loyalty_profile_balances"
    with client_of(filled) as client:
        client.delete_customer_data("profile-000002")
    result = read(stream, **GIVEN)
    assert None is result.error
    assert {"profile-000001", "profile-000003"} == {row["integrationId"] for row in result.rows(stream)}


def test_a_key_that_may_not_list_events_leaves_the_newest_uncompared(filled, read, caplog):
    """Without the right to list events the rows are written, and a warning says that they were not compared."""
    whole = read("effects", **GIVEN)
    filled.fault("get_application_events_without_total_count", "403", count=0)
    result = read("effects", **GIVEN)
    assert None is result.error
    assert texts(whole, "effects") == texts(result, "effects")
    assert "is not compared with the list get_application_events_without_total_count" in caplog.text


@pytest.mark.parametrize("stream", ["effects", "customer_sessions", "loyalty_profile_balances"])
def test_checked_exports_take_the_estimated_calls(filled, read, estimated, stream):
    """The calls of a checked export are those of the estimate, for an empty export, too."""
    for given in (GIVEN, GIVEN | {"start_date": "2026-03-01"}):
        costs, more, _ = estimated(stream, **given)
        filled.clear_requests()
        assert None is read(stream, **given).error
        calls = sum(count["requests"] for count in filled.counters().values())
        assert costs["csv_export"].calls + more == calls, filled.counters()
