"""The HTTP request of an operator: check its parameters, convert what templates rendered, and send it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.parameters import converted, converted_by_schema, instant_text, is_templated
from talon_one_client.endpoints import find
from talon_one_client.http.encoding import decode_json
from talon_one_schemas import request_problems
from talon_one_schemas.registry import request
from talon_one_singer import Setting
from talon_one_singer.settings.conversion import is_absent
from talon_one_singer.settings.json_files import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from talon_one_singer.settings.setting import SettingType

_SHOWN_PROBLEMS = 5
_QUERY_TYPES: Mapping[str, SettingType] = {"boolean": "boolean", "integer": "integer", "array": "array"}


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """One call of an operation.

    Attributes:
        task_id: starts the error messages.
        endpoint: row of the endpoint table.
        path, query: parameters by the names that Talon.One gives them.
        body: an object, JSON text, or None.
        templated: fields of the body that were templates before Airflow rendered them.
    """

    task_id: str
    endpoint: Endpoint
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any
    templated: frozenset[str] = frozenset()

    def check(self) -> None:
        """Check at parse time what does not depend on templates.

        Raises:
            ValueError: a parameter is unknown or missing, or the schema of the operation rejects the body.
        """
        name = self.endpoint.name
        expected = [param.name for param in self.endpoint.path_params]
        if set(expected) != set(self.path):
            raise ValueError(f"{self.task_id}: {name} takes the path parameters {expected}, not {list(self.path)}")
        unknown = set(self.query) - set(self.endpoint.query_by_name)
        if unknown:
            raise ValueError(f"{self.task_id}: {name} has no query parameter {sorted(unknown)[0]!r}")
        if (self.body is not None) != self.endpoint.has_body:
            raise ValueError(f"{self.task_id}: {name} {'needs a' if self.endpoint.has_body else 'takes no'} body")
        if isinstance(self.body, dict) and not is_templated(self.body):
            self._check_body(converted_by_schema(request(str(self.endpoint.request)), self.body))

    def send(self, client: TalonOneClient, idempotency_key: str | None) -> Any:
        """Send the request and return the response.

        Raises:
            ValueError: a rendered parameter or body cannot be used.
            TalonOneError: see talon_one_client.errors.
        """
        return client.call(self.endpoint, **self.arguments(), idempotency_key=idempotency_key)

    def arguments(self) -> dict[str, Any]:
        """Return path, query and body with the types that the operation needs, after Airflow has rendered them.

        Raises:
            ValueError: a parameter has no value, or the body does not match its schema.
        """
        return {"path": self._converted_path(), "query": self._converted_query(), "body": self._converted_body()}

    def _converted_path(self) -> dict[str, Any]:
        found = {}
        for param in self.endpoint.path_params:
            kind: SettingType = "integer" if param.type == "integer" else "string"
            given = self.path[param.name]
            text = given if kind == "integer" or given is None else str(given)
            value = converted(Setting(param.name, kind, ""), text)
            if value is None:
                raise ValueError(f"the path parameter {param.name!r} is {given!r}; give it a value")
            found[param.name] = value
        return found

    def _converted_query(self) -> dict[str, Any]:
        """Return the parameters that are given; rendered texts have the types of their parameters."""
        found = {}
        for name, given in self.query.items():
            param = self.endpoint.query_by_name[name]
            setting = Setting(name, _QUERY_TYPES.get(param.type, "string"), "")
            value = converted(setting, given) if isinstance(given, str) else given
            found[name] = _instant(name, value) if param.format == "date-time" else value
        return {name: value for name, value in found.items() if value is not None}

    def _converted_body(self) -> Any:
        body = self.body
        if isinstance(body, str):
            self._check_body(parse_json(body))
            return decode_json(body.encode())
        if isinstance(body, dict):
            schema = request(str(self.endpoint.request))
            body = converted_by_schema(schema, self._without_absent(body, schema))
        if body is not None:
            self._check_body(body)
        return body

    def _without_absent(self, body: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body without optional texts and numbers whose templates rendered to nothing."""
        fields = schema.get("properties") or {}
        absent = {
            name
            for name in self.templated
            if name in body and is_absent(body[name]) and not _is_structure(fields.get(name, {}))
        }
        missing = sorted(absent & set(schema.get("required") or ()))
        if missing:
            raise ValueError(
                f"the field {missing[0]!r} of the body is required, and its template rendered to {body[missing[0]]!r}"
            )
        return {name: value for name, value in body.items() if name not in absent}

    def _check_body(self, body: Any) -> None:
        schema = str(self.endpoint.request)
        found = [f"{one.pointer or '/'}: {one.reason[:200]}" for one in request_problems(schema, body)]
        fields = request(schema).get("properties")
        if fields and isinstance(body, dict):
            # Talon.One ignores unknown fields without an error.
            found += [f"/{name}: unknown field; known fields: {', '.join(fields)}" for name in body.keys() - fields]
        if found:
            raise ValueError(f"{self.task_id}: the body is not a {schema}: {'; '.join(found[:_SHOWN_PROBLEMS])}")


def _instant(name: str, value: Any) -> Any:
    try:
        return instant_text(value)
    except ValueError as error:
        raise ValueError(f"the query parameter {name!r} {error}") from None


def _is_structure(schema: Mapping[str, Any]) -> bool:
    """Return whether a field is a list or an object, in which a template of nothing is an error."""
    kinds = schema.get("type", ())
    return not {"array", "object"}.isdisjoint({kinds} if isinstance(kinds, str) else kinds)


def find_operation(task_id: str, operation: str) -> Endpoint:
    """Return the row of the endpoint table for a name or an operation id.

    Raises:
        ValueError: there is no such operation.
    """
    found = find(operation)
    if found is None:
        raise ValueError(f"{task_id}: Talon.One has no operation {operation!r}")
    return found
