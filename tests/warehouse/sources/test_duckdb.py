"""Every type that DuckDB has comes in exactly, or its row is refused.

What is expected is made from the text that DuckDB casts a value to.
"""

from __future__ import annotations

import json
from decimal import Decimal

import duckdb
import pytest

from talon_one_warehouse import SourceSpec, open_source

REFUSED = "the row is refused"
BEYOND = ["infinity", "-infinity", "0044-03-15 (BC) 00:00:00", "10000-01-01 00:00:00"]
STAMPS = ["2024-02-29 01:02:03.12", "0001-01-01 00:00:00", "9999-12-31 23:59:59", *BEYOND, "290309-12-22 (BC)"]
# Type -> literals of it. A type without any is made by an expression below.
SAMPLES = {
    "BOOLEAN": ["true", "false"],
    "TINYINT": ["-128", "127"],
    "SMALLINT": ["-32768"],
    "INTEGER": ["-2147483648"],
    "BIGINT": ["-9223372036854775808", "9223372036854775807"],
    "HUGEINT": ["-170141183460469231731687303715884105728", "170141183460469231731687303715884105727", "0"],
    "UTINYINT": ["255"],
    "USMALLINT": ["65535"],
    "UINTEGER": ["4294967295"],
    "UBIGINT": ["18446744073709551615"],
    "UHUGEINT": ["340282366920938463463374607431768211455", "0"],
    "BIGNUM": ["123456789012345678901234567890" * 9, "-" + "9" * 50, "0", "-256"],
    "FLOAT": ["19.99", "0.1", "1e20", "3.4028235e38", "nan", "inf", "-inf"],
    "DOUBLE": ["19.99", "5.684341886080802e-14", "1e22", "nan", "inf", "-inf"],
    "DECIMAL": ["17.000", "-0.010"],
    "VARCHAR": ["", "007", "ü'\"", "infinity"],
    "UUID": ["00010203-0405-0607-0809-0a0b0c0d0e0f", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "BIT": ["1", "00101", "101010101"],
    "BLOB": ["a"],
    "DATE": ["2024-02-29", "0001-01-01", "9999-12-31", *BEYOND, "5877642-06-25 (BC)"],
    "TIME": ["00:00:00", "23:59:59.999999", "10:00:00.12", "24:00:00"],
    "TIME_NS": ["10:00:00.123456789", "10:00:00"],
    "TIME WITH TIME ZONE": ["10:00:00+02", "23:59:59.999999-15:59:59"],
    "TIMESTAMP": [*STAMPS, "9999-12-31 23:59:59.999999"],
    "TIMESTAMP_S": [*STAMPS[1:]],
    "TIMESTAMP_MS": STAMPS[:-1],
    "TIMESTAMP_NS": ["2024-02-29 01:02:03.123456789", "1969-12-31 23:59:59.999999999", "infinity", "-infinity"],
    "TIMESTAMP WITH TIME ZONE": [
        f"{stamp}+00" if stamp[0].isdigit() and "B" not in stamp else stamp for stamp in STAMPS
    ],
    "TIMESTAMPTZ_NS": ["2024-02-29 01:02:03.123456789+00", "infinity"],
    "INTERVAL": ["1 month", "-3 days 04:05:06.789"],
    "JSON": ['{"a": 1.10, "b": [null]}', "12345678901234567890.5", '"x"'],
    "GEOMETRY": ["POINT (1 2)"],
    "ENUM": [],
    "NULL": [],
    "LIST": [],
    "ARRAY": [],
    "STRUCT": [],
    "TUPLE": [],
    "MAP": [],
    "UNION": [],
    "VARIANT": [],
    "TYPE": [],
}
# Expression -> what is to be sent of it.
MADE = {
    "'b c'::ENUM('a', 'b c')": "b c",
    "NULL": None,
    "[1::HUGEINT, NULL]": [1, None],
    "[[0.1::FLOAT], NULL]": [[Decimal("0.1")], None],
    "['nan'::DOUBLE]": REFUSED,
    "['a'::BLOB]": REFUSED,
    "[NULL::BLOB]": [None],
    "[1.50, 2]::DECIMAL(9, 2)[2]": [Decimal("1.5"), 2],
    "{'a': 340282366920938463463374607431768211455::UHUGEINT, 'b': [TIMESTAMP '2024-01-01']}": {
        "a": 2**128 - 1,
        "b": ["2024-01-01T00:00:00Z"],
    },
    "{'a': TIMESTAMP 'infinity'}": REFUSED,
    "ROW(1, 'x')": {"element1": 1, "element2": "x"},
    "MAP {'a': 1.50}": {"a": Decimal("1.5")},
    "MAP {1: 'x'}": {"1": "x"},
    "MAP {DATE '2024-01-01': TRUE}": {"2024-01-01": True},
    "union_value(k := 1::HUGEINT)": 1,
    "['{\"a\": 1.10}'::JSON]": [{"a": Decimal("1.1")}],
    "{'a': 1}::VARIANT": REFUSED,
    "NULL::VARIANT": None,
    "NULL::GEOMETRY": None,
}
NUMBERS = {name for name in SAMPLES if name.endswith(("INT", "INTEGER", "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL"))}
OF_NO_USE = {"BLOB", "INTERVAL", "GEOMETRY"}
BEFORE_2 = {"TIMESTAMPTZ_NS", "TIME_NS", "GEOMETRY", "BIGNUM", "TUPLE", "VARIANT", "TYPE"}


@pytest.fixture
def there():
    """Return the types of this DuckDB, and a connection that makes values and shows their texts."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        names = {name for (name,) in db.execute("SELECT DISTINCT logical_type FROM duckdb_types()").fetchall()}
        yield names | {"JSON"}, db


def test_the_walk_knows_every_type_of_duckdb(there):
    """This test fails for a type of a new DuckDB until there is a sample of it."""
    names, _ = there
    assert set() == names - set(SAMPLES)
    assert set() == set(SAMPLES) - names - BEFORE_2


def expected(name, text):
    """What is to be sent of a value that DuckDB casts to a text, or REFUSED."""
    if name in OF_NO_USE:
        return REFUSED
    if name in NUMBERS:
        return Decimal(text) if Decimal(text).is_finite() else REFUSED
    if name == "JSON":
        return json.loads(text, parse_float=Decimal)
    if name.startswith("TIME WITH"):
        clock, sign, zone = text.partition(text[8 if "." not in text else 15])
        return f"{clock}{sign}{zone if ':' in zone else zone + ':00'}"
    if name.startswith(("TIMESTAMP", "DATE")):
        return instant(name, text)
    return text == "true" if name == "BOOLEAN" else text


def instant(name, text):
    if text.endswith("infinity") or "(BC)" in text or text[4] != "-":
        return REFUSED
    day, _, clock = text.removesuffix("+00").partition(" ")
    clock = clock.rstrip("0").rstrip(".") if "." in clock else clock
    return day if name == "DATE" else f"{day}T{clock}Z"


def read(expressions, *, rendered=False):
    columns = ", ".join(f"{expression} AS c{number}" for number, expression in enumerate(expressions))
    with open_source(SourceSpec("duckdb:///:memory:", sql=f"SELECT {columns}"), rendered=rendered) as source:
        (row,) = [row for part in source.rows() for row in part]
    return list(row.values())


@pytest.mark.parametrize("rendered", [False, True])
def test_every_type_is_sent_as_duckdb_shows_it(there, sent, rendered):
    """Every type is sent as DuckDB shows it, or its row is refused; verify finds the same."""
    names, db = there
    wanted = [(name, literal) for name in sorted(names & set(SAMPLES)) for literal in [*SAMPLES[name], None]]
    wanted = [(name, literal) for name, literal in wanted if SAMPLES[name]]
    expressions = [
        f"{'NULL' if literal is None else duckdb_text(literal)}::{'DECIMAL(38, 3)' if name == 'DECIMAL' else name}"
        for name, literal in wanted
    ]
    texts = db.execute(f"SELECT {', '.join(f'({one})::VARCHAR' for one in expressions)}").fetchone()
    wrong = []
    for (name, _), expression, text, value in zip(
        wanted, expressions, texts, read(expressions, rendered=rendered), strict=True
    ):
        right = None if text is None else expected(name, text)
        found = sent(value, "string" if name == "DATE" else None)
        got = REFUSED if found.startswith("refused: ") else json.loads(found, parse_float=Decimal)
        if right != got:
            wrong.append((expression, right, found))
    assert [] == wrong


def duckdb_text(literal):
    quoted = literal.replace("'", "''")
    return f"'{quoted}'"


@pytest.mark.parametrize("rendered", [False, True])
def test_types_that_are_made_of_others_are_sent(there, sent, rendered):
    """Lists, structures, maps and unions are sent with all values in them."""
    names, _ = there
    known = {
        one: right for one, right in MADE.items() if names >= BEFORE_2 or not any(name in one for name in BEFORE_2)
    }
    wrong = []
    for expression, value in zip(known, read(known, rendered=rendered), strict=True):
        found = sent(value)
        got = REFUSED if found.startswith("refused: ") else json.loads(found, parse_float=Decimal)
        if known[expression] != got:
            wrong.append((expression, known[expression], found))
    assert [] == wrong


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("'a'::BLOB", "refused: it is of type BLOB, which JSON cannot represent"),
        ("['a'::BLOB]", "refused: it is of type BLOB[], which JSON cannot represent"),
        ("INTERVAL 1 DAY", "refused: it is of type INTERVAL, which JSON cannot represent"),
        ("TIMESTAMP 'infinity'", "refused: infinity is outside of the years 1 to 9999"),
        ("'-infinity'::DATE", "refused: -infinity is outside of the years 1 to 9999"),
    ],
)
def test_a_refusal_says_what_the_value_is(sent, expression, words):
    """A refusal names the type as DuckDB does."""
    assert [words] == list(map(sent, read([expression])))
