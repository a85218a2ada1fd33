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
        concurrency: the largest number of requests in flight; always 1 for catalogs.
        rejects_directory: directory of the files of refused rows.
        results_directory: directory of the files of answers that are worth keeping: referral codes, effects.
        mask_rejects: rejects files hold hashes of keys and no rows.
        environment: live or sandbox: the environment that the API key belongs to.
        lookup_after_seconds: after that time, Talon.One has ended a request whose answer was lost.
        rows_per_flush: without a mirror, rows are sent as soon as this many are waiting.
    """

    concurrency: int = 4
    rejects_directory: str = "rejects"
    results_directory: str = "results"
    mask_rejects: bool = False
    environment: str = "live"
    lookup_after_seconds: int = 60
    rows_per_flush: int = 100_000

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> SyncOptions:
        """Return the options that the settings contain."""
        return cls(
            concurrency=settings["concurrency"],
            rejects_directory=settings["rejects_directory"],
            results_directory=settings["results_directory"],
            mask_rejects=settings["mask_rejects"],
            environment=settings["environment"],
            lookup_after_seconds=settings["lookup_after_seconds"],
        )
