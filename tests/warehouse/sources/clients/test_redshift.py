"""Queries of Redshift through its own client, against a PostgreSQL that answers it."""

from __future__ import annotations

import gc
from datetime import UTC, date, datetime

import psycopg
import pytest

from talon_one_singer.values.refused_value import RefusedValue
from talon_one_warehouse import SourceSpec, WarehouseConfigError, WarehouseError, open_source
from talon_one_warehouse.errors import SourceDataError
from talon_one_warehouse.sources.clients.redshift import column_values
from tests.source_files import read, refusal

# SQL -> what is sent: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
VALUES = {
    "NULL::varchar": "null",
    "'007'::varchar": '"007"',
    "'ü😀'::varchar": '"ü😀"',
    "32767::int2": "32767",
    "9223372036854775807::int8": "9223372036854775807",
    "12345678901234.123456789012345678::numeric(38, 18)": "12345678901234.123456789012345678",
    "17.00::numeric(10, 2)": "17",
    "'NaN'::numeric": "refused: NaN is not a number that JSON can hold",
    "19.99::real": "19.99",
    "5.684341886080802e-14::float8": "5.684341886080802E-14",
    "'-Infinity'::float8": "refused: -Infinity is not a number that JSON can hold",
    "true": "true",
    "'2024-02-29'::date": '"2024-02-29T00:00:00Z"',
    "'2024-02-29 01:02:03.123456'::timestamp": '"2024-02-29T01:02:03.123456Z"',
    "'2024-02-29 01:02:03.12+02'::timestamptz": '"2024-02-28T23:02:03.12Z"',
    "'10:11:12.123456'::time": '"10:11:12.123456"',
    "'\\x00'::bytea": "refused: it is of type BYTEA, which JSON cannot represent",
    "interval '1 month'": "refused: it is of type INTERVAL, which JSON cannot represent",
    "point(1, 2)": "refused: it is of type number 600, which JSON cannot represent",
}
LONG = "SELECT n AS id, repeat('x', 100) AS name FROM generate_series(1, 25500) AS n"


@pytest.fixture
def execute(redshift_server, redshift_url):
    """Return a function that runs statements as the owner of the database."""
    name = redshift_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(f"{redshift_server[0]}/{name}", autocommit=True) as owner:
        yield lambda *statements: [owner.execute(statement) for statement in statements]


def test_every_type_is_sent_exactly_or_refused_by_its_name(redshift_url, sent):
    """Every value arrives exactly; what JSON does not have is refused, although the client returns it as text."""
    sql = "SELECT " + ", ".join(f"{one} AS c{number}" for number, one in enumerate(VALUES))
    (row,) = read(SourceSpec(redshift_url, sql=sql))
    assert VALUES == dict(zip(VALUES, map(sent, row.values()), strict=True))


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ('{"a": [1.50]}', 4000, {"a": [1.5]}),
        ("00ff", 6551, RefusedValue("it is of type VARBYTE, which JSON cannot represent")),
        ("0101", 3000, RefusedValue("it is of type GEOMETRY, which JSON cannot represent")),
        ("1", 1188, RefusedValue("it is of type INTERVAL YEAR TO MONTH, which JSON cannot represent")),
    ],
)
def test_types_that_only_redshift_has_are_decoded_or_refused(value, kind, expected):
    """SUPER is decoded; the other types that PostgreSQL does not have are refused by their names."""
    assert [expected, None] == column_values([value, None], kind)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(date.max, 1082), (datetime(9999, 12, 31, 23, 59, 59, 999_999), 1114), (datetime.min.replace(tzinfo=UTC), 1184)],  # noqa: DTZ001
)
def test_an_end_of_the_calendar_may_be_infinity_and_is_refused(value, kind):
    """The client returns infinity as the last instant of the calendar, so that instant is refused."""
    (found,) = column_values([value], kind)
    assert f"{value} is an end of the calendar, with which the client shows infinity" == found.reason


def test_a_push_finds_its_columns_without_regard_to_case(execute, redshift_url, push):
    """``key: Customer_ID`` selects customer_id, and all rows become members."""
    execute("CREATE TABLE vips (customer_id varchar)", "INSERT INTO vips VALUES ('a'), ('b'), ('c')")
    assert {"a", "b", "c"} == push({"url": redshift_url, "table": "public.vips"}, key="Customer_ID")[2]


def test_rows_come_in_parts_from_a_cursor_of_the_server(redshift_url):
    """Rows are fetched a thousand at a time and passed on ten thousand at a time."""
    with open_source(SourceSpec(redshift_url, sql=LONG)) as source:
        sizes = [len(part) for part in source.rows()]
    assert [10_000, 10_000, 5_500] == sizes


def test_no_rows_have_columns_too(redshift_url):
    """A query without rows has its columns, so that a mistake in the mapping is found."""
    with open_source(SourceSpec(redshift_url, sql="SELECT 'a' AS id, 1 AS n WHERE false")) as source:
        assert ("id", "n") == source.columns
        assert [] == list(source.rows())


@pytest.mark.parametrize("end", [";", " ;\n", ";\n-- vip only", "\n-- vip; only"])
def test_a_query_may_end_as_files_of_sql_do(redshift_url, end):
    """A query may end with a semicolon or a comment, and a % stays a %."""
    assert [{"id": "a;%s"}] == read(SourceSpec(redshift_url, sql=f"SELECT 'a;%s' AS id{end}"))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1 AS a, 2 AS a", "two columns named 'a'; rename one with AS"),
        ("SELECT 1; SELECT 2", "one query, not several"),
        ("CREATE TABLE made (id integer)", "source.sql must be a query: a SELECT"),
    ],
)
def test_a_query_that_is_none_is_reported_in_one_line(redshift_url, sql, words):
    """A wrong query is an error of the settings, which names the reason of the server."""
    assert words in refusal(SourceSpec(redshift_url, sql=sql))


def test_a_query_that_fails_at_a_late_row_is_an_error_of_its_data(redshift_url):
    """An error at a row names the source, and a retry cannot help."""
    with pytest.raises(SourceDataError, match="division by zero"):
        read(SourceSpec(redshift_url, sql="SELECT 1 / (20000 - n) AS x FROM generate_series(1, 30000) AS n"))


def test_a_connection_that_ends_while_rows_are_read_may_come_back(execute, redshift_url):
    """A connection that the server ends is a transient error."""
    with open_source(SourceSpec(redshift_url, sql=LONG)) as source:
        rows = source.rows()
        next(rows)
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        with pytest.raises(WarehouseError, match="run again") as caught:
            list(rows)
    assert WarehouseError is type(caught.value)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the client leaves its socket open then
@pytest.mark.parametrize(("port", "kind"), [(None, WarehouseConfigError), (9, WarehouseError)])
def test_a_login_that_fails_shows_no_password(redshift_url, port, kind):
    """A wrong password is an error of the settings, a server that is away is a transient one; neither shows it."""
    url = redshift_url.replace("planted%26secret", "other-secret")
    if port is not None:
        url = f"redshift://reader:other-secret@127.0.0.1:{port}/d?ssl=false"
    with pytest.raises(WarehouseError, match=r"cannot open redshift://127\.0\.0\.1") as caught:
        open_source(SourceSpec(url, table="t"))
    assert kind is type(caught.value)
    assert "other-secret" not in str(caught.value)
    del caught
    gc.collect()
