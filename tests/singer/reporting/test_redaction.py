"""The one redaction: known secrets in every spelling, and what looks like one."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from talon_one_singer import Secret
from talon_one_singer.reporting.redaction import Redactor, activate, redact, redacted, shown_url, url_secrets

CANARY = "Canary/7+x=Zz9"


@pytest.fixture(autouse=True)
def _nothing_known():
    activate(Redactor())
    yield
    activate(Redactor())


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:{}@host:21/a.csv",
        "ftp://:{}@host/a.csv",
        "https://{}@host/a.csv",
        "s3://AKIAEXAMPLE:{}@bucket/a.parquet",
        "https://host/a.csv?sig={}",
        "https://host/a.csv?X-Amz-Signature={}&X-Amz-Date=20250101",
        "https://host/a.csv?harmless={}",
        "https://host/a.csv#access_token={}",
        "postgresql://user:{}@host:5432/db?sslmode=require",
        "postgresql://host/db?user=u&password={}",
        "redis://:{}@host:6379/0",
        "adbc://snowflake?uri=user:{}@account",
        "adbc+snowflake://user:{}@account/db",
        "abfs://container@account.dfs.core.windows.net/a?sas={}",
        "gs://token:{}@bucket/a",
        "anything+new://user:{}@host/a",
    ],
)
def test_a_secret_in_any_url_is_masked(url):
    """The password, token and signature of a URL are masked in the URL, its repr and quoting errors."""
    full = url.format(CANARY)
    for text in (f"cannot read {full}: refused", repr({"url": full}), f"({full})", json.dumps([full])):
        assert CANARY not in redact(text)
    assert CANARY not in shown_url(full)


@pytest.mark.parametrize(
    "url",
    ["ftp://u:{}@host/a", "https://host/a?x={}", "postgresql://u:{}@host/db", "https://host/a#{}"],
)
@pytest.mark.parametrize("secret", ["pl ain'qu\"ote", "at@sl/ash?ques#hash", "per%cent", "łódź-ключ"])
def test_a_secret_of_a_url_of_the_settings_is_masked_alone_too(url, secret):
    """Parts of a URL in the settings are masked when a driver quotes them alone, encoded or decoded."""
    known = Redactor()
    known.add_from({"sources": [{"url": url.format(secret)}, {"url": url.format(quote(secret, safe=""))}]})
    for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret), repr(secret)):
        assert spelling.strip("\"'") not in known(f"denied: {spelling}; bye")


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="").lower(),
        quote_plus,
        json.dumps,
        repr,
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    ],
)
def test_a_known_secret_is_masked_however_it_is_spelled(spell):
    """A known secret is masked in plain, percent-encoded, JSON, Python and base64 spelling."""
    secret = "key/with+signs=é\n"
    spelled = spell(secret).strip("\"'=")
    known = Redactor([Secret(secret)])
    assert spelled not in known(f"x {spelled} y")


@pytest.mark.parametrize(
    "text",
    [
        "host=h user=u password={} dbname=d",
        "host=h password='{}' dbname=d",
        "connection failed: PASSWORD={}",
        "aws_secret_access_key={}",
        "AccountKey={};EndpointSuffix=core.windows.net",
        "Authorization: ApiKey-v1 {}",
        "Authorization: Bearer {}",
        "authorization=Basic {}",
        "{{'Authorization': 'ManagementKey-v1 {}'}}",
        "{{'user': 'u', 'password': '{}'}}",
        "{{'client_secret': \"it's {}\"}}",
        "password='it''s {}'",
        "CREATE SECRET (TYPE s3, KEY_ID 'AKIA', SECRET '{}')",
        "ALTER ROLE loader PASSWORD '{}'",
        "X-Amz-Security-Token: {}",
        "{{'X-Api-Key': '{}'}}",
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    """Driver settings and headers that look secret are masked although the secret is unknown."""
    assert CANARY not in redact(text.format(CANARY))


@pytest.mark.parametrize(
    "text",
    [
        "there is no file data/a@b.csv",
        "https://docs.talon.one/integration-api says so",
        "http://127.0.0.1:8910 does not answer; check base_url",
        "duckdb:////data/a@b.duckdb is in use",
        "HTTP 401: the Integration API key is not accepted; check api_key",
        "basic understanding, bearer of news, pass=3 of design=5",
        "a=1, b=2",
        "api_key: it is missing; 'api_key' is a secret, and the token is 'none'",
        '{"token": "a column of a row"}',
    ],
)
def test_what_is_no_secret_stays_readable(text):
    """Paths, hosts, ports and ordinary words are not masked."""
    assert text == redact(text)


def test_json_stays_json():
    """Texts at every depth are masked, and nothing else changes."""
    value = {"error": "ftp://u:pass-word@h/a", "n": 1, "rows": [{"x": None, "url": "https://h?token=abc"}]}
    expected = {"error": "ftp://********@h/a", "n": 1, "rows": [{"x": None, "url": "https://h?********"}]}
    assert expected == redacted(value)


def test_settings_of_telling_names_are_known():
    """A plain text in a setting named like a password is masked everywhere."""
    known = Redactor()
    known.add_from({"storage": {"aws_secret_access_key": "abcdefgh1234", "region": "eu-west-1"}})
    assert "******** in eu-west-1" == known("abcdefgh1234 in eu-west-1")


def test_a_path_has_no_secrets():
    """A path is not masked, because only URLs contain secrets."""
    assert set() == url_secrets("/data/user:pass@host.csv?x=y")


def test_what_is_masked_is_not_masked_again():
    """Redacting a text twice gives the same result as redacting it once."""
    once = redact("ftp://u:secret@h/a?b=secret password=secret")
    assert once == redact(once)


@pytest.mark.parametrize("secret", ["frag", "hold", "cred"])
def test_a_secret_of_few_letters_does_not_eat_into_words(secret):
    """A short secret is masked only where it is a complete word."""
    words = "it must hold no credentials, query or fragment; threshold"
    said = Redactor([secret])(f"{words}: x={secret}&y, '{secret}', {secret}")
    assert 3 == said.partition(":")[2].count("********")
    assert "fragment; threshold" in said
    assert "credentials" in said
