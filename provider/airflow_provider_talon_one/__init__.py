"""Airflow provider of Talon.One: hook, operators, transfers, sensors."""
