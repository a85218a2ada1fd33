"""The tap's engine into warehouses, for the command line and for Airflow."""

from talon_one_loading.load import Loaded, load

__all__ = ["Loaded", "load"]
