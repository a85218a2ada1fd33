#!/usr/bin/env bash
# The provider's tests under each Airflow of requirements/airflow, each in an environment of its own under .venvs.
# With --lock the locks are compiled anew, with what there was on the day that each file names.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venvs/uv/bin/uv
for source in requirements/airflow/*.in; do
    lock="${source%.in}.lock"
    name="airflow-$(basename "$source" .in)"
    if [ "${1:-}" = --lock ]; then
        day=$(grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}' "$source" | head -1)
        "$uv" pip compile --quiet --python-version 3.11 --no-header --exclude-newer "$day" --exclude-newer-package pyrate-limiter=2026-11-25 "$source" -o "$lock"
        continue
    fi
    if [ ! -e ".venvs/$name/.stamp" ] || [ "$lock" -nt ".venvs/$name/.stamp" ]; then
        "$uv" venv --quiet --clear --python .venv/bin/python ".venvs/$name"
        "$uv" pip sync --quiet --compile-bytecode --python ".venvs/$name/bin/python" "$lock"
        touch ".venvs/$name/.stamp"
    fi
    echo "$name"
    ".venvs/$name/bin/python" -m pytest -q -o filterwarnings=default tests/provider -m "not slow"
done
