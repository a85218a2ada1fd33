"""What a load writes into S3, as programs see it that know Delta Lake and not this connector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from talon_one_emulator import Emulator

READERS = Path(__file__).parents[3] / ".venvs" / "lake-readers" / "bin" / "python"
TABLE = "bucket/lake/talon_one/loyalty_card_transactions"
AS_OF = "2030-01-01T00:00:00Z"


@pytest.fixture
def truth(s3, tmp_path):
    """Ids and amounts of the ledger that two loads have written into a bucket."""
    with Emulator(seed="synthetic", cards=5, transactions=20, management_rate=0) as emu:
        settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key, "as_of": AS_OF}
        more = {"settle_seconds": 0, "management_requests_per_second": 1000}
        (tmp_path / "config.json").write_text(json.dumps(settings | more))
        program = [sys.executable, "-m", "talon_one_cli", "load", "--streams", "loyalty_card_transactions"]
        command = [*program, "--to", "s3://bucket/lake", "--config", str(tmp_path / "config.json")]
        subprocess.run(command, check=True, capture_output=True)
        emu.add_transactions([{"program": 1, "card": "card-000001", "amount": "12345678901234.56"}])
        subprocess.run(command, check=True, capture_output=True)
        return sorted((row["id"], Decimal(row["amount"])) for row in emu.state("ledger")["ledger"] if row["card"])


def log(s3):
    """The actions of all commits, in their order."""
    commits = sorted(path for path in s3.find(f"{TABLE}/_delta_log") if path.endswith(".json"))
    return [json.loads(line) for path in commits for line in s3.cat_file(path).splitlines()]


@pytest.mark.slow
def test_a_reader_that_follows_the_protocol_finds_the_rows_of_a_load(s3, truth):
    """Databricks and Redshift Spectrum read tables of reader version 1: the files that the log adds and keeps.

    The log names no feature that such a reader lacks, types that both have, and files beside the log.
    """
    actions = log(s3)
    (protocol,) = (action["protocol"] for action in actions if "protocol" in action)
    (metadata,) = (action["metaData"] for action in actions if "metaData" in action)
    fields = json.loads(metadata["schemaString"])["fields"]
    added = [action["add"] for action in actions if "add" in action]
    removed = {action["remove"]["path"] for action in actions if "remove" in action}
    live = [one["path"] for one in added if one["path"] not in removed]
    assert 1 == protocol["minReaderVersion"]
    assert "readerFeatures" not in protocol
    assert "parquet" == metadata["format"]["provider"]
    assert {"string", "long", "decimal(38,18)", "boolean", "timestamp"} >= {field["type"] for field in fields}
    assert {"amount": "decimal(38,18)", "created": "timestamp", "id": "long"}.items() <= {
        (field["name"], field["type"]) for field in fields
    }
    assert not [one for one in added if "deletionVector" in one or "://" in one["path"] or one["path"].startswith("/")]
    assert 2 == sum("commitInfo" in action and action["commitInfo"].get("operation") == "WRITE" for action in actions)
    rows = []
    for path in live:
        with s3.open(f"{TABLE}/{path}") as file:
            rows += pq.read_table(file, columns=["id", "amount"]).to_pylist()
    assert truth == sorted((row["id"], row["amount"]) for row in rows)


@pytest.mark.slow
@pytest.mark.skipif(not READERS.exists(), reason="run scripts/setup_peers.sh")
@pytest.mark.parametrize("reader", ["deltalake", "polars"])
def test_other_programs_read_the_rows_of_a_load_from_s3(truth, reader):
    """Two other programs read every row with its digits from the bucket."""
    done = subprocess.run(
        [READERS, Path(__file__).with_name("lake_readers.py"), reader, f"s3://{TABLE}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AWS_ALLOW_HTTP": "true"},
    )
    assert truth == [(key, Decimal(amount)) for key, _, amount in json.loads(done.stdout)]
