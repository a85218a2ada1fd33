"""``talon-one erase`` removes all data of one person and none of others, wherever rows are kept."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

import pytest

from talon_one_warehouse import open_warehouse
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.tables.personal_data import Person, decoded
from tests.receiver.merged import merge_tier
from tests.target.store_content import acknowledged_keys

PEOPLE = [
    "cust-1", "cust-10", "cust-11", "xcust-1", "cust-1x", "cust-1-a", "a-cust-1", "Cust-1", "cust-1@shop.example",
    "1", "10", "11", "01", "1.0", "-1", "1e0",
    'q"uote', 'q"', '"', ",", '","', "[", '["cust-1"]', "\\", "back\\slash", "\\u0031", "new\nline", "tab\t",
    "łódź", "łódź-1", "ŁÓDŹ", "日本", "e\u0301", "\u00e9", "\u2028", "🎉", "%31", "null", "true",
]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """Return a working folder, with an empty account that has a campaign and all profiles."""
    server.reset()
    server.add("profiles", *({"integrationId": name} for name in PEOPLE))
    server.add("campaigns", {"name": "refer"})
    monkeypatch.chdir(tmp_path)
    account(server)
    monkeypatch.setenv("TALON_ONE_STORE", "st.duckdb")
    monkeypatch.setenv("TALON_ONE_CONCURRENCY", "1")  # each referral gets its id in the order of the rows
    return tmp_path


@pytest.fixture
def command(in_process):
    """Run ``talon-one``, which must succeed, and return its output."""

    def run(*arguments):
        done = in_process(*arguments)
        assert 0 == done.code, done.err
        return done.out

    return run


def codes(folder):
    """Return the advocates whose referral codes are in the results."""
    lines = [line for path in folder.glob("results/*/*.jsonl") for line in path.read_bytes().split(b"\n") if line]
    return {json.loads(line)["key"] for line in lines}


def test_the_results_of_everybody_else_stay(here, command):
    """Every id is erased in turn, and each time only its own line is removed."""
    (here / "refs.jsonl").write_text("".join(json.dumps({"who": name}) + "\n" for name in PEOPLE))
    sync = {"source": "refs.jsonl", "sink": "referrals", "mode": "add", "campaign_id": 1}
    sync |= {"map": {"advocateProfileIntegrationId": "who"}}
    (here / "s.yml").write_text(json.dumps({"syncs": {"refs": sync}}))
    command("push", "s.yml")
    left = set(PEOPLE)
    assert left == codes(here)
    for name in PEOPLE:
        (here / "ids.txt").write_text(name, encoding="utf-8")
        if name != "".join(name.splitlines()).strip() or not name.isprintable():
            continue  # no line of a file can hold it
        counts = json.loads(command("erase", "--ids-file", "ids.txt", "--local-only", "--yes", "--json"))
        left.discard(name)
        assert 1 == counts["rows"], name
        assert 1 == counts["lines"], name
        assert left == codes(here), name


def test_notifications_of_a_warehouse_are_erased_too(here, command):
    """With ``--in`` the rows about the customer lose their values, and their number is reported."""
    for name in ("cust-1", "cust-10"):
        merge_tier("duckdb:///w.duckdb", name)
    erase = ("erase", "--ids", "cust-1", "--local-only", "--in", "duckdb:///w.duckdb", "--yes")
    assert "; 1 row of notifications emptied" in command(*erase)
    with open_warehouse("duckdb:///w.duckdb") as warehouse:
        found = warehouse.query(
            f"SELECT customer_profile_id FROM {warehouse.name_of('notifications_tiers')} ORDER BY 1"
        )
    assert [("cust-10",), (None,)] == found


@pytest.mark.parametrize("name", PEOPLE)
def test_a_store_forgets_one_person_and_nobody_else(engine_rows, name):
    """Erasing any id removes its rows, rejects and known profile, and keeps those of all other ids."""
    store, known = engine_rows
    before = known(store)
    store.erase(name)
    after = known(store)
    assert [row for row in before if name not in row[1:]] == after
    assert before != after


@pytest.fixture
def engine_rows(tmp_path):
    """Return a store with rows of all customers, in destinations of each kind of key, and a function that lists it."""
    from target_talon_one.sinks.row_keys import join_key
    from target_talon_one.store.opening import open_store
    from target_talon_one.store.tables.rejects import Reject

    with open_store(str(tmp_path / "st.duckdb")) as store:
        numbers = {}
        for kind in ("audience_members", "coupon_reservations", "loyalty_card_links"):
            numbers[kind] = store.destinations.number_of(json.dumps(["http://x", kind, {}]), kind)
        store.acks.adopt(numbers["audience_members"], PEOPLE)
        store.acks.adopt(numbers["coupon_reservations"], [join_key(["c,", name]) for name in PEOPLE])
        store.acks.adopt(numbers["loyalty_card_links"], [join_key([name, "somebody"]) for name in PEOPLE])
        rejects = [
            Reject("r", "rejected", "add", name, b"", None, "row 1", "no", f"{name!r} is closed") for name in PEOPLE
        ]
        rejects += [
            Reject("r", "invalid", "", None, None, json.dumps({"id": name, "note": f"not {name}x"}), "row 2", "no")
            for name in PEOPLE
        ]
        store.rejects.add("run", numbers["audience_members"], rejects)
        store.profiles.add(PEOPLE)

        def known(opened):
            found = [("member", key) for key in sorted(acknowledged_keys(opened, numbers["audience_members"]))]
            for kind in ("coupon_reservations", "loyalty_card_links"):
                found += [(kind, *json.loads(key)) for key in sorted(acknowledged_keys(opened, numbers[kind]))]
            for one in opened.rejects.find():
                source = json.loads(one["source"] or "{}")
                found.append(("reject", one["key"] or source["id"]))
            return found

        yield store, known


@pytest.mark.parametrize(
    ("name", "row", "theirs"),
    [
        ("cust-1", {"friend": "cust-1"}, True),
        ("cust-1", {"note": "call cust-1 back"}, False),
        ("cust-1", {"deep": [{"profileId": "cust-1"}]}, True),
        ("1", {"id": 1}, True),
        ("1", {"customer_id": "1"}, True),
        ("1", {"id": 10, "quantity": 1, "tier": "1"}, False),
        ("1", {"campaignId": 1, "audience_id": 1, "customerSessionId": "1"}, False),
        ("1.0", {"id": 1}, False),
        ("10000000000000000000001", {"id": 10000000000000000000001}, True),
        ("true", {"id": True}, False),
    ],
)
def test_whole_values_are_compared(name, row, theirs):
    """An id matches whole texts anywhere in a row, and numbers only in fields that name a customer."""
    assert theirs == Person(name).has_row(json.dumps(row))


@pytest.mark.parametrize(
    ("answer", "theirs"),
    [
        ({"id": 10, "code": "X"}, False),
        ({"profileId": 10}, False),
        ({"profileId": "10"}, True),
        ([{"advocateProfileIntegrationId": "10"}], True),
        (None, False),
    ],
)
def test_numbers_in_an_answer_are_ids_of_talon_one(answer, theirs):
    """The result of another customer stays, whatever number Talon.One assigned to it."""
    assert theirs == Person("10").has_answer(decoded(json.dumps(answer)))


def test_things_that_are_called_like_a_person_stay():
    """The SKU 1 and the audience 1 are not removed with the customer 1."""
    sinks = ("catalog_items", "audiences", "customer_profile")
    assert [False, False, True] == [Person("1").has_key("1", SINKS[sink]) for sink in sinks]


def test_a_masked_key_is_theirs():
    """A masked key in a rejects file is recognized by its hash."""
    masked = "sha256:" + hashlib.sha256(b"cust-1").hexdigest()[:32]
    assert [True, False] == [Person(name).has_key(masked, None) for name in ("cust-1", "cust-10")]


@pytest.mark.parametrize("line", ["cust-10 cust-1x acust-1", 'no "cust-1-b" here', "cust-1@x.example", "x.cust-1"])
def test_an_id_inside_of_another_word_is_not_mentioned(line):
    """An id inside of a longer word is not a mention."""
    assert line == Person("cust-1").without_mentions(line)


@pytest.mark.parametrize("line", ["profile cust-1 is closed", "'cust-1'", "cust-1.", "(cust-1)", "cust-1: no"])
def test_a_mention_is_blotted_out(line):
    """The line of another customer stays, and the mention in it is redacted."""
    assert line.replace("cust-1", "(erased)") == Person("cust-1").without_mentions(line)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_mention_is_blotted_out_however_it_is_spelled(engine_rows, name):
    """Messages write ids as JSON, Python, a terminal or a path of the API does; all of that goes from the history."""
    store, _ = engine_rows
    person = Person(name)
    texts = [f"profile {spelling} is closed" for spelling in person.spellings]
    texts.append(f"GET /v2/customer_profiles/{quote(name, safe='')}: no")
    assert [] == [text for text in texts if "(erased)" not in person.without_mentions(text)]
    for number, text in enumerate(texts):
        store.database.run("INSERT INTO runs (id, error) VALUES (?, ?)", f"r{number}", text)
    store.erase(name)
    assert [] == store.database.run("SELECT error FROM runs WHERE starts_with(id, 'r') AND error IS NOT NULL")


@pytest.mark.parametrize("path", ["/v2/customer_profiles/cust-10", "/v2/customer_profiles/x%2Dcust-1-a", "a/cust-1/b"])
def test_a_path_of_somebody_else_is_not_mentioned(path):
    """An id inside of another id of a path is not a mention."""
    assert f"GET {path}: no" == Person("cust-1").without_mentions(f"GET {path}: no")


def test_samples_of_a_plan_lose_one_person(here, command):
    """Erasing a customer removes that customer's samples and keeps the others."""
    (here / "v.jsonl").write_text('{"id": "cust-1"}\n{"id": "cust-10"}\n')
    sync = {"source": "v.jsonl", "sink": "audience_members", "audience": {"name": "V"}, "mode": "mirror", "key": "id"}
    (here / "s.yml").write_text(json.dumps({"syncs": {"vip": sync}}))
    command("plan", "s.yml", "-o", "plan.json")
    command("erase", "--ids", "cust-1", "--local-only", "--plan-file", "plan.json", "--yes")
    samples = json.loads((here / "plan.json").read_text())["destinations"][0]["samples"]
    assert {"add": [{"profileIntegrationId": "cust-10"}]} == samples


def test_words_of_a_plan_lose_the_mention(here, command):
    """Mentions in the reasons and guards of a plan are redacted."""
    words = ["2 rows: cust-1 is closed", "1 row: cust-10 is closed"]
    (here / "plan.json").write_text(json.dumps({"destinations": [{"reasons": words, "guard": "cust-1"}, 1]}))
    command("erase", "--ids", "cust-1", "--local-only", "--plan-file", "plan.json", "--yes")
    (one, other) = json.loads((here / "plan.json").read_text())["destinations"]
    assert {"reasons": ["2 rows: (erased) is closed", words[1]], "guard": "(erased)"} == one
    assert 1 == other


def test_an_erase_that_was_killed_leaves_nothing(here, command):
    """What a killed erase has written but not put in place holds other customers, and is removed by the next one."""
    folders = [here / kind / "run-1" for kind in ("rejects", "results")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "a.jsonl.new").write_text('{"key":"cust-10"}\n')
    (here / "plan.json").write_text('{"destinations":[]}')
    (here / "plan.json.new").write_text('{"destinations":[{"samples":{"add":[{"id":"cust-10"}]}}]}')
    command("erase", "--ids", "cust-10", "--local-only", "--yes", "--plan-file", "plan.json")
    assert [] == list(here.rglob("*.new"))


def test_an_erased_file_keeps_its_mode(here, command):
    """A file that only its owner may read stays so."""
    file = here / "rejects" / "run-1" / "a.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"key":null,"row":{"id":"cust-10"}}\n{"key":null,"row":{"id":"cust-11"}}\n')
    file.chmod(0o600)
    command("erase", "--ids", "cust-10", "--local-only", "--yes")
    assert 1 == file.read_text().count("\n")
    assert 0o600 == file.stat().st_mode & 0o777


def test_a_list_of_ids_without_end_is_an_error(here, in_process):
    """A device that never ends is refused before it fills the memory."""
    done = in_process("erase", "--ids-file", "/dev/zero", "--local-only", "--yes")
    assert 2 == done.code
    assert "--ids-file: cannot read /dev/zero: it is larger than 64 MB" in done.err
