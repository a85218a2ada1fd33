#!/usr/bin/env bash
# Install uv with pip into an environment of its own, .venvs/uv. PYTHON names another Python than python3.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
if ! "$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup: needs Python 3.11 or newer as '$python'; name another with PYTHON=..." >&2
    exit 1
fi
if [ ! -x .venvs/uv/bin/uv ]; then
    "$python" -m venv .venvs/uv
    .venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
fi
