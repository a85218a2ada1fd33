"""Paging: pageSize is always sent, skip grows by what came, and the older era's cap is found once."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from talon_one_client import ClientConfig, Key, TalonOneClient
from talon_one_client import endpoints as ep
from talon_one_client.pages import PageSize, fetcher, pages
from talon_one_emulator import Emulator

PROFILE = ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS
PATH = {"loyaltyProgramId": 2, "integrationId": "profile-000001"}


def rows(emu, wanted=None):
    """(ids, [(skip, pageSize, status)]) of reading a profile's ledger page by page."""
    with TalonOneClient(ClientConfig(base_url=emu.url, api_key=Key(emu.api_key))) as client:
        size = PageSize(PROFILE, wanted)
        ids = [bytes(raw) for page in pages(fetcher(client, PROFILE, PATH, size), size) for raw in page]
    log = [(parse_qs(entry["query"]), entry["status"]) for entry in emu.requests(PROFILE.name)]
    return ids, [(int(q["skip"][0]), int(q["pageSize"][0]), status) for q, status in log]


def test_pages_are_read_to_the_end_by_rows_received():
    """120 rows by 50: three pages, skip 0, 50 and 100."""
    with Emulator(seed="synthetic", cards=1, transactions=1, profile_transactions=120) as emu:
        ids, calls = rows(emu, 50)
    assert 120 == len(set(ids))
    assert [(0, 50, 200), (50, 50, 200), (100, 50, 200)] == calls


def test_the_older_eras_cap_is_found_once_and_kept():
    """Era seed refuses 1,000 a page: one 400, then 50 a page to the end."""
    with Emulator(seed="synthetic", cards=1, transactions=1, profile_transactions=120, era="seed") as emu:
        ids, calls = rows(emu)
    assert 120 == len(set(ids))
    assert [(0, 1000, 400), (0, 50, 200), (50, 50, 200), (100, 50, 200)] == calls


@pytest.mark.parametrize("era", ["seed", "current"])
def test_a_server_that_clamps_the_page_size_loses_no_row(era):
    """Where too large a page is cut silently, skip still grows by the rows received."""
    switches = {"page_size_above_max": "clamp"}
    with Emulator(
        seed="synthetic", cards=1, transactions=1, profile_transactions=120, era=era, switches=switches
    ) as emu:
        ids, _ = rows(emu)
    assert 120 == len(set(ids))
