"""The operator of any operation, and base class of the operators that are named after one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.on_kill import EndsRequestsOnKill
from airflow_provider_talon_one.airflow_compat.xcom import xcom_value
from airflow_provider_talon_one.base import ConnectorOperator
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.links import CampaignManagerLink, begin_link, campaign_manager_url, set_link
from airflow_provider_talon_one.operators.http_request import OperatorRequest, find_operation
from airflow_provider_talon_one.parameters import is_templated
from airflow_provider_talon_one.reporting.summaries import log_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint


class TalonOneOperator(EndsRequestsOnKill, ConnectorOperator):
    """Calls one operation of the Integration or Management API.

    XCom receives the response if it is small; of a large one it receives ids, names and the lengths of its lists. If
    Talon.One rejects the request, the task fails at once; if Talon.One does not answer, Airflow retries the task.
    Operations with an Idempotency-Key receive one per task run, so that a retried request takes effect once.

    Args:
        operation: name or operation id, like ``sync_catalog`` or ``syncCatalog``.
        path: path parameters, named as in Talon.One's API reference.
        query: query parameters, named as in Talon.One's API reference.
        body: the request: an object, JSON text, or the name of a ``.json`` file on the template search path.
        talon_one_conn_id: id of the connection.

    Raises:
        ValueError: at parse time: the operation does not exist, a path parameter is missing or unknown, or the schema
            of the operation rejects a body without templates.
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
        self._templated = frozenset(name for name, value in fields if is_templated(value))
        self._request().check()

    @property
    def endpoint(self) -> Endpoint:
        """The row of the endpoint table."""
        return find_operation(self.task_id, self.operation)

    def execute(self, context: Context) -> Any:
        """Send the request, and return the response as XCom can store it."""
        begin_link(self)
        with self.opened_hook() as hook, fail_for_good():
            key = _idempotency_key(context) if self.endpoint.idempotency_key else None
            response = self.send(hook.client, key)
            address = campaign_manager_url(hook.client.config.base_url, self.path)
            log_calls(self.endpoint.name, hook.metrics.totals(), rows=_rows_in(response))
        set_link(self, context, address)
        return xcom_value(response)

    def send(self, client: TalonOneClient, idempotency_key: str | None) -> Any:
        """Send the request and return the response; see ``OperatorRequest.send``."""
        return self._request().send(client, idempotency_key)

    def _request(self) -> OperatorRequest:
        return OperatorRequest(self.task_id, self.endpoint, self.path, self.query, self.body, self._templated)


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _rows_in(response: Any) -> int | None:
    rows = response.get("data") if isinstance(response, dict) else response
    return len(rows) if isinstance(rows, list) else None


def _idempotency_key(context: Context) -> str:
    """Return a key that is the same in every try of one task run, and different in another run."""
    ti = context["ti"]
    parts = (ti.dag_id, ti.task_id, ti.run_id, str(getattr(ti, "map_index", -1)))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
