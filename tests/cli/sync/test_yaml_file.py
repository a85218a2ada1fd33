"""YAML files: the types of values, repeated keys, limits, and errors that quote nothing of the file."""

import re
from decimal import Decimal

import pytest

from talon_one_cli.sync.yaml_file import DEEPEST, MOST_BYTES, MOST_NODES, parse_yaml, read_yaml
from talon_one_singer import ConfigError

KEY = "K3Y0FMINE"


def refusal(tmp_path, content):
    path = tmp_path / "s.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as raised:
        read_yaml(str(path))
    assert 1 == len(raised.value.lines)
    return str(raised.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("0.1", 0.1),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("no", "no"),
        ("on", "on"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        (".inf", ".inf"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("'7'", "7"),
    ],
)
def test_only_what_is_surely_no_text_becomes_another_value(text, expected):
    """Dates, leading zeros and words stay texts, and settings convert them."""
    found = parse_yaml(f"a: {text}")["a"]
    assert type(expected) is type(found)
    assert expected == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("syncs:\n  vip: 1\n  gold: 2\n  vip: 3\n", "syncs.vip is given twice (lines 2 and 4)"),
        ("store: a\nstore: b\n", "store is given twice (lines 1 and 2)"),
        ("syncs: {vip: {map: {a: b, 'a': c}}}", "syncs.vip.map.a is given twice (lines 1 and 1)"),
        ("list:\n- a: 1\n  a: 2\n", "list[0].a is given twice (lines 2 and 3)"),
        ("1: a\n'1': b\n", "1 is given twice (lines 1 and 2)"),
        ("x: &x {a: 1, a: 2}\ny: *x\n", "x.a is given twice (lines 1 and 1)"),
    ],
)
def test_a_key_that_comes_twice_is_an_error(tmp_path, text, words):
    """The message names the repeated key and its lines."""
    assert f": {words}; rename or remove one" == refusal(tmp_path, text)


def test_a_merged_key_may_be_replaced():
    """A key beside YAML's merge key overrides the merged value."""
    assert {"a": 2, "b": 1} == parse_yaml("x: &x {a: 1, b: 1}\ny: {<<: *x, a: 2}")["y"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[" * 100_000, f"nested too deeply: {DEEPEST} levels", id="open lists"),
        pytest.param("{a: " * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "nested too deeply", id="objects"),
        pytest.param("".join(f"{' ' * at}a:\n" for at in range(DEEPEST + 2)), "nested too deeply", id="block"),
        pytest.param("- x\n" * (MOST_NODES + 1), f"{MOST_NODES:,} values", id="many values"),
        pytest.param("a: " + "x" * MOST_BYTES, f"{MOST_BYTES:,} bytes", id="many bytes"),
        pytest.param(
            "a0: &a0 [x,x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)),
            "once all aliases are expanded",
            id="aliases",
        ),
        pytest.param(
            "a: &a {k: x, l: x, m: x}\n" + "b: &b [" + "*a," * 200 + "]\nc: [" + "*b," * 200 + "]\n",
            "once all aliases are expanded",
            id="wide aliases",
        ),
        pytest.param("a: &a [*a]", "line 1: an alias refers to a value that contains it", id="a loop"),
        pytest.param(
            "a: &a {b: {c: *a}}", "line 1: an alias refers to a value that contains it", id="a loop of objects"
        ),
        pytest.param("a: " + "9" * 5_000, "a number has too many digits", id="digits"),
    ],
)
def test_a_file_is_bounded(tmp_path, text, words):
    """A file beyond the limits is refused before it takes memory or time."""
    assert words in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (f"@{KEY}", "put a value that starts with @ in quotes"),
        (f"`{KEY}", "put a value that starts with ` in quotes"),
        (f"%{KEY}", "put a value that starts with % in quotes"),
        (f"*{KEY}", "put a value that starts with * in quotes"),
        (f"!{KEY}", "put a value that starts with ! in quotes"),
        (f"!{KEY} x", "put a value that starts with ! in quotes"),
        (f"!<{KEY}", "put a value that starts with ! in quotes"),
        (f"!!python/object:{KEY} x", "put a value that starts with ! in quotes"),
        (f"&{KEY}* x", "put a value that starts with & in quotes"),
        (f"&{KEY} a\nb: &{KEY} c", "put a value that starts with & in quotes"),
        (f"{{a: ${{{KEY}}}}}", "put a variable like ${NAME} in quotes where braces surround it"),
        (f"{KEY}: x", "put a value that holds a colon and a space in quotes"),
        (f"\n\tb: {KEY}", "indent with spaces, not with tabs"),
        (f"'{KEY}", "line 1"),
        (f'"{KEY}', "line 1"),
        (f'"\\q{KEY}"', "line 1"),
        (f'"\\x{KEY}"', "line 1"),
        (f"[{KEY}", "line 1"),
        (f"{{{KEY}", "line 1"),
        (f"]{KEY}", "line 1"),
        (f"|{KEY}", "line 1"),
        (f"- {KEY}", "line 1"),
        (f"x\n b: {KEY}", "line 2"),
        (f"x\n---\nb: {KEY}", "another document"),
        (f"\x07{KEY}", "U+0007 is not allowed"),
        (f"? {{{KEY}: x}}", "line 1"),
        (b"\xff" + KEY.encode(), "is not UTF-8 text, line 1; save it as UTF-8"),
    ],
)
def test_an_error_says_where_and_shows_nothing_of_the_file(tmp_path, line, hint):
    """The message has the line and quotes nothing, because a line can hold a key."""
    content = b"api_key: " + (line if isinstance(line, bytes) else line.encode())
    said = refusal(tmp_path, content)
    assert not re.search("K3Y|0FM|NE", said)
    assert hint in said


def test_a_missing_file_is_reported(tmp_path):
    """A missing file is an error in one line, without a traceback."""
    with pytest.raises(ConfigError, match=r"cannot read .*nowhere\.yml: No such file or directory; check the path"):
        read_yaml(str(tmp_path / "nowhere.yml"))


def test_numbers_keep_their_digits():
    """A number has the value that is written in the file."""
    assert Decimal("0.1") == Decimal(str(parse_yaml("a: 0.1")["a"]))
