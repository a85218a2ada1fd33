#!/usr/bin/env bash
# Compile requirements/*.in to *.lock with the newest versions.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venvs/uv/bin/uv ] || bash scripts/setup.sh
for source in requirements/*.in requirements/bench/*.in; do
    .venvs/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --upgrade \
        "$source" -o "${source%.in}.lock"
done
