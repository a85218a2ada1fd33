#!/usr/bin/env bash
# setup_venv.sh NAME LOCK: create .venvs/NAME with the versions of LOCK, unless it is there and current.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venvs/$1
if [ ! -e "$venv/.stamp" ] || [ "$2" -nt "$venv/.stamp" ]; then
    python=.venv/bin/python
    [ -x "$python" ] || python=${PYTHON:-python3}
    .venvs/uv/bin/uv venv --quiet --clear --python "$python" "$venv"
    .venvs/uv/bin/uv pip sync --quiet --compile-bytecode --python "$venv/bin/python" "$2"
    touch "$venv/.stamp"
fi
