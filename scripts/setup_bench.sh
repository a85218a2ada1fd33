#!/usr/bin/env bash
# Install what `make bench` compares the connector with, each into an environment of its own under .venvs.
# With arguments, only these of them.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- dlt drt limit loop mock singer-sdk
for peer in "$@"; do
    lock=requirements/bench/$peer.lock
    name=bench-$peer
    if [ ! -e ".venvs/$name/.stamp" ] || [ "$lock" -nt ".venvs/$name/.stamp" ]; then
        .venvs/uv/bin/uv venv --quiet --clear --python .venv/bin/python ".venvs/$name"
        .venvs/uv/bin/uv pip sync --quiet --compile-bytecode --python ".venvs/$name/bin/python" "$lock"
        touch ".venvs/$name/.stamp"
    fi
done
