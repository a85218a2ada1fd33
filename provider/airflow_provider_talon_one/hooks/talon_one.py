"""The hook turns an Airflow connection into a client, settings and data frames."""

from __future__ import annotations

import logging
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.masking import mask_secret, mask_urls
from airflow_provider_talon_one.connection_fields import CONN_TYPE, FIELDS, HIDDEN, PLACEHOLDERS, RELABELING
from airflow_provider_talon_one.reporting.words import FIELD_NAMES
from talon_one_client.connection.settings import CONNECTION_SETTINGS
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.logs import Redactor
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.redaction import activate
from talon_one_singer.settings.conversion import is_absent
from talon_one_singer.settings.json_files import nearest
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa
    from airflow.providers.common.compat.sdk import Connection

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import SettingsTable

_FIELD_BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.aliases)}
_PORTS = {"https": 443, "http": 80}


def _base_url(host: str, port: int | None) -> str:
    url = host if "://" in host else f"https://{host}"
    parts = urlsplit(url)
    if not port or port == (parts.port or _PORTS.get(parts.scheme)):
        return url
    if parts.port:
        raise ValueError(
            f"the base URL has the port {parts.port} and the connection {port}; make them equal or leave one out"
        )
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))


def _setting(name: str) -> str:
    """Return the setting of a field of the extra; an alias stays, so that the settings table logs its deprecation."""
    field = _FIELD_BY_NAME[name]
    return field.setting if name == field.name else name


def _hint(unknown: str) -> str:
    """Return what to write instead of a field that the extra does not have."""
    field = FIELD_NAMES.get(unknown, "")
    if field and field not in _FIELD_BY_NAME:
        return f"; give it as the {field} of the connection"
    known = f"; known fields: {', '.join(one.name for one in FIELDS)}"
    return f"; did you mean {field!r}?" if field else nearest(unknown, _FIELD_BY_NAME) or known


class TalonOneHook(BaseHook):
    """Connects to Talon.One with an Airflow connection of type ``talon_one``.

    Host and port are the base URL, the password is the Integration API key, and the extra holds the fields of
    ``connection_fields.FIELDS``. Creating a hook sends nothing.

    Args:
        talon_one_conn_id: id of the connection.

    Attributes:
        metrics: counts the requests of the client.
    """

    conn_name_attr = "talon_one_conn_id"
    default_conn_name = "talon_one_default"
    conn_type = CONN_TYPE
    hook_name = "Talon.One"

    def __init__(self, talon_one_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.talon_one_conn_id = talon_one_conn_id
        self.metrics = Metrics(time.monotonic)
        self._stop: StopSignal | None = None

    @staticmethod
    def get_ui_field_behaviour() -> dict[str, Any]:
        """Return the labels of the connection form, for Airflow before 3.2."""
        return {
            "hidden_fields": list(HIDDEN),
            "relabeling": RELABELING,
            "placeholders": PLACEHOLDERS,
        }

    @staticmethod
    def get_connection_form_widgets() -> dict[str, Any]:
        """Return the fields of the connection form, for Airflow before 3.2 with the FAB interface."""
        from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
        from wtforms import PasswordField, StringField

        return {
            field.name: (
                PasswordField(field.label, description=field.about, widget=BS3PasswordFieldWidget())
                if field.secret
                else StringField(field.label, description=field.about, widget=BS3TextFieldWidget())
            )
            for field in FIELDS
        }

    @cached_property
    def values(self) -> dict[str, Any]:
        """The connection as settings of the connector: ``base_url``, ``api_key`` and those of the extra.

        Raises:
            AirflowFailException: the connection does not exist, or a value in it cannot be used.
        """
        with fail_for_good():
            connection = self.get_connection(self.talon_one_conn_id)
            extra = dict(connection.extra_dejson)
        for name, field in _FIELD_BY_NAME.items():
            if field.secret and extra.get(name):
                mask_secret(extra[name])
        if connection.password:
            mask_secret(connection.password)
        return self._checked(connection, extra)

    def _checked(self, connection: Connection, extra: dict[str, Any]) -> dict[str, Any]:
        with fail_for_good():
            if not connection.host:
                raise ValueError(f"the connection {self.talon_one_conn_id} has no base URL; set its host")
            self._check_extra(extra)
            base_url = _base_url(connection.host, connection.port)
        given = {_setting(name): value for name, value in extra.items() if _FIELD_BY_NAME[name].setting}
        found = {"base_url": base_url, "api_key": connection.password, **given}
        return {name: value for name, value in found.items() if not is_absent(value)}

    def _check_extra(self, extra: dict[str, Any]) -> None:
        unknown = next((name for name in extra if name not in _FIELD_BY_NAME), None)
        if unknown is not None:
            raise ValueError(
                f"the extra of the connection {self.talon_one_conn_id} has no field {unknown!r}{_hint(unknown)}"
            )
        environment = extra.get("environment")
        if not is_absent(environment) and environment not in ("live", "sandbox"):
            raise ValueError(
                f"environment of the connection {self.talon_one_conn_id} must be live or sandbox, not {environment!r}"
            )

    @property
    def environment(self) -> str:
        """``live`` or ``sandbox``."""
        with fail_for_good():
            given = self.get_connection(self.talon_one_conn_id).extra_dejson.get("environment")
            return "live" if is_absent(given) else str(given)

    def settings(self, table: SettingsTable, given: Mapping[str, Any], redact: Redactor) -> dict[str, Any]:
        """Return the settings of tap or target: those of the connection, overridden by the given ones.

        Args:
            table: settings table of the tap or the target.
            given: settings of the task.
            redact: receives the secrets among the settings; it becomes the redactor of this process.

        Raises:
            AirflowFailException: a setting cannot be used; names it.
        """
        with fail_for_good():
            origin = f"the connection {self.talon_one_conn_id}"
            settings = table.load([ConfigSource(origin, self.values), ConfigSource("the task", given)])
            redact.add_from(settings)
            activate(redact)
            mask_urls(settings)
            return settings

    def get_conn(self) -> TalonOneClient:
        """Return the client, which has a typed method for every operation of both APIs; close it with ``close``."""
        return self.client

    @cached_property
    def client(self) -> TalonOneClient:
        """The client of ``get_conn``, created at its first use."""
        from talon_one_client.connection.client_factory import client_from_settings

        self._stop = StopSignal()
        with fail_for_good():
            settings = self.settings(CONNECTION_SETTINGS, {}, Redactor())
            return client_from_settings(settings, "airflow", metrics=self.metrics, stop=self._stop.check)

    def end(self) -> None:
        """Send no new requests, and end those in flight after ``stop_grace_seconds``."""
        if self._stop is not None:
            self._stop.set()

    def close(self) -> None:
        """Close the connections of the client."""
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]

    def get_arrow(self, stream: str, **settings: Any) -> pa.Table:
        """Return all rows of a stream of the tap, in memory.

        Args:
            stream: name of the stream, like ``loyalty_card_transactions``.
            settings: settings of the tap: ``loyalty_program_ids``, ``card_ids``, ``start_date``, ...

        Raises:
            AirflowFailException: the stream or a setting cannot be used.
            TalonOneError: Talon.One does not answer.
        """
        from talon_one_loading.data_frame import read_arrow

        redact = Redactor()
        with fail_for_good():
            return read_arrow(self.settings(SETTINGS, settings, redact), stream, StopSignal(), redact)

    def get_df(self, stream: str, **settings: Any) -> pd.DataFrame:
        """Return the same rows as a pandas data frame; amounts are Decimals, timestamps have a time zone."""
        frame: pd.DataFrame = self.get_arrow(stream, **settings).to_pandas()
        return frame

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the keys work, and a sentence about what they may read. Airflow's Test button calls this."""
        from talon_one_client.connection.check import check

        try:
            report = check(self.client)
        except Exception as error:
            logging.getLogger(__name__).debug("the connection does not work", exc_info=True)
            return False, str(error)
        finally:
            self.close()
        return report.usable, report.summary()
