"""The delivery of alerts by apprise. Whatever becomes of a message, the exit code of the command stays the same."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_cli.alerts.outcomes import markdown, problems
from talon_one_singer import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from talon_one_cli.alerts.outcomes import Outcome
    from talon_one_cli.alerts.settings import Alerts

logger = logging.getLogger(__name__)


def check_receivers(every: Iterable[Alerts]) -> None:
    """Check that apprise is installed and knows the URLs of all receivers, before anything is done.

    Raises:
        ConfigError: names the place of the setting, and no part of a URL.
    """
    for alerts in dict.fromkeys(every):
        try:
            with _quietly():
                import apprise
        except ImportError:
            raise ConfigError(f"{alerts.where} needs apprise: pip install 'talon-one-connector[alerts]'") from None
        for number, url in enumerate(alerts.to, 1):
            with _quietly():
                known = apprise.Apprise().add(url)
            if not known:
                raise ConfigError(
                    f"{alerts.where}.to: receiver {number} is not a URL of apprise, or lacks a part of it; see "
                    "https://github.com/caronc/apprise/wiki"
                )


def deliver(command: str, outcomes: Sequence[Outcome]) -> None:
    """Send one message to each group of receivers about the outcomes that need a person, or whose summary is wanted."""
    groups: dict[tuple[str, ...], list[Outcome]] = {}
    for one in outcomes:
        if one.alerts.summary or any(problems(one)):
            groups.setdefault(one.alerts.to, []).append(one)
    for receivers, of_them in groups.items():
        found = sum(len(list(problems(one))) for one in of_them)
        title = f"{command}: {found} problem{'s' * (found > 1)}" if found else f"{command}: nothing is wrong"
        _send(receivers, title, markdown(of_them), "failure" if found else "success")


def _send(receivers: Sequence[str], title: str, body: str, kind: Any) -> None:
    import apprise

    for number, url in enumerate(receivers, 1):
        reason = ""
        with _quietly():
            try:
                receiver = apprise.Apprise()
                taken = receiver.add(url) and receiver.notify(body, title, kind, body_format="markdown")
            except Exception as error:  # noqa: BLE001 - code of 100 services, and the exit code must stay as it is
                taken, reason = False, f" ({type(error).__name__})"
        if not taken:
            scheme = url.partition(":")[0]
            text = "the alert %r was not delivered to receiver %d (%s)%s; the exit code stays the same"
            logger.warning(text, title, number, scheme, reason)


@contextmanager
def _quietly() -> Iterator[None]:
    """Let no library log, because requests are logged with the tokens in their URLs; apprise imports old modules."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
