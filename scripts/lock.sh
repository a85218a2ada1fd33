#!/usr/bin/env bash
# Compile requirements/*.in to *.lock with the newest versions.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup_uv.sh
for source in requirements/*.in requirements/bench/*.in; do
    left_out=()
    case "$source" in
    requirements/demo.in) left_out=(--no-emit-package pandas) ;;
    # The tests give these environments the packages of the checkout, so that several checkouts can share them.
    requirements/dlt.in | requirements/notebook.in) left_out=(--no-emit-package talon-one-connector) ;;
    esac
    .venvs/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --upgrade "${left_out[@]}" \
        "$source" -o "${source%.in}.lock"
done
