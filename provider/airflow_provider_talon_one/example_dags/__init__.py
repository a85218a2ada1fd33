"""Example DAGs; Airflow 3.3 shows them with `load_examples`, and earlier versions take copies of the files."""
