"""Loads: the tap's engine writes into a warehouse, for the command line and for Airflow.

The package can be imported without pyarrow and duckdb, which are optional extras: they are imported in the functions
that need them.
"""

from talon_one_loading.load import LoadResult, load

__all__ = ["LoadResult", "load"]
