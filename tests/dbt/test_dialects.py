"""The package compiled for warehouses that have no server here: every statement parses in its dialect."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import PACKAGE, ROOT, STREAMS, Dbt

pytestmark = pytest.mark.slow

ALL_STREAMS = (*STREAMS, "loyalty_cards", "loyalty_programs", "audiences", "audience_memberships", "customer_coupons")
OUTPUTS = {
    "snowflake": {"type": "snowflake", "account": "a", "user": "u", "password": "p", "database": "d", "warehouse": "w"},
    "bigquery": {"type": "bigquery", "method": "oauth-secrets", "token": "t", "project": "p"},
    "databricks": {"type": "databricks", "host": "h.example", "http_path": "/sql", "token": "t", "catalog": "c"},
    "redshift": {"type": "redshift", "host": "h.example", "user": "u", "password": "p", "dbname": "d", "port": 5439},
}
# What the incremental model and the replay in steps send beside the models.
STATEMENTS = """
SELECT {{ talon_one.hours_before('MAX(_loaded_at)', 24) }} AS since FROM ledger;
{{ talon_one.delete_gone_rows('ledger') }};
{{ talon_one.walk_moves('all_moves') }};
{{ talon_one.walk_steps('moves') }};
{{ talon_one.walk_arrivals('moves', 'steps') }};
{{ talon_one.walk_begin('steps') }};
{{ talon_one.walk_insert('walk', 'steps', 'arrivals', 3) }}
"""
PARSE = """
import json, sys, sqlglot
dialect, texts = json.load(sys.stdin)
parse = lambda text: [s for s in sqlglot.parse(text, read=dialect, error_level="raise") if s]
found = {name: len(parse(text)) for name, text in texts.items()}
print(json.dumps(found))
"""


@pytest.fixture(params=OUTPUTS, scope="module")
def compiled(request, tmp_path_factory):
    """The name of a dialect, and the compiled models, tests and statements."""
    folder = tmp_path_factory.mktemp(request.param)
    package = Path(shutil.copytree(PACKAGE, folder / "package"))
    (package / "analyses").mkdir()
    (package / "analyses" / "statements.sql").write_text(STATEMENTS)
    dbt = Dbt(folder, OUTPUTS[request.param], "dbt-warehouses", ALL_STREAMS, package)
    offline = ("--no-introspect", "--no-populate-cache", "--full-refresh")
    done = dbt("compile", *offline, talon_one_as_of="2024-01-20T00:00:00Z")
    assert 0 == done.returncode, done.stdout[-3000:]
    return request.param, dbt.compiled()


def test_every_statement_parses_in_its_dialect(compiled):
    """The parser of sqlglot takes each model, test and statement of the replay as one statement of the dialect."""
    dialect, texts = compiled
    python = ROOT / ".venvs" / "dbt-warehouses" / "bin" / "python"
    done = subprocess.run([python, "-c", PARSE], input=json.dumps([dialect, texts]), capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    counts = json.loads(done.stdout)
    assert 7 == counts.pop("statements")
    assert {1} == set(counts.values())
    assert {"points_moves", "points_walk", "coupon_wallet", "assert_lots_add_up"} <= set(counts)


def test_no_type_or_function_of_another_engine_is_left(compiled):
    """Names of types and functions that the engine lacks appear in none of the statements."""
    dialect, texts = compiled
    lacking = {
        "snowflake": ("AT TIME ZONE", "WITH RECURSIVE", "->>"),
        "bigquery": ("DOUBLE PRECISION", "AT TIME ZONE", "WITH RECURSIVE", "->>", "VARCHAR", "DECIMAL(", "BIGINT"),
        "databricks": ("DOUBLE PRECISION", "AT TIME ZONE", "WITH RECURSIVE", "->>", "VARCHAR", "WITH TIME ZONE"),
        "redshift": ("WITH RECURSIVE", "->>"),
    }[dialect]
    assert {} == {name: word for name, text in texts.items() for word in lacking if word in text}
