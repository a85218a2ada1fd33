"""The hook: from an Airflow connection to a client, settings and data frames."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_talon_one.airflow_compat.errors import fail_for_good
from airflow_provider_talon_one.airflow_compat.masking import mask_secret, mask_urls
from airflow_provider_talon_one.connection_fields import CONN_TYPE, FIELDS, HIDDEN, PLACEHOLDERS, RELABELING
from talon_one_singer.settings.conversion import is_absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa
    from airflow.providers.common.compat.sdk import Connection

    from talon_one_client.client import TalonOneClient
    from talon_one_singer import SettingsTable
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor

_FIELD_BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.aliases)}
_PORTS = {"https": 443, "http": 80}


def _base_url(host: str, port: int | None) -> str:
    url = host if "://" in host else f"https://{host}"
    parts = urlsplit(url)
    if not port or port == (parts.port or _PORTS.get(parts.scheme)):
        return url
    if parts.port:
        raise ValueError(f"the base URL has the port {parts.port} and the connection {port}; they must be the same")
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))


def _setting(name: str) -> str:
    """Return the setting of a field of the extra; an alias stays, so that the settings table logs its deprecation."""
    field = _FIELD_BY_NAME[name]
    return field.setting if name == field.name else name


class TalonOneHook(BaseHook):
    """Talon.One through an Airflow connection of type ``talon_one``.

    Host and port are the base URL, password the Integration API key; the extra holds what ``connection_fields.FIELDS``
    names. Nothing is sent before a method is called.

    Args:
        talon_one_conn_id: the connection.
    """

    conn_name_attr = "talon_one_conn_id"
    default_conn_name = "talon_one_default"
    conn_type = CONN_TYPE
    hook_name = "Talon.One"

    def __init__(self, talon_one_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.talon_one_conn_id = talon_one_conn_id
        self._stop: StopSignal | None = None

    @staticmethod
    def get_ui_field_behaviour() -> dict[str, Any]:
        """The form's labels, for Airflow before 3.2."""
        return {
            "hidden_fields": list(HIDDEN),
            "relabeling": RELABELING,
            "placeholders": PLACEHOLDERS,
        }

    @staticmethod
    def get_connection_form_widgets() -> dict[str, Any]:
        """The form's fields, for Airflow before 3.2 with its FAB interface."""
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
        """The connection as settings of the connector: ``base_url``, ``api_key`` and what the extra holds.

        Raises:
            AirflowFailException: the connection is not there, or holds something that cannot be used.
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
            for name in extra:
                if name not in _FIELD_BY_NAME:
                    near = get_close_matches(name, _FIELD_BY_NAME, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(one.name for one in FIELDS)}"
                    raise ValueError(f"the extra of the connection {self.talon_one_conn_id} has no {name!r}; {hint}")
            if not is_absent(extra.get("environment")) and extra["environment"] not in ("live", "sandbox"):
                raise ValueError(
                    f"environment of the connection {self.talon_one_conn_id} must be live or sandbox, "
                    f"not {extra['environment']!r}"
                )
            base_url = _base_url(connection.host, connection.port)
        given = {_setting(name): value for name, value in extra.items() if _FIELD_BY_NAME[name].setting}
        found = {"base_url": base_url, "api_key": connection.password, **given}
        return {name: value for name, value in found.items() if not is_absent(value)}

    @property
    def environment(self) -> str:
        """``live`` or ``sandbox``."""
        with fail_for_good():
            given = self.get_connection(self.talon_one_conn_id).extra_dejson.get("environment")
            return "live" if is_absent(given) else str(given)

    def settings(self, table: SettingsTable, given: Mapping[str, Any], redact: Redactor) -> dict[str, Any]:
        """Settings of tap or target with those of the connection.

        Raises:
            AirflowFailException: one of them cannot be used; names it.
        """
        from talon_one_singer import ConfigSource
        from talon_one_singer.reporting.redaction import activate

        with fail_for_good():
            place = f"the connection {self.talon_one_conn_id}"
            settings = table.load([ConfigSource(place, self.values), ConfigSource("the task", given)])
            redact.add_from(settings)
            activate(redact)
            mask_urls(settings)
            return settings

    def get_conn(self) -> TalonOneClient:
        """The client: every operation of both APIs as a typed method. Made once; close it with ``close``."""
        return self.client

    @cached_property
    def client(self) -> TalonOneClient:
        """See ``get_conn``."""
        from talon_one_client.connection.client_factory import client_from_settings
        from talon_one_client.connection.settings import CONNECTION_SETTINGS
        from talon_one_singer.cli.signals import StopSignal
        from talon_one_singer.reporting.logs import Redactor

        self._stop = StopSignal()
        with fail_for_good():
            settings = self.settings(CONNECTION_SETTINGS, {}, Redactor())
            return client_from_settings(settings, "airflow", stop=self._stop.check)

    def end(self) -> None:
        """End the client's requests: no new one is sent, and those under way are cut off after a grace time."""
        if self._stop is not None:
            self._stop.set()

    def close(self) -> None:
        """Close the client's connections."""
        if "client" in self.__dict__:
            self.client.close()
            del self.__dict__["client"]

    def get_arrow(self, stream: str, **settings: Any) -> pa.Table:
        """All rows of a stream of the tap, in memory.

        Args:
            stream: like ``loyalty_card_transactions``.
            settings: of the tap: ``loyalty_program_ids``, ``card_ids``, ``start_date``, ...

        Raises:
            AirflowFailException: the stream or a setting cannot be used.
            TalonOneError: Talon.One does not answer.
        """
        from talon_one_loading.arrow_table import read_arrow
        from talon_one_singer.cli.signals import StopSignal
        from talon_one_singer.reporting.logs import Redactor
        from tap_talon_one.settings import SETTINGS

        redact = Redactor()
        with fail_for_good():
            return read_arrow(self.settings(SETTINGS, settings, redact), stream, StopSignal(), redact)

    def get_df(self, stream: str, **settings: Any) -> pd.DataFrame:
        """The same as a pandas data frame; amounts are Decimals, timestamps have a zone."""
        frame: pd.DataFrame = self.get_arrow(stream, **settings).to_pandas()
        return frame

    def test_connection(self) -> tuple[bool, str]:
        """Whether the keys work, and what they may read."""
        from talon_one_client.connection.check import check

        try:
            report = check(self.client)
        except Exception as error:
            logging.getLogger(__name__).debug("the connection does not work", exc_info=True)
            return False, str(error)
        finally:
            self.close()
        return report.usable, report.summary()
