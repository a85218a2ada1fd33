#!/usr/bin/env bash
# Create .venvs/demo with the versions of requirements/demo.lock: a tenth of what development needs.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup_uv.sh
.venvs/uv/bin/uv venv --quiet --clear --python "${PYTHON:-python3}" .venvs/demo
.venvs/uv/bin/uv pip sync --quiet --python .venvs/demo/bin/python requirements/demo.lock
