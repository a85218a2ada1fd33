"""Read with dlt: its REST client in parallel resources.

``dlt_read.py DESTINATION URL KIND IN_FLIGHT [DATABASE] < cards.json``.

DESTINATION is ``extract`` (only the step that reads and writes JSON Lines), ``duckdb``, ``parquet``, ``postgresql``
with the URL of its DATABASE, or ``bigquery`` with that of a project on the server in ``BIGQUERY_EMULATOR_HOST``.
"""

import json
import os
import sys
from urllib.parse import urlsplit

destination, url, kind, in_flight, *database = sys.argv[1:]
cards = json.load(sys.stdin)
os.environ.update(
    {
        "EXTRACT__WORKERS": in_flight,
        "EXTRACT__MAX_PARALLEL_ITEMS": in_flight,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
)

import dlt  # noqa: E402 - after its settings
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.auth import APIKeyAuth  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator  # noqa: E402

client = RESTClient(
    base_url=f"{url}/v1/loyalty_programs/1/cards",
    auth=APIKeyAuth(name="Authorization", api_key="ApiKey-v1 bench-key", location="header"),
)


@dlt.resource
def card_ids():
    """Yield the cards."""
    yield from cards


@dlt.transformer(data_from=card_ids, parallelized=True, name="loyalty_card_transactions", primary_key="id")
def transactions(card):
    """Yield the pages of a ledger."""
    pages = OffsetPaginator(
        limit=1000, offset_param="skip", limit_param="pageSize", total_path=None, has_more_path="hasMore"
    )
    yield from client.paginate(f"{card}/transactions", data_selector="data", paginator=pages)


@dlt.transformer(data_from=card_ids, parallelized=True, name="loyalty_card_balances")
def balances(card):
    """Yield the balance of a card."""
    yield {"card": card} | client.get(f"{card}/balances").json()


def without_login(project):
    """Return credentials for a server that asks for none."""
    from dlt.common.configuration.specs.gcp_credentials import GcpServiceAccountCredentials
    from google.auth.credentials import AnonymousCredentials

    class Anonymous(GcpServiceAccountCredentials):
        def to_native_credentials(self):
            return AnonymousCredentials()

    found = Anonymous()
    found.project_id, found.private_key, found.client_email = project, "none", "bench@localhost"
    found.resolve()
    return found


resources = [found for name, found in (("transactions", transactions), ("balances", balances)) if name in kind]
if destination == "parquet":
    to = dlt.destinations.filesystem(bucket_url="parquet")
elif destination == "postgresql":
    to = dlt.destinations.postgres(database[0])
elif destination == "bigquery":
    to = dlt.destinations.bigquery(credentials=without_login(urlsplit(database[0]).netloc))
else:
    to = dlt.destinations.duckdb("out.duckdb")
pipeline = dlt.pipeline("bench", destination=to, dataset_name="bench", pipelines_dir="pipelines")
if destination == "extract":
    pipeline.extract(resources)
else:
    # By default, databases get INSERT statements, which take many times as long.
    pipeline.run(resources, loader_file_format="csv" if destination == "postgresql" else "parquet")
