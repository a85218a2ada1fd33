"""Queries of Snowflake through its own connector, against a server of its protocol (fakesnow)."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from talon_one_singer.values.refused_value import RefusedValue
from talon_one_warehouse import SourceSpec, WarehouseConfigError, WarehouseError, open_source
from talon_one_warehouse.connections import snowflake
from talon_one_warehouse.sources.clients.snowflake import column_values, quoted_table
from tests.source_files import read, refusal

# SQL -> what is sent: https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
VALUES = {
    "NULL::varchar": "null",
    "'007'": '"007"',
    "''": '""',
    "9223372036854775807": "9223372036854775807",
    "-9223372036854775808": "-9223372036854775808",
    "12345678901234.123456789012345678::number(38,18)": "12345678901234.123456789012345678",
    "17.00::number(10,2)": "17",
    "5.684341886080802e-14::float": "5.684341886080802E-14",
    "'NaN'::float": "refused: NaN is not a number that JSON can hold",
    "'inf'::float": "refused: Infinity is not a number that JSON can hold",
    "true": "true",
    "'2024-02-29'::date": '"2024-02-29T00:00:00Z"',
    "'0001-01-01'::date": '"0001-01-01T00:00:00Z"',
    "'9999-12-31'::date": '"9999-12-31T00:00:00Z"',
    "'2024-02-29 01:02:03.123456'::timestamp_ntz": '"2024-02-29T01:02:03.123456Z"',
    "'2024-02-29 01:02:03.12+02:00'::timestamp_tz": '"2024-02-28T23:02:03.12Z"',
    "'2024-02-29 01:02:03.12+02:00'::timestamp_ltz": '"2024-02-28T23:02:03.12Z"',
    "'10:11:12.123456'::time": '"10:11:12.123456"',
    'parse_json(\'{"a": 1.50, "b": [null, 12345678901234567890123]}\')': '{"a":1.5,"b":[null,12345678901234567890123]}',
    "parse_json('null')": "null",
    "object_construct('x', 1)": '{"x":1}',
    "to_binary('00ff', 'HEX')": "refused: it is of type BINARY, which JSON cannot represent",
}


@pytest.fixture
def execute(snowflake_url):
    """Return a function that runs statements."""
    with snowflake.connect(snowflake_url.partition("://")[2]) as connection, connection.cursor() as cursor:
        yield lambda *statements: [cursor.execute(statement) for statement in statements] and None


@pytest.mark.slow
def test_every_type_is_sent_exactly_or_refused_by_its_name(snowflake_url, sent):
    """Every value of Snowflake's types arrives exactly; what JSON does not have is refused by the name of its type."""
    sql = "SELECT " + ", ".join(f"{one} AS c{number}" for number, one in enumerate(VALUES))
    (row,) = read(SourceSpec(snowflake_url, sql=sql))
    assert VALUES == dict(zip(VALUES, map(sent, row.values()), strict=True))


@pytest.mark.slow
def test_the_connector_keeps_decimals(snowflake_url):
    """The connector is asked for decimals; by default it makes floats of them."""
    with snowflake.connect(snowflake_url.partition("://")[2]) as connection:
        assert connection.arrow_number_to_decimal is True


@pytest.mark.slow
def test_a_table_is_found_by_its_name_in_lower_case(execute, snowflake_url):
    """A name without quotes is folded to upper case, as in a statement of Snowflake."""
    execute('CREATE TABLE "ORDERS" (id varchar)', "INSERT INTO orders VALUES ('a')")
    assert [{"ID": "a"}] == read(SourceSpec(snowflake_url, table="public.orders"))


def test_names_with_other_characters_are_quoted():
    """A part of a name that Snowflake would not read without quotes gets them."""
    assert 'db.my_schema."Or der""s"' == quoted_table(["db", "my_schema", 'Or der"s'])


@pytest.mark.slow
def test_a_push_finds_its_columns_without_regard_to_case(execute, snowflake_url, push):
    """``key: customer_id`` selects CUSTOMER_ID, and all rows become members."""
    execute("CREATE TABLE vips (customer_id varchar)", "INSERT INTO vips VALUES ('a'), ('b'), ('c')")
    assert {"a", "b", "c"} == push({"url": snowflake_url, "table": "vips"})[2]


@pytest.mark.slow
def test_a_missing_column_is_named_with_those_that_are_there(execute, snowflake_url, push):
    """The message names the column that is missing and the columns of the query."""
    execute("CREATE TABLE vips (customer_id varchar, n integer)")
    code, said, _ = push({"url": snowflake_url, "table": "vips"}, key="customer")
    assert 2 == code
    assert "no column 'customer'" in said
    assert "the columns 'CUSTOMER_ID', 'N'" in said


@pytest.mark.slow
def test_no_rows_have_columns_too(snowflake_url):
    """A query without rows has its columns, so that a mistake in the mapping is found."""
    with open_source(SourceSpec(snowflake_url, sql="SELECT 'a' AS id, 1 AS n WHERE 1 = 0")) as source:
        assert ("ID", "N") == source.columns
        assert [] == list(source.rows())


@pytest.mark.slow
@pytest.mark.parametrize("end", [";", " ;\n", ";\n-- vip only", "\n-- vip; only"])
def test_a_query_may_end_as_files_of_sql_do(snowflake_url, end):
    """A query may end with a semicolon or a comment."""
    assert [{"ID": "a;b"}] == read(SourceSpec(snowflake_url, sql=f"SELECT 'a;b' AS id{end}"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nowhere", "NOWHERE"),
        ("SELECT 1 AS a, 2 AS a", "two columns named 'A'; rename one with AS"),
        ("SELECT 1; SELECT 2", "one query, not several"),
        ("CREATE TABLE made (id integer)", "source.sql must be a query: a SELECT"),
    ],
)
def test_a_query_that_is_none_is_reported_in_one_line(snowflake_url, sql, words):
    """A wrong query is an error of the settings, which names Snowflake's reason."""
    assert words in refusal(SourceSpec(snowflake_url, sql=sql))


@pytest.mark.slow
def test_rows_come_in_parts(snowflake_url):
    """Rows are passed on ten thousand at a time at most."""
    with open_source(
        SourceSpec(snowflake_url, sql="SELECT seq4() AS n FROM table(generator(rowcount => 25000))")
    ) as source:
        sizes = [len(part) for part in source.rows()]
    assert 25_000 == sum(sizes)
    assert max(sizes) <= 10_000


def test_a_server_that_does_not_answer_may_come_back(monkeypatch):
    """An unreachable server is a transient error, and the message does not show the password."""
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "planted-secret")
    with pytest.raises(WarehouseError, match="cannot open snowflake://account/db: ") as caught:
        open_source(SourceSpec("snowflake://u@account/db?host=127.0.0.1&port=9&protocol=http", sql="SELECT 1"))
    assert WarehouseError is type(caught.value)
    assert "planted-secret" not in str(caught.value)


# Results as Snowflake's own servers send them and fakesnow does not.
OF_THE_CLIENT = [
    ("FIXED", pa.array([1, None], pa.int8()), [1, None]),
    ("FIXED", pa.array([1.5], pa.float64()), "FIXED (double)"),
    ("FIXED", pa.array([{"exponent": 1, "significand": b"1"}]), "FIXED (struct<exponent: int64, significand: binary>)"),
    ("INTERVAL_YEAR_MONTH", pa.array([14], pa.int64()), "INTERVAL_YEAR_MONTH"),
    ("INTERVAL_DAY_TIME", pa.array([14], pa.int64()), "INTERVAL_DAY_TIME"),
    ("FILE", pa.array(["{}"]), "FILE"),
    ("GEOGRAPHY", pa.array(["POINT(1 2)"]), ["POINT(1 2)"]),
    ("VECTOR", pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)), [[1.0, 2.0]]),
    ("MAP", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), [{"a": 1}]),
    ("OBJECT", pa.array([{"a": 1}]), [{"a": 1}]),
    ("ARRAY", pa.array(['["a", 1.50]']), [["a", Decimal("1.5")]]),
    ("ARRAY", pa.array(["[1, undefined]"]), "not JSON"),
]


@pytest.mark.parametrize(("name", "array", "expected"), OF_THE_CLIENT)
def test_types_that_only_the_vendor_sends_are_exact_or_refused(name, array, expected):
    """A column whose Arrow type does not fit its type is refused: the client writes decimal floats and intervals so."""
    found = column_values(array, pa.field("x", array.type), name)
    if isinstance(expected, str):
        assert isinstance(found[0], RefusedValue)
        assert expected in found[0].reason
    else:
        assert expected == found


def test_decimals_of_arrow_are_exact():
    """Every NUMBER(38, 18) keeps all its digits."""
    digits = ("0", "0.000000000000000001", "-0.000000000000000001", "99999999999999999999.999999999999999999", "-1.5")
    numbers = list(map(Decimal, digits))
    array = pa.array(numbers, pa.decimal128(38, 18))
    assert numbers == column_values(array, pa.field("n", array.type), "FIXED")


@pytest.mark.slow
def test_an_unknown_table_is_an_error_of_the_settings(snowflake_url):
    """A retry cannot help a query that names no table."""
    with pytest.raises(WarehouseConfigError, match="the query of the source does not work"):
        open_source(SourceSpec(snowflake_url, table="nowhere"))
