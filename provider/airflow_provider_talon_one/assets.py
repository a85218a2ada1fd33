"""Airflow assets of Talon.One: ``talonone://host/audiences/7``, ``.../catalogs/3``, ``.../loyalty_programs/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import Asset

from talon_one_client.connection.base_url import normalized

if TYPE_CHECKING:
    from urllib.parse import SplitResult

SCHEME = "talonone"
KINDS = ("audiences", "catalogs", "loyalty_programs", "profiles")


def named_asset(name: str, uri: str) -> Asset:
    """Return an asset with a name, which the pages of Airflow 3 show; Airflow 2 shows the URI.

    All DAGs must give an asset the same name.
    """
    try:
        return Asset(name=name, uri=uri)
    except TypeError:  # a Dataset of Airflow 2
        return Asset(uri)


def talon_one_asset(base_url: str, kind: str, which: int | str, *, name: str | None = None) -> Asset:
    """Return the asset of an audience, a catalog, a loyalty program or a profile.

    Args:
        base_url: base URL of the deployment, like the host of the connection.
        kind: audiences, catalogs, loyalty_programs or profiles.
        which: id of the audience, catalog, program or profile.
        name: see ``named_asset``; by default the URI.

    Raises:
        ValueError: the kind is unknown, or the base URL is not one.
    """
    if kind not in KINDS:
        raise ValueError(f"an asset of Talon.One is one of {', '.join(KINDS)}, not {kind!r}")
    host = urlsplit(normalized(base_url if "://" in base_url else f"https://{base_url}")).netloc
    uri = f"{SCHEME}://{host}/{kind}/{which}"
    return Asset(uri) if name is None else named_asset(name, uri)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check the URI of an asset, and return it in the form in which Airflow compares URIs.

    Raises:
        ValueError: the URI is not host, kind and id. Airflow then refuses the DAG when it parses it.
    """
    parts = [part for part in uri.path.split("/") if part]
    if not uri.netloc or len(parts) != 2 or parts[0] not in KINDS:
        raise ValueError(f"an asset of Talon.One is {SCHEME}://host/kind/id with a kind of {', '.join(KINDS)}")
    return uri._replace(netloc=urlsplit(normalized(f"https://{uri.netloc}")).netloc, path="/" + "/".join(parts))


def to_openlineage_dataset(asset: Any, lineage_context: Any) -> Any:
    """Return the OpenLineage dataset of an asset."""
    del lineage_context
    from airflow.providers.common.compat.openlineage.facet import Dataset

    parts = urlsplit(asset.uri)
    return Dataset(namespace=f"{SCHEME}://{parts.netloc}", name=parts.path.lstrip("/"))
