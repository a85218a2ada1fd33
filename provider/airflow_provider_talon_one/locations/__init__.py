"""Where warehouses, sources and stores are, as Airflow users name them."""
