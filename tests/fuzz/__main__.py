"""``python -m tests.fuzz``: feed mutated inputs of the corpus to every reader for some minutes, by a printed seed."""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz.running import CORPUS, Failure, corpus, run, variants
from tests.fuzz.targets import TARGETS, open_target

HANG_LIMIT_S = 60


def main() -> int:
    """Fuzz for some minutes. Return 1 if failures were found; their inputs are written to a directory."""
    options = _options()
    print(f"seed {options.seed}", flush=True)
    names = options.target or list(TARGETS)
    out = Path(tempfile.mkdtemp(prefix="fuzz-"))
    failures = sum(_fuzz(name, options.minutes * 60 / len(names), f"{options.seed} {name}", out) for name in names)
    if failures:
        print(f"{failures} failures; their inputs are in {out}. Fix the cause, then keep the input in {CORPUS}/TARGET")
    else:
        out.rmdir()
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; repeatable")
    return parser.parse_args()


def _fuzz(name: str, seconds: float, seed: str, out: Path) -> int:
    """Fuzz one target and return the number of failures; those in the same line of code count once."""
    kept = corpus(name)
    changed = variants(kept, random.Random(seed))
    seen: set[str] = set()
    count, end = 0, time.monotonic() + seconds
    with open_target(name) as target:
        while time.monotonic() < end:
            data = kept[count] if count < len(kept) else next(changed)
            count += 1
            (out / "running").write_bytes(data)  # it remains if the process itself is killed
            faulthandler.dump_traceback_later(HANG_LIMIT_S, exit=True)
            try:
                run(target, data)
            except Failure as failure:
                _report(name, failure, data, seen, out)
            faulthandler.cancel_dump_traceback_later()
    (out / "running").unlink(missing_ok=True)
    print(f"{name}: {count:,} inputs, {len(seen)} failures", flush=True)
    return len(seen)


def _report(name: str, failure: Failure, data: bytes, seen: set[str], out: Path) -> None:
    cause = failure.__cause__
    location = str(traceback.extract_tb(cause.__traceback__)[-1]) if cause else str(failure)[:20]
    if location in seen:
        return
    seen.add(location)
    path = out / f"{name}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.write_bytes(data)
    print(f"FAILURE {name}: {failure}\n    {path}", flush=True)
    if cause:
        traceback.print_exception(cause, limit=-6, file=sys.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
