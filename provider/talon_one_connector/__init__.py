"""The name under which Airflow 3.3 looks for the example DAGs of this distribution: that of the distribution itself."""

from airflow_provider_talon_one import __path__ as __path__
