"""What to install for which goal: the table of docs/get-started/install.md."""

from __future__ import annotations

# Goal, how it is named on the command line, and the extras that it needs.
GOALS = (
    ("Singer tap and target, API calls from the shell and from Python", "`tap-talon-one`, `talon-one call`", ""),
    ("Load into DuckDB", "`--to duckdb:///…`", "warehouse"),
    ("Load into PostgreSQL", "`--to postgresql://…`", "postgresql"),
    ("Load into SQLite", "`--to sqlite:///…`", "sqlite"),
    ("Load into Snowflake", "`--to snowflake://…`", "snowflake"),
    ("Load into BigQuery", "`--to bigquery://…`", "bigquery"),
    ("Load into Redshift", "`--to redshift://…`", "redshift"),
    ("Load into Databricks", "`--to databricks://…`", "databricks"),
    ("Load into a lake in a folder", "`--to ./lake`", "lake"),
    ("Load into a lake on S3", "`--to s3://…`", "s3"),
    ("Sync from files: CSV, JSON Lines, Parquet", "`source: {url: vip.csv}`", "sync"),
    ("Sync from DuckDB", "`source: {url: duckdb:///…}`", "sync"),
    ("Sync from PostgreSQL", "`source: {url: postgresql://…}`", "sync,postgresql"),
    ("Sync from SQLite", "`source: {url: sqlite:///…}`", "sync"),
    ("Sync from Snowflake", "`source: {url: snowflake://…}`", "sync,snowflake"),
    ("Sync from BigQuery", "`source: {url: bigquery://…}`", "sync,bigquery"),
    ("Sync from Redshift", "`source: {url: redshift://…}`", "sync,redshift"),
    ("Sync from MySQL or MariaDB", "`source: {url: mysql://…}`", "sync,mysql"),
    ("Sync from files on S3", "`source: {url: s3://…}`", "sync,s3"),
    ("Keep the store in PostgreSQL, or on S3", "`store: postgresql://…`, `store: s3://…`", "sync,postgresql,s3"),
    ("Receive notifications in real time", "`talon-one listen`", "listen"),
    ("Alerts of runs by Slack, mail, …", "`alerts:` in SYNC.yml", "sync,alerts"),
    ("Load with dlt into its destinations", "`talon_one_loading.dlt_source`", "dlt"),
    ("Stream maps in Singer and Meltano", "`stream_maps: {…}`", "maps"),
    ("Share a rate limit between machines", "`rate_limit_url: redis://…`", "redis"),
    ("Schedule in Airflow", "`import airflow_provider_talon_one`", "airflow"),
    ("…with a connection to PostgreSQL", "type `postgres`", "airflow,postgresql"),
    ("…with a connection to Snowflake", "type `snowflake`", "airflow,snowflake"),
    ("…with a connection to BigQuery", "type `google_cloud_platform`", "airflow,bigquery"),
    ("…with a connection to a bucket on S3", "type `aws`", "airflow,s3"),
    ("…with lineage by OpenLineage", "operators report their datasets", "airflow,openlineage"),
    ("Test against a local Talon.One", "`talon-one-emulator serve`", "emulator"),
    ("…with a year of retail data", "`talon-one-emulator serve --seed journey`", "emulator,journey"),
    ("See it all at once", "`talon-one demo`", "demo"),
)


def rows() -> list[tuple[str, str, str]]:
    """Return goal, example and extras of each goal."""
    return [(goal, name, f"`{wanted}`" if wanted else "none") for goal, name, wanted in GOALS]
