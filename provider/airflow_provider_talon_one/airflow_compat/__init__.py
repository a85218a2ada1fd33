"""Differences between Airflow versions: retries, masking, task state, XCom, and asset events."""
