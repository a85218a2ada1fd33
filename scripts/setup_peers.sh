#!/usr/bin/env bash
# Install third-party programs that the tests use, each into an environment of its own under .venvs.
# With the argument `all`, also install what only slow tests need: Chromium, and dbt with the adapters of warehouses.
set -euo pipefail
cd "$(dirname "$0")/.."
for lock in requirements/*.lock; do
    name=$(basename "$lock" .lock)
    if [ "$name" = dev ] || [ "$name" = demo ] || { [ "$name" = dbt-warehouses ] && [ "${1:-}" != all ]; }; then
        continue
    fi
    if [ ! -e ".venvs/$name/.stamp" ] || [ "$lock" -nt ".venvs/$name/.stamp" ]; then
        .venvs/uv/bin/uv venv --quiet --clear --python .venv/bin/python ".venvs/$name"
        .venvs/uv/bin/uv pip sync --quiet --python ".venvs/$name/bin/python" "$lock"
        touch ".venvs/$name/.stamp"
    fi
done
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
if [ "${1:-}" = all ] && ! command -v chromedriver >/dev/null; then
    install="apt-get install -qq -y --no-install-recommends chromium chromium-driver"
    if ! { [ "$(id -u)" = 0 ] && { $install || { apt-get update -qq && $install; }; }; } >/dev/null 2>&1; then
        echo "setup: no Chromium with chromedriver; the test of Airflow's pages will be skipped" >&2
    fi
fi
