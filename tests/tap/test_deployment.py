"""The deployment that a state belongs to."""

import pytest

from talon_one_singer import ConfigError

CARDS, PROFILES, PROGRAMS = "loyalty_card_transactions", "customer_profiles", "loyalty_programs"
CONFIG = {"card_ids": ["card-000001"], "loyalty_program_ids": [1]}


def renamed(url):
    """The same emulator under another address."""
    return url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("stream", [CARDS, PROFILES, PROGRAMS])
def test_a_state_of_another_deployment_is_refused_before_anything_is_read(emu, read, stream):
    """The state of a ledger, an inventory and a list names the deployment, and no other deployment continues it."""
    state = read(stream, **CONFIG, profile_ids=["profile-000001"]).state
    assert emu.url == state["base_url"]
    emu.clear_requests()
    with pytest.raises(ConfigError) as refused:
        read(stream, state=state, base_url=f"{renamed(emu.url)}/", **CONFIG)
    assert str(refused.value).startswith(f"the state belongs to {emu.url}, but base_url is {renamed(emu.url)};")
    assert str(refused.value).endswith(f"set former_base_url to {emu.url} once")
    assert [] == emu.requests()


def test_the_same_account_under_a_new_address_continues_its_state(emu, read):
    """With former_base_url the ledger is continued, and the state then belongs to the new address."""
    first = read(CARDS, **CONFIG)
    spelled = emu.url.replace("http", "HTTP") + "/"
    second = read(CARDS, state=first.state, base_url=renamed(emu.url), former_base_url=spelled, **CONFIG)
    assert (None, []) == (second.error, second.ids())
    assert renamed(emu.url) == second.state["base_url"]
    assert None is read(CARDS, state=second.state, base_url=renamed(emu.url), **CONFIG).error
    with pytest.raises(ConfigError, match="belongs to"):
        read(CARDS, state=second.state, former_base_url="https://other.talon.one")


def test_a_state_of_an_earlier_version_is_continued_and_then_belongs_to_the_deployment(emu, read):
    """A state without a deployment is accepted."""
    state = read(CARDS, **CONFIG).state
    del state["base_url"]
    again = read(CARDS, state=state, **CONFIG)
    assert (None, [], emu.url) == (again.error, again.ids(), again.state["base_url"])


def test_a_run_that_has_read_nothing_leaves_no_deployment_in_the_state(emu, read, stub):
    """A wrong address and a wrong key do not claim the state."""
    for wrong in ({"base_url": stub(b"{}", 404)}, {"base_url": stub(b"{}", 401)}, {"api_key": "wrong"}):
        failed = read(CARDS, **CONFIG, **wrong)
        assert failed.error
        assert "base_url" not in failed.state


def test_the_command_names_the_state_file_and_both_addresses(emu, sync):
    """The tap ends with exit code 2 and writes nothing."""
    run = sync(CARDS, state=sync(CARDS, **CONFIG).state, base_url=renamed(emu.url), **CONFIG)
    assert (2, "") == (run.code, run.stdout)
    assert f"state.json belongs to {emu.url}, but base_url is {renamed(emu.url)}" in run.stderr


@pytest.mark.parametrize(
    "url", ["demo", "ftp://a", "https://", "https://a:99999", "https://user:word@a", "https://a?b"]
)
def test_a_former_address_that_is_no_base_url_is_refused(read, url):
    """What base_url does not take is no former one either, and the message names the setting."""
    with pytest.raises(
        ConfigError, match="setting 'former_base_url' in test must be a base URL like https://yourbaseurl"
    ):
        read(CARDS, former_base_url=url, **CONFIG)


@pytest.mark.parametrize("value", [7, ["https://a"], {}])
def test_a_deployment_that_is_no_text_is_malformed(read, value):
    """A state whose deployment is no text is refused."""
    with pytest.raises(ConfigError, match="base_url must be a text"):
        read(CARDS, state={"bookmarks": {}, "base_url": value}, **CONFIG)
