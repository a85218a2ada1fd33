"""Apache Airflow provider for Talon.One: connection, hook, operators, transfers, sensors and a trigger.

Airflow parses DAG files again and again, so importing an operator loads no engine. Imports at the top of a module:
Airflow, settings, errors, the endpoint table and ``talon_one_warehouse``, which all load fast. Imports inside a method
that runs in a worker: the client, ``talon_one_loading``, the tap, and of the target everything but errors and settings.
``tests/provider/test_parse_time.py`` checks it.
"""
