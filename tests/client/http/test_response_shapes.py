"""Every operation of the endpoint table: what is not its documented shape is no success."""

import pytest

import talon_one_schemas
from talon_one_client import RetryConfig
from talon_one_client import endpoints as ep
from talon_one_client.errors import UnexpectedResponseError


def _is_array(name):
    return name is not None and talon_one_schemas.record(name)["type"] == "array"


WITH_ANSWER = [row for row in ep.ALL if row.response_media == "csv" or any(row.responses.values())]
ARRAYS = [row for row in WITH_ANSWER if _is_array(row.responses.get(200))]
WRONG = {
    "a message": b'{"message":"temporarily unavailable"}',
    "a list": b"[]",
    "a text": b'"ok"',
    "HTML": b"<html></html>",
    "no UTF-8": b'{"message":"\xff"}',
    "too deep": b"[" * 100_000,
}


def call(client, row, **query):
    """Any operation, with something for all that it requires."""
    path = {param.name: "1" for param in row.path_params}
    query = {param.name: "1" for param in row.query if param.required} | query
    return client.call(row, path=path, query=query, body={} if row.request else None)


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("row", WITH_ANSWER, ids=lambda row: row.name)
def test_another_shape_with_status_200_is_an_error(serve, client_of, row, body):
    """An answer of another shape is requested again if that is harmless, then raised as an error."""
    if body == b"[]" and row in ARRAYS:
        body = b"{}"
    server = serve((200, {}, body))
    with pytest.raises(UnexpectedResponseError, match=f"{row.name}: the answer is not the"):
        call(client_of(server.url, retry=RetryConfig(max_attempts=3)), row)
    repeated = row.repeatable or row.idempotency_key
    assert (3 if repeated else 1) == len(server.seen)


LISTS = [
    row
    for row in WITH_ANSWER
    if row not in ARRAYS and "data" in talon_one_schemas.record(row.responses.get(200) or "Catalog")["properties"]
]


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.name)
def test_a_list_needs_its_rows(serve, client_of, row):
    """An object without rows is not an empty list; an empty list is one."""
    for body in (b"{}", b'{"hasMore":false}', b'{"totalResultSize":0}'):
        with pytest.raises(UnexpectedResponseError, match="it lacks data"):
            call(client_of(serve((200, {}, body)).url), row)
    assert [] == call(client_of(serve((200, {}, b'{"data":[]}')).url), row)["data"]


@pytest.mark.parametrize("row", [row for row in LISTS if row.paged], ids=lambda row: row.name)
def test_rows_without_a_word_on_what_follows(serve, client_of, row):
    """A page without hasMore and total is incomplete where the API always sends one of them."""
    required = {"hasMore", "totalResultSize"} & set(talon_one_schemas.record(row.responses[200]).get("required", ()))
    client = client_of(serve((200, {}, b'{"data":[{"id":1}]}')).url)
    if not required:
        assert [{"id": 1}] == call(client, row)["data"]
        return
    with pytest.raises(UnexpectedResponseError, match="it lacks hasMore or totalResultSize"):
        call(client, row)
    with pytest.raises(UnexpectedResponseError, match="it lacks hasMore or totalResultSize"):
        call(client_of(serve((200, {}, b'{"data":null}')).url), row)


def test_an_array_of_objects_is_an_answer_where_one_is_documented(serve, client_of):
    """The answer of best_prior_price is an array of objects; an error in its place is no success."""
    assert [row.name for row in ARRAYS] == ["best_prior_price"]
    assert [] == call(client_of(serve((200, {}, b"[]")).url), ep.BEST_PRIOR_PRICE)
    assert [{"id": 7}] == call(client_of(serve((200, {}, b'[{"id":7}]')).url), ep.BEST_PRIOR_PRICE)
    for body, words in ((b"[7]", "Expected `object`"), (b'{"message":"quota"}', 'and says "quota"')):
        with pytest.raises(UnexpectedResponseError, match=words):
            call(client_of(serve((200, {}, body)).url), ep.BEST_PRIOR_PRICE)


def test_an_answer_may_have_more_or_less_than_is_documented(serve, client_of):
    """An answer may have further keys, and may lack keys that later versions require."""
    body = b'{"id":7,"a new key":1}'
    assert 7 == call(client_of(serve((201, {}, body)).url), ep.CREATE_AUDIENCE_V2)["id"]


def test_an_object_without_any_section_is_an_answer_where_nothing_is_required(serve, client_of):
    """An inventory without any requested section is an empty object and a success."""
    assert {} == call(client_of(serve((200, {}, b"{}")).url), ep.GET_CUSTOMER_INVENTORY)


WRITES = [row for row in ep.ALL if row.writes]
NO_YES = {
    "202": (202, b""),
    "202 with a body": (202, b'{"status":"accepted"}'),
    "207": (207, b'{"results":[{"status":500}]}'),
    "206": (206, b'{"id":1,"effects":[],"data":[],"integrationStates":[]}'),
    "200 without a body": (200, b""),
    "201 without a body": (201, b""),
    "200 with a message": (200, b'{"message":"quota exceeded"}'),
    "200 with errors": (200, b'{"errors":[{"title":"no"}]}'),
    "200 with a status": (200, b'{"StatusCode":500}'),
    "all keys and errors": (200, b'{"id":1,"effects":[],"data":[],"integrationStates":[],"errors":[{"title":"no"}]}'),
    "201 with all keys and errors": (201, b'{"id":1,"data":[],"StatusCode":400}'),
    "200 null": (200, b"null"),
    "200 list": (200, b"[]"),
    "200 empty object": (200, b"{}"),
    "201 empty object": (201, b"{}"),
    "200 text": (200, b"OK"),
    "200 HTML": (200, b"<html></html>"),
}


@pytest.mark.parametrize(("status", "body"), NO_YES.values(), ids=NO_YES)
@pytest.mark.parametrize("row", WRITES, ids=lambda row: row.name)
def test_what_is_not_the_documented_success_to_a_write_is_an_error(serve, client_of, row, status, body):
    """Another 2xx, another body or an error in the body of a write is never a success."""
    if not body and row.responses.get(status, "") is None:
        return  # an empty answer that is documented
    server = serve((status, {}, body))
    with pytest.raises(UnexpectedResponseError, match=f"{row.name}: the answer is not the"):
        call(client_of(server.url, retry=RetryConfig(max_attempts=2)), row)
    assert (2 if row.repeatable or row.idempotency_key else 1) == len(server.seen)


def _keys(name):
    """The keys that a record requires, else all that it has."""
    schema = talon_one_schemas.record(name) if name else {}
    return schema.get("required", schema.get("properties", ()))


@pytest.mark.parametrize("row", WRITES, ids=lambda row: row.name)
def test_every_documented_success_is_a_success(serve, client_of, row):
    """Each documented status with its body is a success, and so is a 204 without a body."""
    for status, name in row.responses.items():
        for key in _keys(name):
            body = b'{"%b":[],"data":[],"new":{}}' % key.encode() if key != "data" else b'{"data":[]}'
            assert call(client_of(serve((status, {}, body)).url), row) is not None
        if name is None:
            assert call(client_of(serve((status, {}, b"")).url), row) is None


@pytest.mark.parametrize("key", ["error", "errors", "message", "StatusCode"])
@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.name)
def test_a_failure_beside_rows_is_no_list(serve, client_of, row, key):
    """An empty list beside the words of an error is not an empty list."""
    body = b'{"%b":"internal error","data":[],"hasMore":false,"totalResultSize":0}' % key.encode()
    with pytest.raises(UnexpectedResponseError, match=f"it says that it failed \\({key}\\)"):
        call(client_of(serve((200, {}, body)).url), row)


def test_an_error_inside_a_success_is_reported(serve, client_of):
    """The error of a success that reports a failure repeats its status and message."""
    server = serve((202, {}, b'{"message":"queue is full"}'))
    with pytest.raises(UnexpectedResponseError, match='HTTP 202 instead of 201 and says "queue is full"'):
        call(client_of(server.url), ep.CREATE_REFERRAL)
