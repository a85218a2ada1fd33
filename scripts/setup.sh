#!/usr/bin/env bash
# Create .venv with the versions of requirements/dev.lock.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup_uv.sh
uv=.venvs/uv/bin/uv
if [ ! -x .venv/bin/python ]; then
    "$uv" venv --quiet --python "${PYTHON:-python3}" .venv
fi
# Compile the bytecode now, so that the first command a newcomer runs is not slow.
"$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python requirements/dev.lock
