"""Every statement of a load into Databricks parses in its dialect under sqlglot, and is the one that is written here.

sqlglot does not know the commands for files; of these, the text is compared.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import sqlglot

from talon_one_warehouse import Column, TableError, TableSpec, to_arrow
from talon_one_warehouse.databases.databricks import DatabricksConnection
from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
from talon_one_warehouse.dialects.databricks import Databricks

server = pytest.importorskip("tests.databricks_server")
VOLUME, PUT, LIST = server.VOLUME, server.PUT, server.LIST

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
STRANGE = TableSpec("it's`we\"ird", (Column("select", "a", "string"), Column("b`\\", "j", "json")), ("select",))
MOMENTS = TableSpec("moments", (Column("at", "at", "instant"), Column("id", "id", "integer")), ("at",))
ROW = b'{"owner":"a","id":1,"amount":1,"active":true,"at":"2026-01-01T00:00:00Z","data":{},"a":"x","j":{}}'
NAMES = re.compile(r"_talon_one_(stage|seen)_[0-9a-f]+_[0-9a-f]+_(\d+)")
FILES = re.compile(r"talon_one_stage_[0-9a-f]+_[0-9a-f]+_(\d+)\.parquet")
LOCAL = re.compile(r"PUT '/[^']+/")


class ClientOfNothing:
    """A client of a catalog without tables, or with one that has its key only; it keeps the statements."""

    def __init__(self, table=None):
        self.table, self.statements = table, []

    def cursor(self):
        """Return this object, which is its own cursor."""
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def execute(self, statement):
        """Keep the statement."""
        assert not statement.startswith("PUT") or PUT.fullmatch(statement)
        shown = FILES.sub(r"\1.parquet", NAMES.sub(r"\1_\2", statement))
        self.statements.append(LOCAL.sub("PUT '", shown))

    @property
    def description(self):
        """The columns of the last answer."""
        names = ["num_affected_rows", "num_updated_rows", "num_deleted_rows", "num_inserted_rows"]
        asked = self.statements[-1]
        return [(name,) for name in (["path", "name"] if asked == LIST else names if self._counts(asked) else ["name"])]

    def fetchall(self):
        """The answer to the last statement."""
        asked = self.statements[-1]
        if self._counts(asked):
            return [(1, 0, 0, 1)]
        if asked == LIST:
            names = ("talon_one_stage_0_0_0.parquet", "talon_one_stage_7fffffff_0_0.parquet", "mine.parquet", "x/")
            return [(f"{VOLUME}/{name}", name) for name in names]
        if "information_schema.tables" in asked:
            return [("_talon_one_seen_0_0_0",), ("ledger",)]
        if self.table is None or f"table_name = {text(self.table.name)}" not in asked:
            return []
        key = [column for column in self.table.columns if column.name in self.table.key]
        return [(c.name,) if "PRIMARY KEY" in asked else (c.name, Databricks.types[c.kind].upper()) for c in key]

    def close(self):
        """Do nothing."""

    def _counts(self, asked):
        return asked.startswith(("MERGE", "UPDATE", "DELETE"))


def text(name):
    """A string in SQL."""
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def load(client, table, schema):
    """Load two times a row; mark, then delete what was not read."""
    from talon_one_warehouse.connections import databricks

    errors = databricks.errors("host/main", {"http_path": "/sql"})
    with DatabaseWarehouse(DatabricksConnection(client, errors, VOLUME), Databricks(), schema=schema) as warehouse:
        warehouse.prepare(table)
        for delete in (False, True):
            warehouse.begin_read(table.name)
            for _ in range(2):
                warehouse.merge({table.name: [to_arrow(table, [ROW])]}, {"run": {"at": 1}})
            within = {"id": [1]} if table.name == "ledger" else None
            warehouse.end_read(table.name, AT, delete=delete, within=within)
    return client.statements


COLUMNS = "`owner`, `id`, `amount`, `active`, `at`, `data`, `_deleted_at`, `_loaded_at`"
TYPED = """`owner` STRING NOT NULL, `id` BIGINT NOT NULL, `amount` DECIMAL(38, 18), `active` BOOLEAN, `at` TIMESTAMP,
`data` STRING, `_deleted_at` TIMESTAMP, `_loaded_at` TIMESTAMP"""
VALUES = ", ".join(f"s.{name}" for name in COLUMNS.split(", "))
KEY = "t.`owner` = s.`owner` AND t.`id` = s.`id`"
STATE = "`talon_one`.`_talon_one_state`"
STAGED = f"""
PUT '0.parquet' INTO '{VOLUME}/0.parquet' OVERWRITE;
CREATE TEMPORARY VIEW `stage_0` AS SELECT `c0` AS `owner`, `c1` AS `id`, `c2` AS `amount`, `c3` AS `active`,
TIMESTAMP_MICROS(`c4`) AS `at`, `c5` AS `data`, TIMESTAMP_MICROS(`c6`) AS `_deleted_at`,
TIMESTAMP_MICROS(`c7`) AS `_loaded_at` FROM parquet.`{VOLUME}/0.parquet`;
PUT '1.parquet' INTO '{VOLUME}/1.parquet' OVERWRITE;
CREATE TEMPORARY VIEW `stage_1` AS SELECT `c0` AS `state_name`, `c1` AS `state`, TIMESTAMP_MICROS(`c2`) AS `updated_at`
FROM parquet.`{VOLUME}/1.parquet`;
MERGE INTO `talon_one`.`ledger` AS t USING `stage_0` AS s ON {KEY} WHEN MATCHED AND (
t.`amount` IS DISTINCT FROM s.`amount` OR t.`active` IS DISTINCT FROM s.`active` OR t.`at` IS DISTINCT FROM s.`at`
OR t.`data` IS DISTINCT FROM s.`data` OR t.`_deleted_at` IS DISTINCT FROM s.`_deleted_at`)
THEN UPDATE SET `amount` = s.`amount`, `active` = s.`active`, `at` = s.`at`, `data` = s.`data`,
`_deleted_at` = s.`_deleted_at`, `_loaded_at` = s.`_loaded_at`
WHEN NOT MATCHED THEN INSERT ({COLUMNS}) VALUES ({VALUES});
MERGE INTO {STATE} AS t USING `stage_1` AS s ON t.`state_name` = s.`state_name` WHEN MATCHED AND (
t.`state` IS DISTINCT FROM s.`state` OR t.`updated_at` IS DISTINCT FROM s.`updated_at`) THEN UPDATE SET
`state` = s.`state`, `updated_at` = s.`updated_at` WHEN NOT MATCHED THEN INSERT (`state_name`, `state`, `updated_at`)
VALUES (s.`state_name`, s.`state`, s.`updated_at`);
"""
DROPPED = f"""
DROP VIEW IF EXISTS `stage_0`;
REMOVE '{VOLUME}/0.parquet';
DROP VIEW IF EXISTS `stage_1`;
REMOVE '{VOLUME}/1.parquet';
"""
CATALOG = """
SELECT column_name, full_data_type FROM information_schema.columns
WHERE table_schema = 'talon_one' AND table_name = '{}' ORDER BY ordinal_position
"""
EXPECTED = f"""
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'talon_one';
CREATE SCHEMA IF NOT EXISTS `talon_one`;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'talon_one';
DROP TABLE IF EXISTS `talon_one`.`seen_0`;
LIST '{VOLUME}';
REMOVE '{VOLUME}/0.parquet';
{CATALOG.format("_talon_one_state")};
CREATE TABLE {STATE} (`state_name` STRING NOT NULL, `state` STRING, `updated_at` TIMESTAMP, PRIMARY KEY (`state_name`));
{CATALOG.format("ledger")};
CREATE TABLE `talon_one`.`ledger` ({TYPED}, PRIMARY KEY (`owner`, `id`));
{STAGED}
CREATE TABLE `talon_one`.`seen_2` AS SELECT s.`owner` AS `owner`, s.`id` AS `id` FROM `stage_0` AS s;
{DROPPED}
{STAGED.replace("stage_0", "stage_3").replace("stage_1", "stage_4").replace("0.p", "3.p").replace("1.p", "4.p")}
INSERT INTO `talon_one`.`seen_2` SELECT s.`owner` AS `owner`, s.`id` AS `id` FROM `stage_3` AS s;
{DROPPED.replace("stage_0", "stage_3").replace("stage_1", "stage_4").replace("0.p", "3.p").replace("1.p", "4.p")}
UPDATE `talon_one`.`ledger` AS t SET `_deleted_at` = CAST('2026-01-01T00:00:00.000000Z' AS TIMESTAMP),
`_loaded_at` = CAST('2026-01-01T00:00:00.000000Z' AS TIMESTAMP) WHERE t.`_deleted_at` IS NULL AND t.`id` IN (1)
AND NOT EXISTS (SELECT 1 FROM `talon_one`.`seen_2` AS s WHERE {KEY});
DROP TABLE `talon_one`.`seen_2`;
"""
OF_FILES = ("PUT", "REMOVE", "LIST")


def parsed(statement):
    """A statement as its tree, or as its text if it is about a file."""
    return statement.strip() if statement.strip().startswith(OF_FILES) else sqlglot.parse(statement, read="databricks")


def test_the_statements_of_a_load_are_these():
    """Tables are merged one by one before the state, and files of killed loads are removed when a load begins."""
    statements = load(ClientOfNothing(), TABLE.with_deleted_at().with_loaded_at(), "talon_one")
    expected = [one for one in EXPECTED.split(";") if one.strip()]
    for statement, wanted in zip(statements, expected, strict=False):
        assert parsed(wanted) == parsed(statement)
    assert len(expected) < len(statements)


@pytest.mark.parametrize("table", [TABLE, STRANGE, MOMENTS], ids=lambda table: table.name)
def test_every_statement_parses_in_its_dialect(table):
    """Every statement of first and later loads is one statement, understood, with each name in quotes."""
    table = table.with_deleted_at().with_loaded_at()
    for there in (None, table):
        found = set()
        for statement in load(ClientOfNothing(there), table, "Talon One"):
            if statement.startswith(OF_FILES):
                continue
            (tree,) = parsed(statement)
            assert not isinstance(tree, sqlglot.exp.Command), statement
            found |= {(one.this, one.quoted) for one in tree.find_all(sqlglot.exp.Identifier)}
        for name in ("Talon One", table.name, *(column.name for column in table.columns)):
            assert (name, True) in found
            assert (name, False) not in found


def test_a_table_gets_the_columns_that_it_lacks():
    """Columns are added one by one."""
    statements = load(ClientOfNothing(TABLE.with_deleted_at()), TABLE.with_deleted_at(), "talon_one")
    added = [one for one in statements if one.startswith("ALTER")]
    assert "ALTER TABLE `talon_one`.`ledger` ADD COLUMNS (`amount` decimal(38,18))" == added[0]
    assert ["amount", "active", "at", "data", "_deleted_at"] == [re.findall(r"`(\w+)`", one)[-1] for one in added]


@pytest.mark.parametrize("name", ["a b", "a.b", "a/b", "Capital", "x" * 256])
def test_a_name_of_a_table_that_databricks_would_change_is_refused(name):
    """The catalog takes neither blanks nor points, and folds capital letters."""
    table = TableSpec(name, (Column("id", "id", "integer"),), ("id",))
    with pytest.raises(TableError, match="one that Databricks does not take or keep"):
        load(ClientOfNothing(), table, "s")


@pytest.mark.parametrize("name", ["a b", "a,b", "a;b", "a=b", "(a)", "{a}", "a\nb", "x" * 256])
def test_a_name_of_a_column_that_databricks_does_not_take_is_refused(name):
    """A Delta table without column mapping does not take these characters."""
    table = TableSpec("t", (Column(name, "id", "integer"),), (name,))
    with pytest.raises(TableError, match="one that Databricks does not take or keep"):
        load(ClientOfNothing(), table, "s")
