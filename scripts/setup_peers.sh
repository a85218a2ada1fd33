#!/usr/bin/env bash
# Install third-party programs that the tests use, each into an environment of its own under .venvs.
# With the argument `all`, also install what only slow tests need: Chromium, dbt with the adapters of warehouses,
# stand-ins of Snowflake and BigQuery, dlt, Dagster, Prefect, Jupyter, linters, and the generator of the website. With the argument `lint`, only linters.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = lint ]; then
    exec bash scripts/setup_venv.sh lint requirements/lint.lock
fi
for lock in requirements/*.lock; do
    name=$(basename "$lock" .lock)
    case "$name" in
    dev | demo) continue ;;
    dbt-warehouses | fakesnow | bqemulator | dlt | dagster | prefect | notebook | lint | site) [ "${1:-}" = all ] || continue ;;
    esac
    bash scripts/setup_venv.sh "$name" "$lock"
done
# bqemulator loads an extension of DuckDB, which its environment has as a package and not where DuckDB looks.
[ "${1:-}" != all ] || .venvs/bqemulator/bin/python - <<'INSTALL'
import importlib.util
from pathlib import Path

import duckdb

package = Path(importlib.util.find_spec("duckdb_extension_spatial").origin).parent
(extension,) = package.glob(f"extensions/v{duckdb.__version__}/spatial.duckdb_extension")
duckdb.connect().execute(f"INSTALL '{extension}'")
INSTALL
if ! command -v redis-server >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -qq -y redis-server >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y redis-server >/dev/null; }
    else
        echo "setup: no redis-server; the tests of rate limits shared over Redis will be skipped" >&2
    fi
fi
if [ -z "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] && ! command -v initdb >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -qq -y postgresql >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y postgresql >/dev/null; }
    else
        echo "setup: no PostgreSQL; the tests that need one will be skipped" >&2
    fi
fi
if ! command -v mariadbd >/dev/null && [ ! -x /usr/sbin/mariadbd ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        install="apt-get install -qq -y --no-install-recommends mariadb-server"
        $install >/dev/null 2>&1 || { apt-get update -qq && $install >/dev/null; }
    else
        echo "setup: no MariaDB; the tests that need one will be skipped" >&2
    fi
fi
if [ "${1:-}" = all ] && ! command -v chromedriver >/dev/null; then
    install="apt-get install -qq -y --no-install-recommends chromium chromium-driver"
    if ! { [ "$(id -u)" = 0 ] && { $install || { apt-get update -qq && $install; }; }; } >/dev/null 2>&1; then
        echo "setup: no Chromium with chromedriver; the test of Airflow's pages will be skipped" >&2
    fi
fi
