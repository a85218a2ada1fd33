"""Verify a sync: compare its source with what Talon.One has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToTalonOneOperator
from talon_one_singer import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun


class VerifySyncOperator(WarehouseToTalonOneOperator):
    """Compares the source of a sync with Talon.One through the Management API. Takes the arguments of the push.

    XCom receives the finding. The task fails if source and Talon.One differ, or if the sync cannot be verified, for
    example without a management key.

    Args:
        allow_unknown: whether the task succeeds if the sync cannot be verified.
    """

    template_fields: Sequence[str] = (*WarehouseToTalonOneOperator.template_fields, "allow_unknown")
    parameters: ClassVar[Sequence[Setting]] = (
        *WarehouseToTalonOneOperator.parameters,
        Setting("allow_unknown", "boolean", "Whether a sync that cannot be verified is a success.", default=False),
    )
    verb = "verify"

    def __init__(self, *, allow_unknown: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_unknown = allow_unknown

    def _work(
        self,
        run: SyncRun,
        client: TalonOneClient,
        store: Store,
        destination: DestinationConfig,
        context: Mapping[str, Any],
    ) -> dict[str, Any]:
        from target_talon_one.sync.verify import Verification

        del context
        finding = Verification(client, store, run.destinations[destination.name], self._stop.check).find()
        if finding.verdict == "drift":
            raise AirflowFailException(
                f"{destination.name}: {finding.missing:,} rows are missing, {finding.changed:,} changed, "
                f"{finding.stale_rows:,} stale; push again, or find out who else changes the data"
            )
        if finding.verdict == "unknown" and not self.allow_unknown:
            raise AirflowFailException(f"{destination.name}: {finding.why}")
        return finding.as_dict()
