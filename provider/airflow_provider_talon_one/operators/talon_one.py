"""The operator of any operation, and the base of those that are named after one."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.answers import for_xcom
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.errors import fail_for_good
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.links import LINK_KEY, CampaignManagerLink, campaign_manager_url
from airflow_provider_talon_one.on_kill import EndsRequestsOnKill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from talon_one_client.endpoints import Endpoint

_SHOWN = 5


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
            answer = hook.client.caller.call(
                endpoint,
                path=self._typed_path(endpoint),
                query=self.query,
                body=self._sent_body(endpoint),
                idempotency_key=self._idempotency_key(context) if endpoint.idempotency_key else None,
            )
        context["ti"].xcom_push(key=LINK_KEY, value=campaign_manager_url(hook.values["base_url"], self.path))
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
        if isinstance(self.body, dict) and not _is_templated(self.body):
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
        integers = {param.name for param in endpoint.path_params if param.type == "integer"}
        return {name: int(value) if name in integers else str(value) for name, value in self.path.items()}

    def _sent_body(self, endpoint: Endpoint) -> Any:
        from talon_one_client.wire import decode_json

        body = self.body
        if isinstance(body, str):
            plain = json.loads(body)
            self._check_body(endpoint, plain)
            return decode_json(body.encode())
        if body is not None:
            self._check_body(endpoint, body)
        return body

    def _idempotency_key(self, context: Context) -> str:
        """The same in every try of one task run; another one in another run."""
        ti = context["ti"]
        parts = (ti.dag_id, ti.task_id, ti.run_id, str(getattr(ti, "map_index", -1)))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}


def _is_templated(value: Any) -> bool:
    """Whether something in it is known at run time only: a template, or another task's answer."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, dict):
        return any(map(_is_templated, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_templated, value))
    return not isinstance(value, int | float | bool | type(None))
