"""Queries of BigQuery through its own client, against a server of its REST API (bqemulator)."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from google.cloud.bigquery import SchemaField

from talon_one_singer.values.arrow_values import Conversion
from talon_one_warehouse import SourceSpec, WarehouseConfigError, WarehouseError, open_source
from talon_one_warehouse.connections import bigquery
from talon_one_warehouse.sources.clients.bigquery import marked, quoted_table
from tests.source_files import read, refusal

# SQL -> what is sent: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
VALUES = {
    "CAST(NULL AS STRING)": "null",
    "'007'": '"007"',
    "''": '""',
    "9223372036854775807": "9223372036854775807",
    "-9223372036854775807": "-9223372036854775807",
    "CAST('1234567.123' AS NUMERIC)": "1234567.123",
    "NUMERIC '17.00'": "17",
    "5.684341886080802e-14": "5.684341886080802E-14",
    "CAST('NaN' AS FLOAT64)": "refused: NaN is not a number that JSON can hold",
    "CAST('-inf' AS FLOAT64)": "refused: -Infinity is not a number that JSON can hold",
    "TRUE": "true",
    "CAST('2024-02-29' AS DATE)": '"2024-02-29T00:00:00Z"',
    "CAST('0001-01-01' AS DATE)": '"0001-01-01T00:00:00Z"',
    "DATETIME '2024-02-29 01:02:03.123456'": '"2024-02-29T01:02:03.123456Z"',
    "TIMESTAMP '2024-02-29 01:02:03.12+02:00'": '"2024-02-28T23:02:03.12Z"',
    "TIMESTAMP '9999-12-31 23:59:59.999999+00:00'": '"9999-12-31T23:59:59.999999Z"',
    "TIME '10:11:12.123456'": '"10:11:12.123456"',
    'JSON \'{"a": 1.50, "b": [null, 2]}\'': '{"a":1.5,"b":[null,2]}',
    "JSON 'null'": "null",
    "['x', 'y']": '["x","y"]',
    "STRUCT(1 AS x, 'z' AS y)": '{"x":1,"y":"z"}',
    "[STRUCT(NUMERIC '1.50' AS n)]": '[{"n":1.5}]',
    "b'abc'": "refused: it is of type BYTES, which JSON cannot represent",
    "[b'abc']": "refused: it is of type ARRAY<BYTES>, which JSON cannot represent",
    "STRUCT(b'abc' AS b)": "refused: it is of type RECORD with BYTES, which JSON cannot represent",
    "INTERVAL 1 MONTH": "refused: it is of type INTERVAL, which JSON cannot represent",
    "RANGE<DATE> '[2020-01-01, 2020-02-01)'": "refused: it is of type RANGE, which JSON cannot represent",
    "CAST(NULL AS BYTES)": "null",
}


@pytest.fixture
def execute(bigquery_url):
    """Return a function that runs statements."""
    client = bigquery.connect(bigquery_url.partition("://")[2])
    yield lambda *statements: [client.query(statement).result() for statement in statements] and None
    client.close()


@pytest.mark.slow
def test_every_type_is_sent_exactly_or_refused_by_its_name(bigquery_url, sent):
    """Every value of BigQuery's types arrives exactly; what JSON does not have is refused by the name of its type."""
    found = {}
    for one in VALUES:  # in one query, the server loses types
        (row,) = read(SourceSpec(bigquery_url, sql=f"SELECT {one} AS x"))
        found[one] = sent(row["x"])
    assert VALUES == found


def test_big_numerics_keep_their_digits():
    """A BIGNUMERIC arrives with all 76 digits, as the vendor's Arrow type holds them."""
    number = Decimal("12345678901234567890.12345678901234567890123456789012345678")
    field = pa.field("n", pa.decimal256(76, 38))
    found = Conversion().values(pa.array([number, None], field.type), marked(field, SchemaField("n", "BIGNUMERIC")))
    assert [number, None] == found


def test_json_within_arrays_and_structs_is_decoded():
    """JSON is decoded at any depth; text beside it that looks like JSON is not."""
    schema = SchemaField("a", "RECORD", "REPEATED", fields=[SchemaField("j", "JSON"), SchemaField("s", "STRING")])
    array = pa.array([[{"j": '{"a": 1}', "s": '{"a": 1}'}]])
    found = Conversion().values(array, marked(pa.field("a", array.type), schema))
    assert [[{"j": {"a": 1}, "s": '{"a": 1}'}]] == found


@pytest.mark.slow
def test_a_table_is_found_in_the_dataset_of_the_url(execute, bigquery_url):
    """A table without a dataset is one of the URL's dataset."""
    execute("CREATE TABLE orders (id STRING)", "INSERT INTO orders VALUES ('a')")
    assert [{"id": "a"}] == read(SourceSpec(bigquery_url, table="orders"))


def test_names_are_quoted_with_backticks():
    """A double quote is a string in BigQuery, so names get backticks."""
    assert "`my-project`.`set`.`or\\`der`" == quoted_table(["my-project", "set", "or`der"])


@pytest.mark.slow
def test_a_push_finds_its_columns_without_regard_to_case(execute, bigquery_url, push):
    """``key: customer_id`` selects Customer_ID, and all rows become members."""
    execute("CREATE TABLE vips (Customer_ID STRING)", "INSERT INTO vips VALUES ('a'), ('b'), ('c')")
    assert {"a", "b", "c"} == push({"url": bigquery_url, "table": "vips"})[2]


@pytest.mark.slow
def test_a_missing_column_is_named_with_those_that_are_there(execute, bigquery_url, push):
    """The message names the column that is missing and the columns of the query."""
    execute("CREATE TABLE vips (customer_id STRING, n INT64)")
    code, said, _ = push({"url": bigquery_url, "table": "vips"}, key="customer")
    assert 2 == code
    assert "no column 'customer'" in said
    assert "the columns 'customer_id', 'n'" in said


@pytest.mark.slow
def test_no_rows_have_columns_too(bigquery_url):
    """A query without rows has its columns, so that a mistake in the mapping is found."""
    with open_source(SourceSpec(bigquery_url, sql="SELECT x, 'y' AS y FROM UNNEST([1]) AS x WHERE x = 2")) as source:
        assert ("x", "y") == source.columns
        assert [] == list(source.rows())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nowhere", "nowhere was not found"),
        ("SELECT 1; SELECT 2", "one query, not several"),
        ("CREATE TABLE made (id INT64)", "source.sql must be a query: a SELECT"),
        ("SELECT 1 / 0 AS x", "division by zero"),
    ],
)
def test_a_query_that_is_none_is_reported_in_one_line(bigquery_url, sql, words):
    """A wrong query is an error of the settings, which names BigQuery's reason."""
    assert words in refusal(SourceSpec(bigquery_url, sql=sql))


@pytest.mark.slow
def test_rows_come_in_parts(bigquery_url):
    """Rows are passed on ten thousand at a time at most."""
    with open_source(SourceSpec(bigquery_url, sql="SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n")) as source:
        sizes = [len(part) for part in source.rows()]
    assert 25_000 == sum(sizes)
    assert max(sizes) <= 10_000


def test_a_server_that_does_not_answer_may_come_back(monkeypatch):
    """An unreachable server is a transient error."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr("talon_one_warehouse.sources.clients.bigquery._FIRST_ANSWER_S", 1)
    with pytest.raises(WarehouseError, match=r"bigquery://project: .*run again") as caught:
        open_source(SourceSpec("bigquery://project", sql="SELECT 1"))
    assert WarehouseError is type(caught.value)


@pytest.mark.slow
def test_an_unknown_table_is_an_error_of_the_settings(bigquery_url):
    """A retry cannot help a query that names no table."""
    with pytest.raises(WarehouseConfigError, match="the query of the source does not work"):
        open_source(SourceSpec(bigquery_url, table="nowhere"))
