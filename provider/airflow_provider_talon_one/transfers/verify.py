"""Is it so? The source against what Talon.One has, as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToTalonOneOperator
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.config.destinations import Destination
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun


class VerifySyncOperator(WarehouseToTalonOneOperator):
    """Compares a sync's source with Talon.One through the Management API; takes the arguments of the push.

    XCom gets the finding. Drift fails the task, and so does ``unknown`` (no management key) unless that is allowed.

    Args:
        allow_unknown: a sync that nobody can verify is no failure.
    """

    template_fields: Sequence[str] = (*WarehouseToTalonOneOperator.template_fields, "allow_unknown")
    parameters: ClassVar[Sequence[Setting]] = (
        *WarehouseToTalonOneOperator.parameters,
        Setting("allow_unknown", "boolean", "Whether a sync that nobody can verify is no failure.", default=False),
    )
    verb = "verify"

    def __init__(self, *, allow_unknown: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_unknown = allow_unknown

    def _work(
        self, run: SyncRun, client: TalonOneClient, store: Store, destination: Destination, context: Mapping[str, Any]
    ) -> dict[str, Any]:
        from target_talon_one.sync.verify import Verification

        del context
        finding = Verification(client, store, run.feeds[destination.name], self._stop.check).find()
        if finding.verdict == "drift":
            raise AirflowFailException(
                f"{destination.name}: {finding.missing:,} rows are missing, {finding.changed:,} changed, "
                f"{finding.left:,} left over; push again, or look who else writes there"
            )
        if finding.verdict == "unknown" and not self.allow_unknown:
            raise AirflowFailException(f"{destination.name}: {finding.why}")
        return finding.as_dict()
