"""API keys: each API accepts only its own kind of key."""

from __future__ import annotations

import pytest

from talon_one_client import endpoints

INTEGRATION = "/v1/loyalty_programs/1/cards/card-ada/balances"
MANAGEMENT = "/v1/loyalty_programs"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "ApiKey-v1 wrong",
        "ApiKey-v1 demo-management-key",
        "ManagementKey-v1 demo-management-key",
        "Bearer demo-management-key",
        "demo-integration-key",
        "apikey-v1 demo-integration-key",
    ],
)
def test_integration_operations_refuse_anything_but_their_key(api, header):
    """The Integration API takes ``ApiKey-v1`` with the integration key and nothing else."""
    reply = api.send("GET", INTEGRATION, headers={"Authorization": header} if header else {})
    assert reply.status == 401
    assert reply.json["StatusCode"] == 401


@pytest.mark.parametrize(
    "header",
    [
        None,
        "ManagementKey-v1 wrong",
        "ManagementKey-v1 demo-integration-key",
        "Bearer demo-integration-key",
        "ApiKey-v1 demo-integration-key",
        "ApiKey-v1 demo-management-key",
    ],
)
def test_management_operations_refuse_anything_but_their_key(api, header):
    """The Management API refuses everything but its own key."""
    assert api.send("GET", MANAGEMENT, headers={"Authorization": header} if header else {}).status == 401


@pytest.mark.parametrize("scheme", ["ManagementKey-v1", "Bearer"])
def test_management_operations_take_both_schemes(api, scheme):
    """A management key may come as ManagementKey-v1 or as Bearer."""
    assert api.send("GET", MANAGEMENT, headers={"Authorization": f"{scheme} demo-management-key"}).status == 200


@pytest.mark.parametrize("endpoint", endpoints.ALL, ids=lambda each: each.name)
def test_every_operation_wants_a_key(api, endpoint):
    """No operation of the table answers without a key, and none is missing."""
    path = endpoint.path
    for param in endpoint.path_params:
        path = path.replace("{" + param.name + "}", "1")
    assert api.send(endpoint.method, path).status == 401


def test_an_unknown_path_is_not_found(api):
    """A path outside the table gives 404 in the documented shape."""
    reply = api.send("GET", "/v1/nothing", headers=api.key("integration"))
    assert reply.status == 404
    assert reply.json["StatusCode"] == 404


def test_a_wrong_method_says_which_are_allowed(api):
    """A known path with another method gives 405 and an Allow header."""
    reply = api.send("PATCH", "/v2/audiences/1", headers=api.key("integration"))
    assert reply.status == 405
    assert reply.headers["Allow"] == "DELETE, PUT"
