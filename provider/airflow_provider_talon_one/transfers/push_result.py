"""What a push reports: figures for XCom, never rows, and what it wrote for links and lineage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from target_talon_one.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.run import SyncRun

logger = logging.getLogger(__name__)

FIGURES = "figures"
"""Key of the XCom of a plan, push or load that failed: its figures, in one level."""
_KINDS = {"audience_id": "audiences", "catalog_id": "catalogs", "loyalty_program_id": "loyalty_programs"}
_REFUSED = ("invalid", "rejected", "unknown", "unreadable")


def push_result(run_id: str, figures: Mapping[str, Any], rejects_directory: str) -> dict[str, Any]:
    """Return ``{"run", "sent", "refused", "rejects", "figures"}``; ``rejects`` is the folder of the refused rows."""
    refused = sum(figures[name] for name in _REFUSED)
    directory = f"{rejects_directory}/{run_id}" if refused else None
    return {"run": run_id, "sent": figures["sent"], "refused": refused, "rejects": directory, "figures": figures}


def failed_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a push that failed in one level: the counts beside ``run``, ``refused`` and ``rejects``."""
    return {**result["figures"], **{name: value for name, value in result.items() if name != "figures"}}


def without_rows(found: Mapping[str, Any], field: str, run_id: str, options: SyncOptions) -> dict[str, Any]:
    """Return a plan or finding whose sample rows are in a file of ``results_directory``; the field holds its path.

    With ``mask_rejects`` they are in no file either.

    Raises:
        SyncConfigError: the directory cannot be written to.
    """
    from target_talon_one.sync.reject_files import LineFiles

    rows: Mapping[str, Sequence[Any]] = found[field]
    name, files = f"{found['name']}-{field}", LineFiles(options.results_directory, run_id, "results_directory")
    if not options.mask_rejects:
        files.write(name, ({"kind": kind, "row": row} for kind, some in rows.items() for row in some))
    files.close()
    path = files.path(name)
    if path is not None:
        logger.info("A few rows of each kind are in %s", path)
    return {**found, field: path}


def planned_result(context: Context, run: SyncRun, planned: PlannedDestination, options: SyncOptions) -> dict[str, Any]:
    """Return the plan of a task, for XCom.

    Raises:
        GuardError: a guard would stop the push; the XCom ``figures`` has the plan.
        TooManyRefusedError: the push would fail because of refused rows; as for guards.
    """
    reasons = run.destinations[planned.name].reasons.lines(values=False)
    found = without_rows({**planned.as_dict(), "reasons": reasons}, "samples", run.id, options)
    try:
        if planned.stopped_by is not None:
            raise planned.stopped_by
        run.raise_if_plan_incomplete()
    except SyncError:
        context["ti"].xcom_push(key=FIGURES, value=found)
        raise
    return found


def page_parameters(destination: DestinationConfig) -> dict[str, Any]:
    """Return the id of the audience or catalog, as ``campaign_manager_url`` takes it."""
    target = destination.target
    return {"audienceId": target.get("audience", {}).get("id"), "catalogId": target.get("catalog_id")}


def written_name(destination: DestinationRun) -> str:
    """Return what the push wrote, like ``audiences/7``, as ``talon_one_asset`` names it; or the name of the sink."""
    for name, kind in _KINDS.items():
        if destination.target.get(name) is not None:
            return f"{kind}/{destination.target[name]}"
    return destination.config.sink.name


def columns_by_field(destination: DestinationConfig, columns: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the columns of the source that each field and each attribute at Talon.One comes from."""
    from target_talon_one.mapping.field_sources import field_sources_of
    from target_talon_one.mapping.value_source import OtherColumns

    found = field_sources_of(destination.sink, destination.mapping, columns or None, ())
    fields: dict[str, Sequence[str]] = {name: one.columns for name, one in found.fields.items()}
    if isinstance(found.attributes, dict):
        fields |= {f"attributes.{name}": one.columns for name, one in found.attributes.items()}
    elif isinstance(found.attributes, OtherColumns):
        fields |= {f"attributes.{one}": (one,) for one in columns if one not in found.attributes.taken}
    return fields
