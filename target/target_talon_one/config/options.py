"""Options of a run that hold for all of its destinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Options of a run.

    Attributes:
        concurrency: most requests in flight; catalogs always have one.
        rejects_directory: directory of the files of refused rows.
        results_directory: directory of answers worth keeping: referral codes, effects.
        mask_rejects: rejects files hold hashes of keys and no rows.
        environment: live or sandbox: the environment that the API key belongs to.
        rows_per_flush: without a mirror, rows are sent as soon as so many have come.
    """

    concurrency: int = 4
    rejects_directory: str = "rejects"
    results_directory: str = "results"
    mask_rejects: bool = False
    environment: str = "live"
    rows_per_flush: int = 100_000

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> SyncOptions:
        """Return the options of a run by its settings."""
        return cls(
            concurrency=settings["concurrency"],
            rejects_directory=settings["rejects_directory"],
            results_directory=settings["results_directory"],
            mask_rejects=settings["mask_rejects"],
            environment=settings["environment"],
        )
