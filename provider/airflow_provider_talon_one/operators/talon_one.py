"""The operator of any operation, and the base of those that are named after one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.on_kill import EndsRequestsOnKill
from airflow_provider_talon_one.airflow_compat.xcom import for_xcom
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.links import LINK_KEY, CampaignManagerLink, campaign_manager_url
from airflow_provider_talon_one.parameters import by_schema, converted, is_templated
from talon_one_singer import Setting
from talon_one_singer.settings.conversion import is_absent
from talon_one_singer.settings.json_files import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from talon_one_client.endpoints import Endpoint
    from talon_one_singer.settings.table import SettingType

_SHOWN = 5
_QUERY_TYPES: Mapping[str, SettingType] = {"boolean": "boolean", "integer": "integer", "array": "array"}


class TalonOneOperator(EndsRequestsOnKill, ConnectorOperator):
    """Calls one operation of the Integration or Management API.

    The answer goes to XCom if it is small; of a larger one ids, names and the lengths of its lists. A request that
    Talon.One refuses fails the task at once; when it does not answer, Airflow tries again. Operations that take an
    Idempotency-Key get one of the task's run, so that a retry is done once.

    Args:
        operation: name or operation id, like ``sync_catalog`` or ``syncCatalog``.
        path: path parameters by their wire names.
        query: query parameters by their wire names.
        body: the request: an object, JSON text, or the name of a ``.json`` file on the template search path.
        talon_one_conn_id: the connection.

    Raises:
        ValueError: at parse time: no such operation, a path parameter that is missing or unknown, or a body without
            templates that the operation's schema refuses.
    """

    template_fields: Sequence[str] = ("path", "query", "body", "talon_one_conn_id")
    template_files: ClassVar[Mapping[str, str]] = {"body": ".json"}
    template_fields_renderers: ClassVar[dict[str, str]] = {"path": "json", "query": "json", "body": "json"}
    operator_extra_links = (CampaignManagerLink(),)
    ui_color = "#eeecff"

    def __init__(
        self,
        *,
        operation: str,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        talon_one_conn_id: str = TalonOneHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.operation = operation
        self.path = dict(path or {})
        self.query = given(**(query or {}))
        self.body = body
        self.talon_one_conn_id = talon_one_conn_id
        fields = body.items() if isinstance(body, dict) else ()
        self._templated = {name for name, value in fields if is_templated(value)}
        self._check()

    @property
    def endpoint(self) -> Endpoint:
        """The row of the endpoint table."""
        from talon_one_client.endpoints import find

        found = find(self.operation)
        if found is None:
            raise ValueError(f"{self.task_id}: Talon.One has no operation {self.operation!r}")
        return found

    def execute(self, context: Context) -> Any:
        """Call it; the answer for XCom."""
        endpoint = self.endpoint
        with self.opened_hook() as hook, fail_for_good():
            answer = hook.client.call(
                endpoint,
                path=self._typed_path(endpoint),
                query=self._typed_query(endpoint),
                body=self._sent_body(endpoint),
                idempotency_key=self._idempotency_key(context) if endpoint.idempotency_key else None,
            )
            address = campaign_manager_url(hook.client.config.base_url, self.path)
        context["ti"].xcom_push(key=LINK_KEY, value=address)
        return for_xcom(answer)

    def _check(self) -> None:
        endpoint = self.endpoint
        names = [param.name for param in endpoint.path_params]
        if set(names) != set(self.path):
            raise ValueError(
                f"{self.task_id}: {endpoint.name} takes the path parameters {names}, not {list(self.path)}"
            )
        unknown = set(self.query) - set(endpoint.query_by_name)
        if unknown:
            raise ValueError(f"{self.task_id}: {endpoint.name} has no query parameter {sorted(unknown)[0]!r}")
        if (self.body is not None) != endpoint.has_body:
            raise ValueError(f"{self.task_id}: {endpoint.name} {'needs a' if endpoint.has_body else 'takes no'} body")
        if isinstance(self.body, dict) and not is_templated(self.body):
            self._check_body(endpoint, self.body)

    def _check_body(self, endpoint: Endpoint, body: Any) -> None:
        from talon_one_schemas import request_problems
        from talon_one_schemas.registry import request

        found = [f"{one.pointer or '/'}: {one.reason[:200]}" for one in request_problems(str(endpoint.request), body)]
        fields = request(str(endpoint.request)).get("properties")
        if fields and isinstance(body, dict):
            # Talon.One would ignore it without a word.
            found += [f"/{name}: there is no such field; it has {', '.join(fields)}" for name in body.keys() - fields]
        if found:
            raise ValueError(f"{self.task_id}: the body is no {endpoint.request}: {'; '.join(found[:_SHOWN])}")

    def _typed_path(self, endpoint: Endpoint) -> dict[str, Any]:
        found = {}
        for param in endpoint.path_params:
            kind: SettingType = "integer" if param.type == "integer" else "string"
            given = self.path[param.name]
            text = given if kind == "integer" or given is None else str(given)
            value = converted(Setting(param.name, kind, ""), text)
            if value is None:
                raise ValueError(f"the path parameter {param.name!r} is {given!r}, which names nothing")
            found[param.name] = value
        return found

    def _typed_query(self, endpoint: Endpoint) -> dict[str, Any]:
        """Without what is not given; a text that a template gave has the type of its parameter."""
        found = {}
        for name, given in self.query.items():
            kind = endpoint.query_by_name[name].type
            setting = Setting(name, _QUERY_TYPES.get(kind, "string"), "")
            found[name] = converted(setting, given) if isinstance(given, str) else given
        return {name: value for name, value in found.items() if value is not None}

    def _sent_body(self, endpoint: Endpoint) -> Any:
        from talon_one_client.http.encoding import decode_json
        from talon_one_schemas.registry import request

        body = self.body
        if isinstance(body, str):
            plain = parse_json(body)
            self._check_body(endpoint, plain)
            return decode_json(body.encode())
        if isinstance(body, dict):
            schema = request(str(endpoint.request))
            body = by_schema(schema, self._without_nothing(body, schema))
        if body is not None:
            self._check_body(endpoint, body)
        return body

    def _without_nothing(self, body: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        """The body without optional texts and numbers whose template gave nothing; lists and objects are checked."""
        kinds = {name: one.get("type") for name, one in (schema.get("properties") or {}).items()}
        nothing = {
            name
            for name in self._templated
            if name in body and is_absent(body[name]) and kinds.get(name) not in ("array", "object")
        }
        missing = sorted(nothing & set(schema.get("required") or ()))
        if missing:
            raise ValueError(
                f"the field {missing[0]!r} of the body is {body[missing[0]]!r}: its template gives nothing"
            )
        return {name: value for name, value in body.items() if name not in nothing}

    def _idempotency_key(self, context: Context) -> str:
        """The same in every try of one task run; another one in another run."""
        ti = context["ti"]
        parts = (ti.dag_id, ti.task_id, ti.run_id, str(getattr(ti, "map_index", -1)))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}
