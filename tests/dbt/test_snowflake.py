"""``dbt build`` by dbt's own adapter for Snowflake, in a server of Snowflake's protocol (fakesnow)."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from talon_one_emulator import Emulator
from tests.servers import PASSWORD

from .conftest import AS_OF, Dbt, load
from .test_build import of_lots, of_truth

pytestmark = pytest.mark.slow


def snowflake_output(url):
    """The connection of a profile."""
    parts = urlsplit(url)
    server = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {
        "type": "snowflake",
        "account": parts.hostname,
        "user": parts.username,
        "password": PASSWORD,
        "database": parts.path.split("/")[1],
        "host": server["host"],
        "port": int(server["port"]),
        "protocol": server["protocol"],
        "threads": 1,
    }


# fakesnow computes a SUM of decimals in floats, unlike Snowflake, so that these miss by some 1e-13.
COMPARE_SUMS = {
    "assert_transactions_equal_balances",
    "assert_every_ledger_has_its_last_net_points",
    "assert_lots_equal_balances",
}


def test_a_build_in_snowflake_equals_the_emulator(snowflake_url, tmp_path):
    """Every model and test runs, and the lots add up to every balance as far as floats do."""
    streams = ("loyalty_card_transactions", "loyalty_card_balances")
    with Emulator(management_rate=0) as emulator:
        emulator.reset("synthetic", cards=4, transactions=12)
        load(emulator, snowflake_url.replace("/public?", "?"), tmp_path, streams)
        expected = of_truth(emulator, (1,), AS_OF)
    dbt = Dbt(tmp_path / "dbt", snowflake_output(snowflake_url), "dbt-warehouses", streams)
    done = dbt("build", talon_one_as_of=AS_OF)
    statuses = dbt.results()
    assert {"success", "pass", "no-op", "fail"} >= set(statuses.values()), done.stdout[-3000:]
    assert {name for name, status in statuses.items() if status == "fail"} <= COMPARE_SUMS
    assert rounded(expected) == rounded(of_lots(snowflake_url))


def rounded(points):
    """The points to six digits."""
    return {key: tuple(round(Decimal(one), 6) for one in figures) for key, figures in points.items()}
