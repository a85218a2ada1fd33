#!/usr/bin/env bash
# Install what `make bench` compares the connector with, each into an environment of its own under .venvs.
# With arguments, only these of them.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- dlt drt limit loop mock singer-sdk
for peer in "$@"; do
    bash scripts/setup_venv.sh "bench-$peer" "requirements/bench/$peer.lock"
done
