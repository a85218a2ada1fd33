"""Warehouses, sources, and stores as Airflow names them."""
