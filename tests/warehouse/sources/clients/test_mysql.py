"""Queries of MySQL through its own protocol, against a real MariaDB server."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, time, timedelta

import pytest

from talon_one_singer.values.refused_value import RefusedValue
from talon_one_warehouse import SourceSpec, WarehouseConfigError, WarehouseError, open_source
from talon_one_warehouse.connections import mysql
from talon_one_warehouse.errors import SourceDataError
from talon_one_warehouse.sources.clients.mysql import column_values, quoted_table
from tests.servers import PASSWORD
from tests.source_files import read, refusal

# Type and value -> what is sent: https://mariadb.com/docs/server/reference/data-types
VALUES = {
    ("varchar(9)", "NULL"): "null",
    ("varchar(9)", "'007'"): '"007"',
    ("longtext", "'ü😀'"): '"ü😀"',
    ("bigint", "-9223372036854775808"): "-9223372036854775808",
    ("bigint unsigned", "18446744073709551615"): "18446744073709551615",
    ("decimal(38,18)", "12345678901234.123456789012345678"): "12345678901234.123456789012345678",
    ("decimal(10,2)", "17"): "17",
    ("float", "19.99"): "19.99",
    ("float", "16777215"): "16777215",
    ("double", "5.684341886080802e-14"): "5.684341886080802E-14",
    ("boolean", "true"): "1",
    ("bit(9)", "b'100000001'"): "257",
    ("year", "2024"): "2024",
    ("date", "'2024-02-29'"): '"2024-02-29T00:00:00Z"',
    ("date", "'9999-12-31'"): '"9999-12-31T00:00:00Z"',
    ("date", "'0000-00-00'"): "refused: 0000-00-00 is not a date of the calendar",
    ("datetime(6)", "'2024-02-29 01:02:03.123456'"): '"2024-02-29T01:02:03.123456Z"',
    ("datetime", "'0000-00-00 00:00:00'"): "refused: 0000-00-00 00:00:00 is not a date of the calendar",
    ("timestamp(6)", "'2024-02-29 01:02:03.12'"): '"2024-02-28T23:02:03.12Z"',
    ("time(6)", "'10:11:12.123456'"): '"10:11:12.123456"',
    ("time", "'-01:00:00'"): "refused: it is a duration, not a time of day",
    ("time", "'838:59:59'"): "refused: it is a duration, not a time of day",
    ("enum('x', 'y')", "'x'"): '"x"',
    ("set('p', 'q')", "'p,q'"): '"p,q"',
    ("uuid", "'00010203-0405-0607-0809-0a0b0c0d0e0f'"): '"00010203-0405-0607-0809-0a0b0c0d0e0f"',
    ("blob", "x'00ff'"): "refused: it is of type BLOB, which JSON cannot represent",
    ("varbinary(9)", "x'00ff'"): "refused: it is of type BLOB, which JSON cannot represent",
    ("point", "point(1, 2)"): "refused: it is of type GEOMETRY, which JSON cannot represent",
}


@pytest.fixture
def execute(mysql_url):
    """Return a function that runs statements in a session whose zone is two hours before UTC."""
    with (
        mysql.connect(mysql_url.partition("://")[2], {"autocommit": True}) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET time_zone = '+02:00', sql_mode = ''")
        yield lambda *statements: [cursor.execute(statement) for statement in statements] and None


def test_every_type_is_sent_exactly_or_refused_by_its_name(execute, mysql_url, sent):
    """Every value of MySQL's types arrives exactly; what JSON does not have is refused by the name of its type."""
    columns = ", ".join(f"c{number} {kind} NULL" for number, (kind, _) in enumerate(VALUES))
    execute(f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({', '.join(value for _, value in VALUES)})")
    (row,) = read(SourceSpec(mysql_url, table="t"))
    assert VALUES == dict(zip(VALUES, map(sent, row.values()), strict=True))


def test_json_of_mysql_is_decoded():
    """MySQL's type JSON is decoded; MariaDB has only text of that name."""
    assert [{"a": [1]}, None] == column_values(['{"a": [1]}', None], 245)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (timedelta(hours=1), 11, time(1)),
        (timedelta(days=1), 11, RefusedValue("it is a duration, not a time of day")),
        ("2024-02-31", 10, RefusedValue("2024-02-31 is not a date of the calendar")),
        (date(2024, 2, 29), 10, date(2024, 2, 29)),
    ],
)
def test_times_that_are_none_are_refused(value, kind, expected):
    """A duration and a day that the calendar does not have are refused."""
    assert [expected] == column_values([value], kind)


def test_names_are_quoted_with_backticks():
    """A double quote is a string in MySQL, so names get backticks."""
    assert "`shop`.`or``der`" == quoted_table(["shop", "or`der"])


def test_a_push_finds_its_columns_without_regard_to_case(execute, mysql_url, push):
    """``key: customer_id`` selects Customer_ID, and all rows become members."""
    execute("CREATE TABLE vips (Customer_ID varchar(9))", "INSERT INTO vips VALUES ('a'), ('b'), ('c')")
    assert {"a", "b", "c"} == push({"url": mysql_url, "table": "vips"})[2]


def test_a_missing_column_is_named_with_those_that_are_there(execute, mysql_url, push):
    """The message names the column that is missing and the columns of the query."""
    execute("CREATE TABLE vips (customer_id varchar(9), n integer)")
    code, said, _ = push({"url": mysql_url, "table": "vips"}, key="customer")
    assert 2 == code
    assert "no column 'customer'" in said
    assert "the columns 'customer_id', 'n'" in said


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a;b' AS id;",
        "SELECT 'a;b' AS id -- done; really",
        "SELECT 'a;b' AS id; /* end; */\n",
        "WITH one AS (SELECT 'a;b' AS id) SELECT * FROM one",
    ],
)
def test_a_query_may_end_as_files_of_sql_do(mysql_url, sql):
    """A query may end with a semicolon or a comment, and begin with WITH."""
    assert [{"id": "a;b"}] == read(SourceSpec(mysql_url, sql=sql))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nowhere", "nowhere' doesn't exist"),
        ("SELECT 1 AS a, 2 AS a", "Duplicate column name 'a'"),
        ("SELECT 1; SELECT 2", "one query, not several"),
        ("CREATE TABLE made (id integer)", "source.sql must be a query: a SELECT"),
    ],
)
def test_a_query_that_is_none_is_reported_in_one_line(mysql_url, sql, words):
    """A wrong query is an error of the settings, which names the reason of the server."""
    assert words in refusal(SourceSpec(mysql_url, sql=sql))


def test_a_query_that_fails_at_a_late_row_is_an_error_of_its_data(mysql_url):
    """An error at a row names the source, and a retry cannot help."""
    sql = "SELECT IF(seq < 40000, 1, (SELECT 1 UNION SELECT 2)) AS n FROM seq_1_to_50000"
    with pytest.raises(SourceDataError, match="Subquery returns more than 1 row"):
        read(SourceSpec(mysql_url, sql=sql))


def test_a_lost_connection_may_come_back(execute, mysql_url):
    """A connection that the server ends while rows are read is a transient error."""
    with open_source(SourceSpec(mysql_url, sql="SELECT seq, REPEAT('x', 1000) AS x FROM seq_1_to_1000000")) as source:
        rows = source.rows()
        next(rows)
        execute("SELECT id INTO @id FROM information_schema.processlist WHERE info LIKE 'SELECT seq%'", "KILL @id")
        with pytest.raises(WarehouseError, match="run again") as caught:
            list(rows)
    assert WarehouseError is type(caught.value)


def test_a_source_that_is_closed_early_does_not_read_on(mysql_url):
    """Closing a source ends its query at once, however many rows are left."""
    with open_source(SourceSpec(mysql_url, sql="SELECT seq, SLEEP(seq > 20000) AS s FROM seq_1_to_10000000")) as source:
        assert 10_000 == len(next(source.rows()))


@pytest.mark.parametrize(("port", "kind"), [(None, WarehouseConfigError), (9, WarehouseError)])
def test_a_login_that_fails_shows_no_password(mysql_url, port, kind):
    """A wrong password is an error of the settings, a server that is away is a transient one; neither shows it."""
    url = mysql_url.replace("planted%26secret", "other-secret")
    if port is not None:
        url = f"mysql://tester:other-secret@127.0.0.1:{port}/d"
    with pytest.raises(WarehouseError, match=r"cannot open mysql://127\.0\.0\.1") as caught:
        open_source(SourceSpec(url, table="t"))
    assert kind is type(caught.value)
    assert "other-secret" not in str(caught.value)


def test_the_password_may_come_from_the_environment(mysql_url, monkeypatch):
    """MYSQL_PWD has the password if the URL has none."""
    monkeypatch.setenv("MYSQL_PWD", PASSWORD)
    assert [{"x": 1}] == read(SourceSpec(mysql_url.replace(":planted%26secret", ""), sql="SELECT 1 AS x"))


SCRIPT = """
import re, sys
from pathlib import Path
from talon_one_warehouse import SourceSpec, open_source
with open_source(SourceSpec(sys.argv[1], sql=sys.argv[2])) as source:
    count = sum(len(part) for part in source.rows())
print(count, int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def peak_mb(url, rows):
    """Return the peak memory of a process that reads this many rows of a hundred bytes."""
    sql = f"SELECT seq AS id, REPEAT('x', 100) AS name FROM seq_1_to_{rows}"
    done = subprocess.run([sys.executable, "-c", SCRIPT, url, sql], capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert rows == count
    return peak


@pytest.mark.slow
def test_half_a_million_rows_take_no_more_memory_than_some(mysql_url):
    """Rows are streamed, so that memory does not grow with their number."""
    some = peak_mb(mysql_url, 20_000)
    assert peak_mb(mysql_url, 500_000) - some < 15
