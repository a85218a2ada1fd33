"""A load, an SQL operator and a push, whose lineage events the tests read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DAG, BaseHook
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_audience import WarehouseToAudienceOperator

if TYPE_CHECKING:
    from airflow.providers.openlineage.sqlparser import DatabaseInfo


class PostgreSQLHook(DbApiHook):  # type: ignore[misc]
    """A hook for psycopg that tells OpenLineage what the hook of Airflow's provider for PostgreSQL tells it."""

    conn_name_attr = "pg_conn_id"
    default_conn_name = "pg"

    def get_conn(self) -> Any:
        """Return a connection of psycopg."""
        import psycopg

        one = BaseHook.get_connection("pg")
        return psycopg.connect(host=one.host, port=one.port, user=one.login, password=one.password, dbname=one.schema)

    def get_sqlalchemy_engine(self, engine_kwargs: Any = None) -> Any:
        """Return an engine, with whose dialect OpenLineage writes its queries."""
        import sqlalchemy

        del engine_kwargs
        driver = "psycopg2" if sqlalchemy.__version__ < "2" else "psycopg"  # SQLAlchemy 1.4 does not know psycopg 3
        return sqlalchemy.create_engine(f"postgresql+{driver}://", creator=self.get_conn)

    def get_openlineage_database_info(self, connection: Any) -> DatabaseInfo:
        """Return scheme, authority and database."""
        from airflow.providers.openlineage.sqlparser import DatabaseInfo

        return DatabaseInfo("postgres", f"{connection.host}:{connection.port}", connection.schema)

    def get_openlineage_database_dialect(self, connection: Any) -> str:
        """Return the name of the SQL."""
        del connection
        return "postgres"

    def get_openlineage_default_schema(self) -> str:
        """Return the schema of tables without one."""
        return "public"


class PostgreSQLOperator(SQLExecuteQueryOperator):  # type: ignore[misc]
    """SQLExecuteQueryOperator with that hook, because no provider of the tests has a connection type postgres."""

    def get_db_hook(self) -> PostgreSQLHook:
        """Return the hook."""
        return PostgreSQLHook(pg_conn_id="pg")


with DAG("lineage_of_segments", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False):
    load = TalonOneToWarehouseOperator(
        task_id="load",
        streams=["loyalty_card_transactions"],
        warehouse_conn_id="pg",
        settings={"loyalty_program_ids": [1], "settle_seconds": 0},
    )
    build = PostgreSQLOperator(
        task_id="build",
        conn_id="pg",
        sql="CREATE TABLE vip AS SELECT DISTINCT card_identifier AS id FROM talon_one.loyalty_card_transactions",
    )
    push = WarehouseToAudienceOperator(
        task_id="push",
        source_conn_id="pg",
        sql="SELECT id FROM vip",
        audience={"name": "VIP"},
        key="id",
        create_profiles="allow",
        store_conn_id="pg",
    )
    load >> build >> push
