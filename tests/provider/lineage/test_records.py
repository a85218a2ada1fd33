"""What transfers report to OpenLineage."""

from __future__ import annotations

import duckdb
import pytest

from airflow_provider_talon_one.assets import talon_one_asset, to_openlineage_dataset

pytestmark = pytest.mark.usefixtures("database", "connection")


def named(datasets):
    """Return the namespaces and names of datasets."""
    return [(one.namespace, one.name) for one in datasets]


@pytest.mark.parametrize("how", [{"table": "vip"}, {"sql": "SELECT upper(customer) AS customer FROM main.vip"}])
def test_a_push_reports_table_query_rows_and_columns(emu, push_members, tmp_path, how):
    """The events have the table that was read, the audience that was written, its rows, and the column of its ids."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE vip AS SELECT 'c-' || n AS customer FROM range(3) AS t (n)")
    url = f"duckdb:///{path}"
    done = push_members(source_url=url, key="customer", store=str(tmp_path / "store.duckdb"), **how)
    lineage = done.task.get_openlineage_facets_on_complete(None)
    read = ("file", f"{path}#main.vip")
    assert [read] == named(lineage.inputs)
    asset = to_openlineage_dataset(talon_one_asset(emu.url, "audiences", 1), None)
    assert [(asset.namespace, asset.name)] == named(lineage.outputs)
    (output,) = lineage.outputs
    assert 3 == output.outputFacets["outputStatistics"].rowCount
    (origin,) = output.facets["columnLineage"].fields["profileIntegrationId"].inputFields
    assert (*read, "customer") == (origin.namespace, origin.name, origin.field)
    assert ([how["sql"]] if "sql" in how else []) == [one.query for one in lineage.job_facets.values()]


def test_a_load_reports_the_rows_of_each_table(emu, load, tmp_path):
    """Each table is a dataset with its own number of rows, and the program is what was read."""
    emu.reset("synthetic", cards=4, transactions=5)
    streams = ["loyalty_card_transactions", "loyalty_card_balances"]
    done = load(warehouse_url=f"{tmp_path}/lake", streams=streams)
    lineage = done.task.get_openlineage_facets_on_complete(None)
    folder = f"{tmp_path}/lake/talon_one"
    rows = {name: one.outputFacets["outputStatistics"].rowCount for one in lineage.outputs for name in [one.name]}
    inserted = {f"{folder}/{name}": one["inserted"] for name, one in done.returned["streams"].items()}
    assert (20, inserted) == (rows[f"{folder}/{streams[0]}"], rows)
    assert [(emu.url.replace("http", "talonone"), "loyalty_programs/1")] == named(lineage.inputs)
