#!/usr/bin/env bash
# Run the tests of the provider with each Airflow of requirements/airflow, each in its own environment under .venvs.
# If one fails, the others still run. Arguments such as `3.1 3.2` select versions.
# --lock runs no tests and compiles new locks, with the packages available on the day that each file names.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venvs/uv/bin/uv ] || bash scripts/setup.sh
uv=.venvs/uv/bin/uv
work=run
if [ "${1:-}" = --lock ]; then
    work=lock
    shift
fi
cells=("$@")
if [ $# = 0 ]; then
    for source in requirements/airflow/*.in; do
        cells+=("$(basename "$source" .in)")
    done
fi

lock() {
    local source="requirements/airflow/$1.in" day newer
    day=$(grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}' "$source" | head -1)
    newer=$(grep -oE '[a-z-]+=[0-9]{4}-[0-9]{2}-[0-9]{2}' "$source" | sed 's/^/--exclude-newer-package /' || true)
    # shellcheck disable=SC2086 # each word is an argument
    "$uv" pip compile --quiet --python-version 3.11 --no-header --exclude-newer "$day" $newer \
        "$source" -o "${source%.in}.lock"
}

install() { # prefers Python 3.11, because the locks are compiled for it
    local venv=".venvs/airflow-$1" lock="requirements/airflow/$1.lock" python
    if [ "$venv/.stamp" -nt "$lock" ] && [ "$venv/.stamp" -nt setup.cfg ]; then
        return
    fi
    python=$("$uv" python find --no-python-downloads 3.11 2>/dev/null) || python=.venv/bin/python
    "$uv" venv --quiet --clear --python "$python" "$venv" &&
        "$uv" pip sync --quiet --compile-bytecode --python "$venv/bin/python" "$lock" &&
        touch "$venv/.stamp"
}

run() {
    ".venvs/airflow-$1/bin/python" -m pytest -q -o filterwarnings=default tests/provider -m "not slow or each_airflow"
}

if [ "$work" = lock ]; then
    for cell in "${cells[@]}"; do
        lock "$cell"
    done
    exit
fi
bash scripts/setup_peers.sh
output=$(mktemp)
trap 'rm -f "$output"' EXIT
summary=
code=0
for cell in "${cells[@]}"; do
    printf '\nAirflow %s\n' "$cell"
    { install "$cell" && run "$cell"; } 2>&1 | tee "$output" || code=1
    summary+="Airflow $cell: $(tail -n 1 "$output")"$'\n'
done
printf '\n%s' "$summary"
exit "$code"
