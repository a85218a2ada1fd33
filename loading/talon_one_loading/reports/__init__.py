"""Reports on the loyalty data, for the command line and for Airflow: reconcile, expiring points, cost estimates."""
