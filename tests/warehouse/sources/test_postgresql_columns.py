"""Every type that PostgreSQL has comes in exactly, or its row is refused.

What is expected is made from the text that the server shows, read by another driver.
"""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from talon_one_warehouse import SourceSpec, open_source

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

FLOATS = ["19.99", "0.1", "1e20", "-0", "NaN", "Infinity", "-Infinity"]
STAMPS = ["2024-02-29 01:02:03.12", "0001-01-01", "9999-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"]
BEYOND = ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01"]
FAR = [*BEYOND, "4713-12-31 BC", "294276-12-31"]
# Type -> literals of it. A type without any can only be null here: nothing makes one from text.
SAMPLES = {
    "bool": ["t", "f"],
    "int2": ["-32768", "32767"],
    "int4": ["-2147483648"],
    "int8": ["-9223372036854775808", "9223372036854775807"],
    "float4": [*FLOATS, "3.4028235e38", "1e-45"],
    "float8": [*FLOATS, "5.684341886080802e-14", "5e-324", "1.7976931348623157e307"],
    "numeric": ["12.50", "17.00", "1e-20", "1e40", "-0.00", "1" * 60 + "." + "7" * 60, "NaN", "Infinity", "-Infinity"],
    "money": ["12.50", "1234.56", "-92233720368547758.08", "0"],
    "oid": ["4294967295", "1"],
    "date": ["2024-02-29", "0001-01-01", "9999-12-31", *BEYOND, "5874897-12-31", "4713-12-31 BC"],
    "timestamp": [*STAMPS, *FAR],
    "timestamptz": [*(f"{stamp}+00" for stamp in STAMPS), "2024-03-31 01:30:00+02", *FAR],
    "time": ["00:00:00", "23:59:59.999999", "24:00:00", "10:00:00.12"],
    "timetz": ["10:00:00+02", "24:00:00-15:59:59", "23:59:59.999999+15:59"],
    "interval": ["1 year 2 mons", "-3 days 04:05:06.789"],
    "bytea": ["\\x00ff", ""],
    "text": ["", "007", "ü'\"", "infinity", "null"],
    "varchar": ["x"],
    "bpchar": ["x"],
    "name": ["x"],
    "char": ["x", ""],
    "json": ['{"a": 1.10, "a\\u00fc": [null, 1e2]}', "null", "12345678901234567890.5"],
    "jsonb": ['{"a": 1.10}', '"text"', "true"],
    "jsonpath": ["$.a"],
    "xml": ["<a>1</a>"],
    "uuid": ["00010203-0405-0607-0809-0a0b0c0d0e0f"],
    "bit": ["1"],
    "varbit": ["00101", ""],
    "inet": ["10.0.0.1", "10.0.0.1/8", "::1"],
    "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "point": ["(1.5,-2)", "(Infinity,0)"],
    "lseg": ["[(0,0),(1,1)]"],
    "path": ["((0,0),(1,1))"],
    "box": ["(1,1),(0,0)"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "line": ["{1,2,3}"],
    "circle": ["<(0,0),1>"],
    "tsvector": ["'a':1 'b':2"],
    "tsquery": ["'a' & 'b'"],
    "pg_lsn": ["16/B374D848"],
    "tid": ["(1,2)"],
    "xid": ["4294967295"],
    "xid8": ["18446744073709551615"],
    "cid": ["7"],
    "txid_snapshot": ["10:20:10,14"],
    "pg_snapshot": ["10:20:10,14"],
    "refcursor": ["cursor"],
    "aclitem": ["tester=r/tester"],
    "int2vector": ["1 2"],
    "oidvector": ["1 2"],
    "regproc": ["now"],
    "regprocedure": ["sum(integer)"],
    "regoper": ["pg_catalog.||/"],
    "regoperator": ["*(integer,integer)"],
    "regclass": ["pg_class", "4000000000"],
    "regtype": ["integer"],
    "regrole": ["tester"],
    "regnamespace": ["pg_catalog"],
    "regconfig": ["english"],
    "regdictionary": ["simple"],
    "regcollation": ['"C"'],
    "int4range": ["[1,5)", "empty", "(,)"],
    "int8range": ["[1,5)"],
    "numrange": ["[1.50,)"],
    "daterange": ["[2024-01-01,infinity)"],
    "tsrange": ["[2024-01-01,infinity]"],
    "tstzrange": ["[2024-01-01 00:00:00+00,)"],
    "int4multirange": ["{[1,2),[5,7)}"],
    "int8multirange": ["{}"],
    "nummultirange": ["{[1.5,2]}"],
    "datemultirange": ["{[2024-01-01,)}"],
    "tsmultirange": ["{(,2024-01-01]}"],
    "tstzmultirange": ["{(,2024-01-01]}"],
    "gtsvector": [],
    "pg_node_tree": [],
    "pg_ndistinct": [],
    "pg_dependencies": [],
    "pg_mcv_list": [],
    "pg_brin_bloom_summary": [],
    "pg_brin_minmax_multi_summary": [],
    # Made by the test.
    "mood": ["very good"],
    "price": ["12.50", "NaN"],
    "prices": ["{1.50,2.50}"],
    "pair": ['(1.50,"a b")', "(NaN,)", "(,)"],
    "photo": ['(1,"\\\\x00")'],
}
MADE = (
    "CREATE TYPE mood AS ENUM ('very good', 'bad'); CREATE DOMAIN price AS numeric; CREATE DOMAIN prices AS money[]; "
    "CREATE TYPE pair AS (amount price, name text); CREATE TYPE photo AS (id int, data bytea)"
)
REFUSED = "the row is refused"
NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "price"}
OF_NO_USE = {"bytea", "interval", "photo"}
# Arrays of these are not to be had: the server has no such type, or does not take the text.
NO_ARRAYS = {name for name, literals in SAMPLES.items() if not literals} | {"prices", "int2vector", "oidvector"}


@pytest.fixture
def made(postgres_url):
    """A database with user-defined types, and a driver that shows texts."""
    with psycopg.connect(postgres_url.replace("&", "%26"), autocommit=True) as db:
        db.execute(MADE)
        yield postgres_url, db


def everything():
    """(column, type, expression of the column) of the walk."""
    found = []
    for name, literals in SAMPLES.items():
        found.append((name, f'NULL::"{name}"'))
        for literal in literals:
            quoted = literal.replace("'", "''")
            value = f"'{quoted}'::\"{name}\""
            found.append((name, value))
            if name not in NO_ARRAYS:
                found += [(name, f"ARRAY[{value}, NULL]"), (name, f"ARRAY[ARRAY[{value}]]")]
    return found


def expected(name, text, *, alone=True):
    """What is to be sent of a value that the server shows as a text, or REFUSED."""
    if name in OF_NO_USE:
        return REFUSED
    if name in NUMBERS:
        return Decimal(text) if Decimal(text).is_finite() else REFUSED
    if name in ("date", "timestamp", "timestamptz"):
        return instant(text, as_day=name == "date" and alone)
    return OTHERS.get(name, str)(text)


def instant(text, *, as_day):
    if not text[:5].endswith("-") or text.endswith("BC"):
        return REFUSED
    day, _, clock = text.removesuffix("+00").partition(" ")
    return day if as_day else f"{day}T{clock or '00:00:00'}Z"


def pair(text):
    amount, _, words = text[1:-1].partition(",")
    found = {"amount": Decimal(amount) if amount else None, "name": words.strip('"') or None}
    return REFUSED if amount == "NaN" else found


def exact_json(text):
    return json.loads(text, parse_float=Decimal)


OTHERS = {
    "bool": "t".__eq__,
    "json": exact_json,
    "jsonb": exact_json,
    "prices": lambda text: exact_json(text.replace("{", "[").replace("}", "]")),
    "pair": pair,
    "int2vector": lambda text: [int(number) for number in text.split()],
    "oidvector": lambda text: [int(number) for number in text.split()],
}


def shown(db, wanted):
    """The texts that the server shows of the values, without their arrays."""
    casts = {"money": "::numeric", "prices": "::numeric[]"}
    columns = ", ".join(f"({inner(expression)}){casts.get(name, '')}" for name, expression in wanted)
    result = db.execute(f"SELECT {columns}".encode()).pgresult
    return [(result.get_value(0, number) or b"").decode() for number in range(len(wanted))]


def inner(expression):
    if not expression.startswith("ARRAY"):
        return expression
    return expression.removeprefix("ARRAY[").removeprefix("ARRAY[").removesuffix(", NULL]").removesuffix("]]")


def test_the_walk_knows_every_type_of_the_server(made):
    """This test fails for a type of a new PostgreSQL until there is a sample of it."""
    _, db = made
    there = db.execute(
        "SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace "
        "WHERE n.nspname IN ('pg_catalog', 'public') AND typtype <> 'p' AND (typelem = 0 OR typlen > 0 OR "
        "typname IN ('int2vector', 'oidvector')) AND NOT EXISTS (SELECT FROM pg_class WHERE reltype = t.oid "
        "AND relkind <> 'c') AND typcategory <> 'A' OR typname IN ('int2vector', 'oidvector', 'prices')"
    ).fetchall()
    assert set() == {name for (name,) in there} - set(SAMPLES)


@pytest.mark.parametrize("rendered", [False, True])
def test_every_type_is_sent_as_the_server_shows_it(made, sent, rendered):
    """Every type, alone and in arrays, is sent exactly or refused, and verify reads the same."""
    url, db = made
    wanted = everything()
    columns = ", ".join(f"{expression} AS c{number}" for number, (_, expression) in enumerate(wanted))
    with open_source(SourceSpec(url, sql=f"SELECT {columns}"), rendered=rendered) as source:
        (row,) = [row for part in source.rows() for row in part]
    wrong = []
    for number, ((name, expression), text) in enumerate(zip(wanted, shown(db, wanted), strict=True)):
        value = row[f"c{number}"]
        found = sent(value, "string" if name == "date" and not isinstance(value, list) else None)
        right = wanted_of(name, expression, text)
        got = REFUSED if found.startswith("refused: ") else exact_json(found)
        if right != got:
            wrong.append((expression, right, found))
    assert [] == wrong


def wanted_of(name, expression, text):
    """What is to be sent of an expression, or REFUSED."""
    if expression.startswith("NULL"):
        return None
    nested = expression.startswith("ARRAY")
    one = expected(name, text, alone=not nested)
    if one is REFUSED or not nested:
        return one
    return [[one]] if expression.startswith("ARRAY[ARRAY") else [one, None]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("'infinity'::timestamptz", "refused: infinity is outside of the years 1 to 9999"),
        ("'\\x00'::bytea", "refused: it is of type bytea, which JSON cannot represent"),
        ("'1 day'::interval", "refused: it is of type interval, which JSON cannot represent"),
        ("ARRAY['\\x00'::bytea]", "refused: it is of type bytea[], which JSON cannot represent"),
        ("row(1, 'x')", "refused: it is of type record, which JSON cannot represent"),
        ("ARRAY['NaN'::float8]", "refused: NaN is not a number that JSON can hold"),
    ],
)
def test_a_refusal_says_what_the_value_is(postgres_url, sent, expression, words):
    """A refusal has the database's name of the type, and the other rows are read."""
    sql = (
        f"SELECT {expression} AS x UNION ALL SELECT NULL ORDER BY 1"
        if "row" not in expression
        else f"SELECT {expression} AS x"
    )
    with open_source(SourceSpec(postgres_url, sql=sql)) as source:
        rows = [row for part in source.rows() for row in part]
    assert words == sent(rows[0]["x"])
    assert [None] * (len(rows) - 1) == [row["x"] for row in rows[1:]]


def test_a_query_is_read_in_its_order_and_run_once(postgres_url):
    """The outer query changes neither the order of the rows nor the names."""
    rows = "FROM generate_series(1, 25000) AS n ORDER BY n DESC -- all"
    sql = f'SELECT n AS "a""b", (n / 100.0)::numeric::money AS "C d" {rows}'
    with open_source(SourceSpec(postgres_url, sql=sql)) as source:
        rows = [row for part in source.rows() for row in part]
    assert list(range(25_000, 0, -1)) == [row['a"b'] for row in rows]
    assert Decimal("249.99") == rows[1]["C d"]


SETTINGS = {
    "extra_float_digits": "-15",
    "DateStyle": "German, DMY",
    "TimeZone": "Asia/Kolkata",
    "IntervalStyle": "iso_8601",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
}
FLOAT = "(0.1::float8 + 0.2::float8)"
WRITTEN = {
    FLOAT: "0.30000000000000004",
    f"ARRAY[{FLOAT}]": "[0.30000000000000004]",
    f"to_json({FLOAT})": "0.30000000000000004",
    f"point({FLOAT}, 1)": '"(0.30000000000000004,1)"',
    "daterange('2024-03-04', '2024-05-06')": '"[2024-03-04,2024-05-06)"',
    "ARRAY['2024-03-04'::date]": '["2024-03-04T00:00:00Z"]',
    "'2024-03-04 01:02:03+02'::timestamptz": '"2024-03-03T23:02:03Z"',
    "ARRAY['2024-03-04 01:02:03+02'::timestamptz]": '["2024-03-03T23:02:03Z"]',
    "'03.04.2024'::date": '"2024-04-03T00:00:00Z"',
    "ARRAY['ü']": '["ü"]',
}


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize("expression", WRITTEN)
def test_settings_of_a_database_change_no_value(postgres_url, sent, expression, rendered):
    """Settings of a database neither round floats nor write dates in a local way, also within other values."""
    with psycopg.connect(postgres_url, autocommit=True) as db:
        for name, value in SETTINGS.items():
            db.execute(f"ALTER DATABASE {postgres_url.rpartition('/')[2]} SET {name} = '{value}'")
    with open_source(SourceSpec(postgres_url, sql=f"SELECT {expression} AS x"), rendered=rendered) as source:
        ((row,),) = source.rows()
    assert WRITTEN[expression] == sent(row["x"])


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize("expression", ["E'M\\xfc'", "ARRAY[E'M\\xfc']", "to_json(E'M\\xfc'::text)"])
def test_text_that_is_not_utf_8_refuses_its_row(postgres_server, sent, expression, rendered):
    """A database without an encoding can hold any bytes; they refuse their row and stop no run."""
    name = f"bytes_{abs(hash((expression, rendered)))}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    spec = SourceSpec(f"{postgres_server}/{name}", sql=f"SELECT 1 AS id, {expression} AS x UNION ALL SELECT 2, NULL")
    with open_source(spec, rendered=rendered) as source:
        rows = [row for part in source.rows() for row in part]
    assert sent(rows[0]["x"]).startswith("refused: it cannot be read as ")
    assert {"id": 2, "x": None} == rows[1]


@pytest.mark.parametrize("rendered", [False, True])
def test_a_type_that_is_cast_to_json_is_its_text(postgres_url, rendered):
    """A type of an extension is the text that the server shows, even if it has a cast to JSON, as hstore has."""
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("CREATE TYPE words")
        db.execute("CREATE FUNCTION words_in(cstring) RETURNS words LANGUAGE internal IMMUTABLE STRICT AS 'textin'")
        db.execute("CREATE FUNCTION words_out(words) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'")
        db.execute("CREATE TYPE words (INPUT = words_in, OUTPUT = words_out, LIKE = text)")
        db.execute("CREATE FUNCTION words_json(words) RETURNS json LANGUAGE sql AS 'SELECT json_build_object(1, 2)'")
        db.execute("CREATE CAST (words AS json) WITH FUNCTION words_json(words)")
    with open_source(SourceSpec(postgres_url, sql="SELECT 'a b'::words AS x"), rendered=rendered) as source:
        ((row,),) = source.rows()
    assert "a b" == row["x"]


@pytest.mark.parametrize("rendered", [False, True])
def test_money_within_a_composite_is_refused(postgres_url, sent, rendered):
    """The server shows such an amount as text in the way of its locale, in which 1.234 can be a thousand."""
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("CREATE TYPE item AS (amount money); CREATE TYPE bill AS (items item[])")
    sql = "SELECT row(ARRAY[row(12.50::numeric::money)::item])::bill AS x"
    with open_source(SourceSpec(postgres_url, sql=sql), rendered=rendered) as source:
        ((row,),) = source.rows()
    assert "refused: it holds an amount of type money; cast it to numeric in the query" == sent(row["x"])
