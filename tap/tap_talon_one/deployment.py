"""The deployment that a state belongs to: a state of another account would skip its rows, or take them for deleted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from talon_one_singer import ConfigError

if TYPE_CHECKING:
    from talon_one_singer.protocol.state import State

DEPLOYMENT: Final = "base_url"
"""Key of the state that holds the base URL of the deployment whose rows were read; earlier versions wrote none."""

log = logging.getLogger("tap_talon_one")


def check_former(url: str) -> None:
    """Raise ValueError if the text is no base URL; it completes "setting 'former_base_url' ..."."""
    from talon_one_client.connection.base_url import checked_base_url
    from talon_one_client.errors import ConfigurationError

    try:
        checked_base_url(url, allow_http=True)
    except ConfigurationError as error:
        raise ValueError("must be a base URL like https://yourbaseurl.talon.one") from error


def raise_if_other(state: State, base_url: str, former: str | None) -> None:
    """Check that a state is of this deployment, of no deployment, or of the former address of this one.

    Args:
        state: of the last run.
        base_url: of this run, normalized.
        former: earlier address of the same account, see the setting ``former_base_url``.

    Raises:
        ConfigError: it is of another one.
    """
    from talon_one_client.connection.base_url import normalized

    known = state.note(DEPLOYMENT)
    if known is None or known == base_url:
        return
    if not isinstance(known, str):
        raise ConfigError(f"{state.source} is malformed: {DEPLOYMENT} must be a text; take the last STATE of a run")
    if former is not None and normalized(former) == known:
        log.info("%s is that of %s, and is continued as that of %s (former_base_url)", state.source, known, base_url)
        return
    raise ConfigError(
        f"{state.source} belongs to {known}, but base_url is {base_url}; nothing was read, because rows of one account "
        "would be skipped, and those of the other taken for deleted. Correct base_url, or use another schema or state "
        f"file for another account. If it is the same account under a new address, set former_base_url to {known} once"
    )
