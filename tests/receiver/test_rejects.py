"""What is accepted and is no valid notification is in the table of rejected notifications, with its body and reason."""

from __future__ import annotations

import pytest
import requests

TIER = '{"NotificationType": "TierUpgrade", "Data": [%s]}'
INVALID = {
    "no JSON": (b"{", "the body is not JSON: Input data was truncated"),
    "NUL": (b"\0", "the body is not JSON"),
    "no UTF-8": (b'{"NotificationType": "\xff"}', "the body is not JSON"),
    "half a surrogate pair": (b'{"NotificationType": "\\ud800"}', "the body is not JSON"),
    "nothing": (b"", "the body is not JSON: Input data was truncated"),
    "too deep": (b"[" * 100_000, "the body is not JSON: maximum recursion depth exceeded"),
    "a list": (b"[]", "the body is not a JSON object"),
    "no type": (b"{}", "NotificationType is missing, or is not a text"),
    "a type of the future": (
        b'{"NotificationType": "PointsMelted"}',
        "the NotificationType 'PointsMelted' is not known",
    ),
    "no item": ((TIER % "null").encode(), "Data[0] must be an object, not null"),
    "an item without its key": ((TIER % '{"LoyaltyProgramID": 1}').encode(), "CustomerProfileID"),
    "a number as text": ((TIER % '{"CustomerProfileID": "a", "LoyaltyProgramID": "1"}').encode(), "LoyaltyProgramID"),
    "an instant that is none": (
        (TIER % '{"CustomerProfileID": "a", "LoyaltyProgramID": 1, "TierExpirationDate": "soon"}').encode(),
        "notifications_tiers.tier_expiration_date",
    ),
    "a number with too many digits": (
        (TIER % '{"CustomerProfileID": "a", "LoyaltyProgramID": 1, "CurrentPoints": 1e300}').encode(),
        "notifications_tiers.current_points",
    ),
}
VALID = (TIER % '{"CustomerProfileID": "a", "LoyaltyProgramID": 1}').encode()


@pytest.mark.parametrize("database", ["duckdb", "postgresql"])
def test_invalid_notifications_are_kept_with_their_reasons(settings, receiver, rows, request, database):
    """Each is answered with 200, because 4xx is not sent again, and is in the table; valid ones are loaded."""
    url = {"url": request.getfixturevalue("postgres_url")} if database == "postgresql" else {}
    chosen = settings(**url)
    with receiver(chosen) as running:
        for name, (body, _) in INVALID.items():
            for sent, message_id in ((body, name), (VALID, f"valid after {name}")):
                done = requests.post(
                    running.url, data=sent, headers={"X-UUID": message_id.replace(" ", "-")}, timeout=10
                )
                assert 200 == done.status_code
    found = {row[0]: row[1:] for row in rows(chosen, "notifications_rejected", "notification_id, reason, body_text")}
    assert sorted(name.replace(" ", "-") for name in INVALID) == sorted(found)
    for name, (body, reason) in INVALID.items():
        said, text = found[name.replace(" ", "-")]
        assert reason in said
        assert body.replace(b"\0", b"\\x00").decode("utf-8", "backslashreplace") == text
    assert len(INVALID) == len(rows(chosen, "notifications_tiers"))


def test_another_body_with_a_known_id_is_rejected_and_the_first_one_stays(settings, receiver, rows):
    """A body that differs from the one that came with its X-UUID is in the table of rejected notifications."""
    other = VALID.replace(b'"a"', b'"b"')
    with receiver(settings()) as running:
        for body in (VALID, other, VALID, other):
            assert 200 == requests.post(running.url, data=body, headers={"X-UUID": "u-1"}, timeout=10).status_code
    assert [("u-1", "a")] == rows(settings(), "notifications_tiers", "notification_id, customer_profile_id")
    ((reason, text),) = rows(settings(), "notifications_rejected", "reason, body_text")
    assert ("another body came with this X-UUID before", other.decode()) == (reason, text)
