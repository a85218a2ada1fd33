"""Lineage of transfers for OpenLineage: datasets by the names of its specification, rows, queries and columns."""
