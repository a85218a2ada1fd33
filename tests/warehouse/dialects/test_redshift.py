"""Every statement of a load into Redshift parses in its dialect under sqlglot, and is the one that is written here."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa
import pytest
import sqlglot

from talon_one_warehouse import Column, RowError, TableError, TableSpec, WarehouseConfigError, to_arrow
from talon_one_warehouse.connections import redshift
from talon_one_warehouse.databases.redshift import RedshiftConnection
from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
from talon_one_warehouse.dialects.redshift import Redshift, folded, instant_texts

AT = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = TableSpec(
    "ledger",
    (
        Column("owner", "owner", "string"),
        Column("id", "id", "integer"),
        Column("amount", "amount", "number"),
        Column("active", "active", "boolean"),
        Column("at", "at", "instant"),
        Column("data", "data", "json"),
    ),
    ("owner", "id"),
)
STRANGE = TableSpec('we"ird', (Column("select", "a", "string"), Column("a b.c", "j", "json")), ("select",))
MOMENTS = TableSpec("moments", (Column("at", "at", "instant"), Column("id", "id", "integer")), ("at",))
ROW = b'{"owner":"a","id":1,"amount":1,"active":true,"at":"2026-01-01T00:00:00Z","data":{},"a":"x","j":{}}'
NAMES = re.compile(r"_talon_one_(stage|seen)_[0-9a-f]+_[0-9a-f]+_(\d+)")


class StagingOfNothing:
    """A place in S3 with one file."""

    def remove_left_files(self):
        """Do nothing."""

    @contextmanager
    def uploaded(self, _rows, _name):
        """The URL of the file."""
        yield "s3://bucket/staging/file.parquet"

    def authorization(self):
        """The default role."""
        return "IAM_ROLE default"


class ClientOfNothing:
    """A client of a database without tables, or with one that has its key only; it keeps the statements."""

    description, rowcount = ("name",), 1

    def __init__(self, table=None, collation="case_sensitive"):
        self.table, self.collation, self.statements = table, collation, []

    def cursor(self):
        """Return this object, which is its own cursor."""
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def execute(self, statement):
        """Keep the statement."""
        self.statements.append(NAMES.sub(r"\1_\2", statement))

    def fetchall(self):
        """The answer to the last statement."""
        asked = self.statements[-1]
        if "db_collation" in asked:
            return [[self.collation]]
        if self.table is None or f"relname = '{self.table.name}'" not in asked:
            return []
        key = [column for column in self.table.columns if column.name in self.table.key]
        return [[c.name] if "pg_index" in asked else [c.name, Redshift.types[c.kind]] for c in key]

    def close(self):
        """Do nothing."""


def opened(client, schema):
    """A warehouse of a client."""
    connection = RedshiftConnection(client, redshift.errors("host/db"), StagingOfNothing())
    return DatabaseWarehouse(connection, Redshift(), schema=schema)


def load(client, table, schema):
    """Load two times a row; mark, then delete what was not read."""
    with opened(client, schema) as warehouse:
        warehouse.prepare(table)
        for delete in (False, True):
            warehouse.begin_read(table.name)
            for _ in range(2):
                warehouse.merge({table.name: [to_arrow(table, [ROW])]}, {"run": {"at": 1}})
            within = {"id": [1]} if table.name == "ledger" else None
            warehouse.end_read(table.name, AT, delete=delete, within=within)
    return client.statements


# Of a first load, up to the end of its first read.
STAGED = """character varying(65535), "id" bigint, "amount" numeric(38,18), "active" boolean, "at" {},
"data" character varying(65535), "_deleted_at" {}, "_loaded_at" {}"""
KEY = """t."owner" = s."owner" AND t."id" = s."id" AND LENGTH(t."owner") = LENGTH(s."owner")"""
AN_INSTANT, A_STAGED_INSTANT = ["timestamp with time zone"] * 3, ["character varying(40)"] * 3
STATE = '"talon_one"."_talon_one_state"'
COLUMNS = '"owner", "id", "amount", "active", "at", "data", "_deleted_at", "_loaded_at"'
MERGE = f"""
CREATE TEMPORARY TABLE "stage_0" ("owner" {STAGED.format(*A_STAGED_INSTANT)});
COPY "stage_0" FROM 's3://bucket/staging/file.parquet' IAM_ROLE default FORMAT AS PARQUET;
CREATE TEMPORARY TABLE "stage_1" (
"state_name" character varying(65535), "state" character varying(65535), "updated_at" character varying(40));
COPY "stage_1" FROM 's3://bucket/staging/file.parquet' IAM_ROLE default FORMAT AS PARQUET;
BEGIN;
LOCK TABLE "talon_one"."_talon_one_state";
UPDATE "talon_one"."ledger" AS t SET "amount" = s."amount", "active" = s."active",
"at" = CAST(s."at" AS TIMESTAMPTZ), "data" = s."data", "_deleted_at" = CAST(s."_deleted_at" AS TIMESTAMPTZ),
"_loaded_at" = CAST(s."_loaded_at" AS TIMESTAMPTZ) FROM "stage_0" AS s WHERE {KEY} AND (
t."amount" <> s."amount"
OR (t."amount" IS NULL AND s."amount" IS NOT NULL) OR (t."amount" IS NOT NULL AND s."amount" IS NULL)
OR t."active" <> s."active"
OR (t."active" IS NULL AND s."active" IS NOT NULL) OR (t."active" IS NOT NULL AND s."active" IS NULL)
OR t."at" <> CAST(s."at" AS TIMESTAMPTZ)
OR (t."at" IS NULL AND CAST(s."at" AS TIMESTAMPTZ) IS NOT NULL)
OR (t."at" IS NOT NULL AND CAST(s."at" AS TIMESTAMPTZ) IS NULL)
OR t."data" <> s."data" OR LENGTH(t."data") <> LENGTH(s."data")
OR (t."data" IS NULL AND s."data" IS NOT NULL) OR (t."data" IS NOT NULL AND s."data" IS NULL)
OR t."_deleted_at" <> CAST(s."_deleted_at" AS TIMESTAMPTZ)
OR (t."_deleted_at" IS NULL AND CAST(s."_deleted_at" AS TIMESTAMPTZ) IS NOT NULL)
OR (t."_deleted_at" IS NOT NULL AND CAST(s."_deleted_at" AS TIMESTAMPTZ) IS NULL));
INSERT INTO "talon_one"."ledger" ({COLUMNS}) SELECT s."owner", s."id", s."amount", s."active",
CAST(s."at" AS TIMESTAMPTZ), s."data", CAST(s."_deleted_at" AS TIMESTAMPTZ), CAST(s."_loaded_at" AS TIMESTAMPTZ)
FROM "stage_0" AS s LEFT JOIN "talon_one"."ledger" AS t ON {KEY} WHERE t."owner" IS NULL;
UPDATE {STATE} AS t SET "state" = s."state", "updated_at" = CAST(s."updated_at" AS TIMESTAMPTZ)
FROM "stage_1" AS s WHERE t."state_name" = s."state_name" AND LENGTH(t."state_name") = LENGTH(s."state_name") AND (
t."state" <> s."state" OR LENGTH(t."state") <> LENGTH(s."state")
OR (t."state" IS NULL AND s."state" IS NOT NULL) OR (t."state" IS NOT NULL AND s."state" IS NULL)
OR t."updated_at" <> CAST(s."updated_at" AS TIMESTAMPTZ)
OR (t."updated_at" IS NULL AND CAST(s."updated_at" AS TIMESTAMPTZ) IS NOT NULL)
OR (t."updated_at" IS NOT NULL AND CAST(s."updated_at" AS TIMESTAMPTZ) IS NULL));
INSERT INTO {STATE} ("state_name", "state", "updated_at")
SELECT s."state_name", s."state", CAST(s."updated_at" AS TIMESTAMPTZ) FROM "stage_1" AS s LEFT JOIN {STATE} AS t
ON t."state_name" = s."state_name" AND LENGTH(t."state_name") = LENGTH(s."state_name") WHERE t."state_name" IS NULL;
"""
CATALOG = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'talon_one' AND c.relname = '{}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
EXPECTED = f"""
SELECT db_collation();
SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'talon_one';
CREATE SCHEMA IF NOT EXISTS "talon_one";
{CATALOG.format("_talon_one_state")};
BEGIN;
CREATE TABLE {STATE} ("state_name" character varying(65535), "state" character varying(65535),
"updated_at" timestamp with time zone, PRIMARY KEY ("state_name"));
COMMIT;
{CATALOG.format("ledger")};
BEGIN;
CREATE TABLE "talon_one"."ledger" ("owner" {STAGED.format(*AN_INSTANT)}, PRIMARY KEY ("owner", "id"));
COMMIT;
{MERGE}
CREATE TEMPORARY TABLE "seen_2" AS SELECT s."owner" AS "owner", s."id" AS "id" FROM "stage_0" AS s;
COMMIT;
DROP TABLE IF EXISTS "stage_0";
DROP TABLE IF EXISTS "stage_1";
{MERGE.replace("stage_0", "stage_3").replace("stage_1", "stage_4")}
INSERT INTO "seen_2" SELECT s."owner" AS "owner", s."id" AS "id" FROM "stage_3" AS s;
COMMIT;
DROP TABLE IF EXISTS "stage_3";
DROP TABLE IF EXISTS "stage_4";
BEGIN;
UPDATE "talon_one"."ledger" AS t SET "_deleted_at" = CAST('2026-01-01 00:00:00.000000+00' AS TIMESTAMPTZ),
"_loaded_at" = CAST('2026-01-01 00:00:00.000000+00' AS TIMESTAMPTZ) WHERE t."_deleted_at" IS NULL AND t."id" IN (1)
AND NOT EXISTS (SELECT 1 FROM "seen_2" AS s WHERE {KEY});
COMMIT;
DROP TABLE "seen_2";
"""
DELETED = f"""
DELETE FROM "talon_one"."ledger" AS t WHERE t."id" IN (1) AND NOT EXISTS (SELECT 1 FROM "seen_7" AS s WHERE {KEY})
"""


def parsed(statement):
    """A statement as its tree, or as its text if sqlglot does not know it."""
    return statement.strip() if statement.strip().startswith("LOCK") else sqlglot.parse(statement, read="redshift")


def test_the_statements_of_a_load_are_these():
    """Files are copied before the transaction, which holds all rows and the state; a length tells blanks apart."""
    statements = load(ClientOfNothing(), TABLE.with_deleted_at().with_loaded_at(), "talon_one")
    expected = [one for one in EXPECTED.split(";") if one.strip()]
    for statement, wanted in zip(statements, expected, strict=False):
        assert parsed(wanted) == parsed(statement)
    assert parsed(DELETED) in list(map(parsed, statements[len(expected) :]))


@pytest.mark.parametrize("table", [TABLE, STRANGE, MOMENTS], ids=lambda table: table.name)
def test_every_statement_parses_in_its_dialect(table):
    """Every statement of first and later loads is one statement, understood, with each name in quotes."""
    table = table.with_deleted_at().with_loaded_at()
    for there in (None, table):
        found = set()
        for statement in load(ClientOfNothing(there), table, "Talon One"):
            if statement == 'LOCK TABLE "talon one"."_talon_one_state"':
                continue
            (tree,) = parsed(statement)
            assert not isinstance(tree, sqlglot.exp.Command), statement
            found |= {(one.this, one.quoted) for one in tree.find_all(sqlglot.exp.Identifier)}
        for name in ("talon one", table.name, *(column.name for column in table.columns)):
            assert (name, True) in found
            assert (name, False) not in found


def test_a_table_gets_the_columns_that_it_lacks():
    """Columns are added one by one in one transaction."""
    statements = load(ClientOfNothing(TABLE.with_deleted_at()), TABLE.with_deleted_at(), "talon_one")
    added = [one for one in statements if one.startswith("ALTER")]
    assert ["amount", "active", "at", "data", "_deleted_at"] == [re.findall(r'"(\w+)"', one)[-1] for one in added]
    begun = statements.index(added[0]) - 1
    assert ["BEGIN", *added, "COMMIT"] == statements[begun : begun + len(added) + 2]


def test_instants_are_texts_that_tell_their_zone():
    """A text has the microseconds and the zone."""
    column = pa.chunked_array([pa.array([0, -1, None], pa.int64()).cast(pa.timestamp("us", "UTC"))])
    expected = ["1970-01-01 00:00:00.000000+00", "1969-12-31 23:59:59.999999+00", None]
    assert expected == instant_texts(column).to_pylist()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'{"id":1,"owner":"a\\u0000b"}', "owner: .* holds the character NUL, which Redshift's text cannot hold .row"),
        (b'{"id":1,"owner":"%s"}' % ("ü" * 32_768).encode(), "owner: .* is longer than the 65,535 bytes of text"),
        (b'{"id":1,"data":["%s"]}' % (b"x" * 65_532), "data: .* is longer than the 65,535 bytes of text"),
        (b'{"id":1,"at":"0001-01-01T00:00:00+01:00"}', "at: .* is outside the years 1 to 9999 in UTC"),
        (b'{"id":1,"at":"9999-12-31T23:59:59-01:00"}', "at: .* is outside the years 1 to 9999 in UTC"),
    ],
)
def test_a_value_that_redshift_cannot_hold_is_refused_with_its_row(row, words):
    """The error names table, column, value and row; nothing is cut."""
    table = TableSpec("t", TABLE.columns, ("id",))
    fits = b'{"id":0,"owner":"%s","data":["%s"],"at":"9999-12-31T23:59:59.999999Z"}' % (b"x" * 65_535, b"x" * 65_531)
    with opened(ClientOfNothing(), "s") as warehouse:
        warehouse.prepare(table)
        warehouse.check_rows("t", to_arrow(table, [fits]))
        with pytest.raises(RowError, match=words) as caught:
            warehouse.check_rows("t", to_arrow(table, [fits, row]))
    assert {"id": "1"} == caught.value.key


@pytest.mark.parametrize(("name", "words"), [("x" * 128, "longer than the 127 bytes"), ("cardId", "capital letters")])
def test_a_name_that_redshift_would_change_is_refused(name, words):
    """A name is neither cut nor folded into that of another column."""
    table = TableSpec("t", (Column(name, "a", "string"),), (name,))
    with opened(ClientOfNothing(), "s") as warehouse, pytest.raises(TableError, match=words):
        warehouse.prepare(table)


def test_a_database_that_ignores_case_is_refused():
    """Keys that differ in capital letters only would be one row."""
    with pytest.raises(WarehouseConfigError, match=r"host/db does not distinguish capital from small letters"):
        opened(ClientOfNothing(collation="case_insensitive"), "s")


def test_a_schema_with_a_backslash_is_refused():
    """A backslash in a string may begin an escape, or not, by the settings of the server."""
    with pytest.raises(WarehouseConfigError, match="has a backslash; rename it"):
        opened(ClientOfNothing(), "a\\b")


def test_names_are_folded_as_redshift_does():
    """Only the letters of ASCII are folded."""
    assert "äÖ_ab1" == folded("äÖ_AB1")
