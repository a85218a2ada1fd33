"""What Airflow's versions do differently: errors, retries, masking, task state, XCom, asset events and killed tasks."""
