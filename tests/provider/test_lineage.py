"""Lineage of transfers for OpenLineage."""

from __future__ import annotations

from airflow_provider_talon_one.assets import talon_one_asset, to_openlineage_dataset
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator


def test_openlineage_receives_what_a_push_read_and_wrote():
    """The facets have the datasets and the number of rows, and no password."""
    task = WarehouseToAudienceOperator(task_id="t", audience=7, key="id", source_url="x", table="vip")
    task.record_push("postgresql://u:planted@host/db", "vip", "https://shop.talon.one", "audiences/7", 3)
    facets = task.get_openlineage_facets_on_complete(None)
    assert [("postgresql://host/db", "vip")] == [(one.namespace, one.name) for one in facets.inputs]
    (output,) = facets.outputs
    assert "talonone://shop.talon.one" == output.namespace
    assert "audiences/7" == output.name
    assert 3 == output.outputFacets["outputStatistics"].rowCount
    asset = to_openlineage_dataset(talon_one_asset("https://shop.talon.one", "audiences", 7), None)
    assert output.namespace == asset.namespace
    assert output.name == asset.name
