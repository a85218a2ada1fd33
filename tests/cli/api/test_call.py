"""``talon-one call`` against the emulator, in a separate process."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from talon_one_client.endpoints import ALL
from talon_one_emulator import Emulator
from tests import commands

PROGRAM = ("--path", "loyaltyProgramId=1")
PROFILE = ("update_customer_profile_v2", "--path", "integrationId=p1")


@pytest.fixture(scope="module")
def emu():
    """Return a local Talon.One with three cards."""
    with Emulator(seed="synthetic", cards=3, transactions=5, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def talon_one(emu, tmp_path):
    """Return a function that runs ``talon-one`` with both keys in the environment; None removes a variable."""
    emu.clear_requests()

    def run(*arguments, env=None, stdin=b""):
        keys = {
            "TALON_ONE_BASE_URL": emu.url,
            "TALON_ONE_API_KEY": emu.api_key,
            "TALON_ONE_MANAGEMENT_KEY": emu.management_key,
        }
        clean = {k: v for k, v in os.environ.items() if "TALON_ONE" not in k}
        environ = {k: v for k, v in {**clean, **keys, **(env or {})}.items() if v is not None}
        command = [sys.executable, "-m", "talon_one_cli", *map(str, arguments)]
        return commands.run(command, env=environ, input=stdin, capture_output=True, cwd=tmp_path, check=False)

    return run


def refused(done, emu, code=2):
    """Return the one line of an error, and check that nothing was sent."""
    assert code == done.returncode
    assert b"" == done.stdout
    assert [] == emu.requests()
    return done.stderr.decode()


def test_the_version_is_printed(talon_one):
    """The version is printed without an account."""
    done = talon_one("--version", env={"TALON_ONE_BASE_URL": None})
    assert 0 == done.returncode
    assert done.stdout.startswith(b"talon-one v")


def test_the_version_loads_no_heavy_module():
    """``--version`` starts fast, because it imports neither the HTTP stack nor a warehouse."""
    code = (
        "import sys; from talon_one_cli.main import cli; cli(['--version'], standalone_mode=False); "
        "sys.exit(', '.join({'requests', 'duckdb', 'pyarrow', 'msgspec', 'jsonschema'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 0 == done.returncode
    assert "" == done.stderr


def test_the_list_has_every_operation(talon_one):
    """The list shows method, path and key of every operation."""
    lines = talon_one("call", "--list").stdout.decode().splitlines()
    expected = [(e.name, e.method, e.path, "api_key" if e.api == "integration" else "management_key") for e in ALL]
    assert expected == [tuple(line.split()) for line in lines[1:]]


@pytest.mark.parametrize("name", ["get_loyalty_programs", "getLoyaltyPrograms", "get-loyalty-programs"])
def test_an_operation_has_two_names(talon_one, name):
    """An operation is found by its snake_case name and by the vendor's operation id."""
    done = talon_one("call", name)
    assert ["cards", "profiles"] == sorted(p["name"] for p in json.loads(done.stdout)["data"])


def test_an_unknown_operation_is_reported_with_the_nearest(talon_one, emu):
    """A typing mistake is answered with the name that is most similar."""
    message = refused(talon_one("call", "sync_catalogue"), emu)
    assert "Error: there is no operation 'sync_catalogue'; did you mean 'sync_catalog'?\n" == message


def test_a_number_that_is_sent_keeps_its_digits(talon_one, emu):
    """The emulator receives the price with all digits that were typed."""
    emu.add("catalogs", {"name": "books"})
    item = '{"sku": "s", "price": 1234567890123456.123}'
    body = f'{{"actions": [{{"type": "ADD", "payload": {item}}}]}}'
    assert 0 == talon_one("call", "sync_catalog", "--path", "catalogId=1", "--body", body).returncode
    items = talon_one("call", "list_catalog_items", "--path", "catalogId=1")
    assert b'"price": 1234567890123456.123' in items.stdout


def test_a_number_that_comes_keeps_its_digits(talon_one, emu):
    """A number is printed with the digits that Talon.One sent."""
    emu.add_transactions([{"program": 1, "card": "card-000001", "amount": Decimal("12345678901234.56")}])
    done = talon_one("call", "get_loyalty_card_transactions", *PROGRAM, "--path", "loyaltyCardId=card-000001")
    assert b": 12345678901234.56" in done.stdout


def test_csv_comes_as_it_is(talon_one):
    """A CSV response is printed byte by byte."""
    done = talon_one("call", "export_loyalty_cards", *PROGRAM)
    assert 0 == done.returncode
    assert 4 == len(done.stdout.splitlines())
    assert done.stdout.startswith(b"identifier,")


def test_parameters_have_the_types_of_the_table(talon_one, emu):
    """Parameters are converted to integers and booleans, a repeated name fills an array, and snake_case is accepted."""
    items = ("call", "list_catalog_items", "--path", "catalog_id=1", "--query", "page_size=1")
    talon_one(*items, "--query", "withTotalResultSize=TRUE", "--query", "sku=a b", "--query", "sku=c&d")
    request = emu.requests()[0]
    assert "/v1/catalogs/1/items" == request["path"]
    assert "pageSize=1&withTotalResultSize=true&sku=a+b&sku=c%26d" == request["query"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "needs --path loyaltyProgramId=..."),
        (("--path", "loyaltyProgramId=x"), "--path loyaltyProgramId must be an integer, not 'x'"),
        ((*PROGRAM, *PROGRAM), "--path loyaltyProgramId is given twice, but it is not an array"),
        ((*PROGRAM, "--path", "nothing"), "--path must look like name=value, not 'nothing'"),
        ((*PROGRAM, "--query", "pageSise=1"), "no parameter 'pageSise'; did you mean 'pageSize'?"),
        ((*PROGRAM, "--body", "{}"), "get_loyalty_cards takes no --body"),
        ((*PROGRAM, "--idempotency-key", "k"), "get_loyalty_cards takes no --idempotency-key"),
    ],
)
def test_a_wrong_argument_is_reported_before_anything_is_sent(talon_one, emu, arguments, reason):
    """A wrong argument ends with exit code 2, and nothing is sent."""
    assert reason in refused(talon_one("call", "get_loyalty_cards", *arguments), emu)


def test_a_body_comes_as_text_from_a_file_or_from_the_standard_input(talon_one, tmp_path):
    """A body as text, from a file and from standard input is sent alike."""
    body = b'{"attributes": {}}'
    (tmp_path / "body.json").write_bytes(body)
    codes = [
        talon_one("call", *PROFILE, "--body", given, stdin=body).returncode
        for given in (body.decode(), "@body.json", "-")
    ]
    assert [0, 0, 0] == codes


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "update_customer_profile_v2 needs a body"),
        ("{", "--body is not JSON"),
        ("@missing.json", "cannot read the body file missing.json: No such file or directory"),
        ('{"attributes": 5}', "/attributes: 5 is not of type 'object'"),
    ],
)
def test_a_wrong_body_is_reported_with_its_place(talon_one, emu, body, reason):
    """The error names the JSON pointer of the wrong value, and nothing is sent."""
    assert reason in refused(talon_one("call", *PROFILE, *(() if body is None else ("--body", body))), emu)


@pytest.mark.parametrize(
    ("arguments", "loss"),
    [
        (("delete_customer_data", "--path", "integrationId=p1"), "deletes all data of customer p1"),
        (("delete_audience_v2", "--path", "audienceId=7"), "deletes audience 7"),
        (
            (
                "delete_loyalty_transactions_from_ledgers", "--path", "loyaltyProgramId=2",
                "--path", "integrationId=p1", "--body", '{"scope":"AllSubledgers"}',
            ),
            "deletes transactions of customer p1 in loyalty program 2",
        ),
        (
            (
                "unlink_loyalty_card_from_profile", "--path", "loyaltyProgramId=1",
                "--path", "loyaltyCardId=card-1", "--body", '{"integrationId":"p1"}',
            ),
            "unlinks card card-1",
        ),
        (
            ("import_audiences_memberships", "--path", "audienceId=7", "--body", "identifier\nx\n"),
            "replaces all members of audience 7",
        ),
        (
            ("sync_catalog", "--path", "catalogId=1", "--body", '{"actions":[{"type":"REMOVE_MANY","payload":{}}]}'),
            "removes every item of catalog 1",
        ),
        (
            (
                "sync_catalog", "--path", "catalogId=1", "--body",
                '{"actions":[{"type":"PATCH_MANY","payload":{"price":1,"filters":[]}}]}',
            ),
            "changes every item of catalog 1",
        ),
    ],
)  # fmt: skip
def test_what_destroys_needs_consent(talon_one, emu, arguments, loss):
    """A call that destroys data needs --yes, and the message says what would be lost."""
    message = refused(talon_one("call", *arguments), emu)
    assert loss in message
    assert "nothing was sent; add --yes" in message


def test_with_consent_it_is_done(talon_one):
    """With --yes the call is made, and an empty response leaves standard output empty."""
    talon_one("call", "update_customer_profile_v2", "--path", "integrationId=gone", "--body", '{"attributes":{}}')
    done = talon_one("call", "delete_customer_data", "--path", "integrationId=gone", "--yes")
    assert 0 == done.returncode
    assert b"" == done.stdout
    assert b"delete_customer_data: done; the response is empty\n" == done.stderr


def test_a_csv_file_is_uploaded(talon_one, tmp_path):
    """A CSV file is sent as a multipart form."""
    created = talon_one("call", "create_audience_v2", "--body", '{"name": "A", "integration": "mparticle"}')
    (tmp_path / "members.csv").write_text("profileintegrationid\np1\n")
    audience = ("--path", f"audienceId={json.loads(created.stdout)['id']}")
    done = talon_one("call", "import_audiences_memberships", *audience, "--body", "@members.csv", "--yes")
    assert 0 == done.returncode
    assert b"" == done.stderr


def test_a_refusal_of_talon_one_is_one_line(talon_one):
    """A refused request prints Talon.One's message in one line and ends with exit code 1."""
    done = talon_one("call", "get_loyalty_card_balances", *PROGRAM, "--path", "loyaltyCardId=nobody")
    assert 1 == done.returncode
    assert b"" == done.stdout
    assert done.stderr.startswith(b"Error: get_loyalty_card_balances: HTTP 404; Talon.One says")
    assert 1 == len(done.stderr.splitlines())


@pytest.mark.parametrize(("key", "reason"), [("wrong-secret", "is not accepted"), (None, "set management_key")])
def test_a_key_problem_is_reported_without_the_key(talon_one, key, reason):
    """A wrong key ends with exit code 2, and the message does not show it."""
    done = talon_one("call", "get_loyalty_programs", env={"TALON_ONE_MANAGEMENT_KEY": key})
    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert reason in done.stderr.decode()
    assert b"wrong-secret" not in done.stderr


def test_settings_come_from_a_file_too(talon_one, emu, tmp_path):
    """A config file is read, and ``--base-url`` overrides it and the environment."""
    settings = {"base_url": "http://127.0.0.1:9", "management_key": emu.management_key}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    env = {"TALON_ONE_BASE_URL": None, "TALON_ONE_MANAGEMENT_KEY": None}
    done = talon_one("call", "get_loyalty_programs", "--config", "config.json", "--base-url", emu.url, env=env)
    assert 0 == done.returncode
    assert b"" == done.stderr


@pytest.mark.parametrize("option", ["--api-key", "--management-key"])
def test_there_is_no_option_for_a_key(talon_one, emu, option):
    """No option takes a key, because every user of the machine can read a command line."""
    assert "No such option" in refused(talon_one("call", "get_loyalty_programs", option, "k"), emu)
