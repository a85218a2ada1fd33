"""Where ids come from: settings, files of each kind, the Management API."""

import gzip
import json
from decimal import Decimal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_singer import ConfigError
from tap_talon_one.ids.sources import ids_in_file

IDS = ["50%+@x", "a/b?c#d", "smile 😀", "x" * 1000, 'quo"te,', "line\nbreak", "0042"]
CSV = "name,card_id\n" + "".join('n,"{}"\n'.format(text.replace('"', '""')) for text in IDS) + "n,\n"
JSONL = "".join(json.dumps({"card_id": text}) + "\n" for text in IDS) + '\n{"card_id": null}\n{"card_id": ""}\n'


@pytest.fixture
def parquet(tmp_path):
    """A Parquet file of the ids."""
    pq.write_table(pa.table({"card_id": [*IDS, None], "n": range(len(IDS) + 1)}), tmp_path / "ids.parquet")
    return (tmp_path / "ids.parquet").read_bytes()


def found(url, column="card_id"):
    """All ids in a file."""
    return list(ids_in_file(str(url), column, setting="card_ids_file"))


@pytest.mark.parametrize("name", ["ids.csv", "ids.CSV", "ids.jsonl", "ids.ndjson", "ids.parquet"])
@pytest.mark.parametrize("place", ["path", "file", "memory", "gzip"])
def test_ids_are_read_from_any_file(write, parquet, tmp_path, name, place):
    """CSV, JSON Lines and Parquet, plain and compressed, by path and by URL; empty ids are left out."""
    kinds = {"csv": CSV.encode(), "jsonl": JSONL.encode(), "ndjson": JSONL.encode(), "parquet": parquet}
    content = kinds[name.lower().rpartition(".")[2]]
    if place == "gzip":
        url = write(f"{name}.gz", gzip.compress(content))
    elif place == "memory":
        url = f"memory://{name}"
        with fsspec.open(url, "wb") as file:
            file.write(content)
    else:
        url = f"{'file://' if place == 'file' else ''}{write(name, content)}"
    assert IDS == found(url)


def test_a_byte_order_mark_is_no_part_of_a_column(write):
    """A byte order mark, which Excel writes, does not become part of the first column."""
    assert ["a"] == found(write("ids.csv", b"\xef\xbb\xbfcard_id\r\na\r\n"))


def test_numbers_become_text(write):
    """An id that a JSON file holds as a number is its digits."""
    assert ["42", "9007199254740993"] == found(write("i.jsonl", '{"card_id":42}\n{"card_id":9007199254740993}\n'))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([10000001.0, None, 17.5, 1e17]), ["10000001", "17.5", "100000000000000000"]),
        (pa.array([19.5], pa.float32()), ["19.5"]),
        (pa.array([Decimal("10000001.00"), Decimal("100")], pa.decimal128(20, 2)), ["10000001", "100"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array(["007", "", None], pa.large_string()), ["007"]),
        (pa.array(["007", None]).dictionary_encode(), ["007"]),
        (pa.array([bytes(16)], pa.uuid()), ["00000000-0000-0000-0000-000000000000"]),
    ],
)
def test_ids_of_parquet_stay_what_they_look_like(tmp_path, values, expected):
    """A number in a Parquet column becomes an id without point and trailing zeros, whatever its type."""
    pq.write_table(pa.table({"card_id": values}), tmp_path / "ids.parquet")
    assert expected == found(tmp_path / "ids.parquet")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pa.array([b"card-1"]), "it is of type binary, which JSON cannot represent"),
        (pa.array([True]), "it is of type bool, and an id is text or a number"),
        (pa.array([[1]]), "it is of type list, and an id is text or a number"),
        (pa.array([0], pa.timestamp("s")), "it is of type datetime, and an id is text or a number"),
        (pa.array([float("nan")]), "NaN is not a number that JSON can hold"),
    ],
)
def test_a_column_of_parquet_that_holds_no_ids_is_reported(tmp_path, values, words):
    """A column that cannot hold ids is reported with name and type, and nothing is requested."""
    pq.write_table(pa.table({"card_id": values}), tmp_path / "ids.parquet")
    with pytest.raises(ConfigError, match=f"the value in column 'card_id' is not an id: {words}"):
        found(tmp_path / "ids.parquet")


@pytest.mark.parametrize(
    ("text", "expected"), [("10000001.0", "10000001"), ("12345678901234567.0", "12345678901234567"), ('"1.0"', "1.0")]
)
def test_ids_of_json_lines_stay_what_they_look_like(write, text, expected):
    """An id that is text in JSON is never changed."""
    assert [expected] == found(write("i.jsonl", f'{{"card_id":{text}}}'))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "ids.jsonl",
            '{"card_id":[1]}',
            "ids.jsonl, line 1: the value in column 'card_id' is not an id: it is of type list",
        ),
        (
            "ids.csv",
            "card,cardid\nx,y\n",
            "no column 'card_id'; did you mean 'cardid'?; its columns are: card, cardid",
        ),
        ("ids.csv", "", "ids.csv: it has no header; the first line must contain the column names"),
        ("ids.csv", 'card_id\na\n"b\n', "unexpected end of data"),
        ("ids.csv", b"card_id\n\xff\xfe\n", "ids.csv, line 2: not UTF-8 text; save the file as UTF-8"),
        ("ids.jsonl", '{"card_id":"a"}\n{"card_id"\n', "ids.jsonl, line 2: not JSON"),
        ("ids.jsonl", '["a"]\n', "line 1: an array instead of a JSON object"),
        ("ids.jsonl", '{"card_id":"a"}\n{"x":"b"}\n', "line 2 has no column 'card_id'; its columns are: x"),
        ("ids.parquet", "no parquet", "cannot read"),
        ("ids.csv.gz", "no gzip", "cannot read"),
        ("ids.csv.gz", gzip.compress(CSV.encode() * 99)[:-30], "cannot read"),
        ("ids.xlsx", "", "must end in .csv, .jsonl, .ndjson or .parquet, optionally followed by .gz"),
    ],
)
def test_a_file_that_cannot_be_used_is_reported_with_its_place(write, name, content, message):
    """The error names the setting, the file, and the problem."""
    with pytest.raises(ConfigError) as error:
        found(write(name, content))
    assert message in str(error.value)
    assert str(error.value).startswith("card_ids_file: ")


@pytest.mark.parametrize("url", ["/no/such/ids.csv", "memory://nowhere/ids.csv", "nosuch://u:Pa55w0rd@h/ids.csv"])
def test_a_file_that_is_not_there_is_reported_without_password(url):
    """A missing path, a missing URL and an unknown protocol are reported without the password."""
    with pytest.raises(ConfigError) as error:
        found(url)
    assert "ids.csv" in str(error.value) or "nosuch" in str(error.value)
    assert "Pa55" not in str(error.value)


def test_the_management_api_lists_cards_profiles_and_sessions(emu, read):
    """With a management key no ids need to be set; all pages of the list are read."""
    emu.reset("synthetic", cards=1001, transactions=0)
    result = read("loyalty_card_balances", "customer_profiles", now=None)
    assert [1001, 1001] == [len(result.rows(name)) for name in ("loyalty_card_balances", "customer_profiles")]
    calls = {name: count["requests"] for name, count in emu.counters().items()}
    assert 1001 == calls["get_loyalty_card_balances"]
    assert calls["get_loyalty_cards"] > 1


def test_the_customers_of_the_application_are_listed_when_one_is_set(emu, read):
    """With application_id, the ids are those of the Application's customers."""
    emu.clear_requests()
    rows = read("customer_profiles", application_id=1).rows("customer_profiles")
    assert 3 == len(rows)
    assert "get_application_customers" in emu.counters()
    assert "get_customer_profiles" not in emu.counters()


def test_a_file_wins_over_the_management_api_and_the_setting_over_both(emu, read, write):
    """Ids come from the setting, else from the file, else from the list of the Management API."""
    file = write("ids.csv", "who\nprofile-000002\n")
    options = {"profile_ids_file": file, "profile_ids_column": "who"}
    stream = "customer_profiles"
    assert ["profile-000002"] == [row["integrationId"] for row in read(stream, **options).rows(stream)]
    rows = read(stream, **options, profile_ids=["profile-000003"]).rows(stream)
    assert ["profile-000003"] == [row["integrationId"] for row in rows]


def test_an_id_repeated_at_once_is_read_once(emu, read):
    """An id that repeats directly, as in sorted files, is read once."""
    ids = ["profile-000001", "profile-000001", "profile-000002", "profile-000002"]
    assert 2 == len(read("customer_profiles", profile_ids=ids).raw)


def test_an_unknown_session_is_skipped_though_the_api_answers_400(emu, read, caplog):
    """A 400 counts as an unknown id if the operation documents no 404."""
    client_rows = read("customer_sessions", session_ids=["nobody"])
    assert "does not know any of the first 1 session ids" in str(client_rows.error)


def test_an_error_names_the_id(emu, read):
    """An id that the API refuses, or that cannot be part of a URL, is reported."""
    short = read("loyalty_card_balances", card_ids=["abc"], loyalty_program_ids=[1])
    assert "'abc': HTTP 400" in str(short.error)
    dots = read("customer_profiles", profile_ids=[".."])
    assert "integrationId must not be '..'" in str(dots.error)


def test_an_empty_list_of_ids_is_an_error_not_everything(read):
    """``card_ids: []`` reads nothing and says so, even where the Management API could list all cards."""
    with pytest.raises(ConfigError, match="'card_ids' in test is an empty list"):
        read("loyalty_card_transactions", loyalty_program_ids=[1], card_ids=[])
