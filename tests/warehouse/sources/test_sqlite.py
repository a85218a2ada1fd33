"""Every value that SQLite has comes in exactly, whatever else is in its column, or its row is refused."""

from __future__ import annotations

import sqlite3

import pytest

from talon_one_warehouse import SourceSpec, WarehouseConfigError, open_source

# SQL -> what is sent; the classes of storage are all that there are: https://sqlite.org/datatype3.html
VALUES = {
    "NULL": "null",
    "-9223372036854775808": "-9223372036854775808",
    "9223372036854775807": "9223372036854775807",
    "19.99": "19.99",
    "17.0": "17",
    "5.684341886080802e-14": "5.684341886080802E-14",
    "1e22": "10000000000000000000000",
    "0.1 + 0.2": "0.30000000000000004",
    "9e999": "refused: Infinity is not a number that JSON can hold",
    "-9e999": "refused: -Infinity is not a number that JSON can hold",
    "'007'": '"007"',
    "'it''s'": '"it\'s"',
    "''": '""',
    "CAST(x'C3BC' AS TEXT)": '"ü"',
    "CAST(x'61FF' AS TEXT)": "refused: it is text that is not UTF-8",
    "x'00FF'": "refused: it is of type b",
    "TRUE": "1",
    "date('2024-02-29')": '"2024-02-29"',
    "json('{\"a\": 1.10}')": '"{\\"a\\":1.10}"',
}


@pytest.fixture
def spec(tmp_path):
    """A table with a column that holds values of all types, after ten thousand integers."""
    path = tmp_path / "w.db"
    db = sqlite3.connect(path)
    with db:
        db.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, "a ""x")')
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
            "INSERT INTO t SELECT -i, i FROM n"
        )
        for number, value in enumerate(VALUES):
            db.execute(f"INSERT INTO t VALUES (?, {value})", (number,))
    db.close()
    return SourceSpec(f"sqlite:///{path}", sql="SELECT * FROM t ORDER BY id")


@pytest.mark.parametrize("rendered", [False, True])
def test_every_value_is_sent_by_its_own_type(spec, sent, rendered):
    """Values of mixed types in one column are read by their own types, and verify reads the same."""
    with open_source(spec, rendered=rendered) as source:
        rows = [row for part in source.rows() for row in part]
    assert ("id", 'a "x') == source.columns
    assert list(range(12_000, 0, -1)) == [row['a "x'] for row in rows[:12_000]]
    found = [sent(row['a "x']) for row in rows[12_000:]]
    bytes_at = list(VALUES).index("x'00FF'")
    assert found[bytes_at].startswith("refused: it is of type b")
    found[bytes_at] = VALUES["x'00FF'"]
    assert list(VALUES.values()) == found


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("DROP TABLE t", "readonly"),
        ("SELECT 1 AS a, 2 AS a", "two columns named 'a'"),
    ],
)
@pytest.mark.parametrize("rendered", [False, True])
def test_a_query_that_is_none_is_reported(spec, sql, words, rendered):
    """A text that is no query is an error."""
    with pytest.raises(WarehouseConfigError, match=words):
        open_source(SourceSpec(spec.url, sql=sql), rendered=rendered)


def test_a_file_that_is_not_there_is_reported_and_not_made(tmp_path):
    """A missing SQLite file is an error, and no empty database is created."""
    with pytest.raises(WarehouseConfigError, match="there is no SQLite file"):
        open_source(SourceSpec(f"sqlite:///{tmp_path}/none.db", sql="SELECT 1"))
    assert [] == list(tmp_path.iterdir())
