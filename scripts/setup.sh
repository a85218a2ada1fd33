#!/usr/bin/env bash
# Create .venv with the versions of requirements/dev.lock. uv is installed with pip into an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
if ! "$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup: needs Python 3.11 or newer as '$python'; name another with PYTHON=..." >&2
    exit 1
fi
uv=.venvs/uv/bin/uv
if [ ! -x "$uv" ]; then
    "$python" -m venv .venvs/uv
    .venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
fi
if [ ! -x .venv/bin/python ]; then
    "$uv" venv --quiet --python "$python" .venv
fi
# Compile the bytecode now, so that the first command a newcomer runs is not slow.
"$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python requirements/dev.lock
