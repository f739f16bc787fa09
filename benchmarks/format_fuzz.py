"""100,000 annotation files damaged at random: a result or a clear error for each, quickly, and nothing else.

The files and what each must stand are those of the tests (``tests/unit/mutations.py``, ``format_trial.py``). Whatever
else than ``UserError`` comes out, or takes longer than five seconds of processor time, is a failure: its seed and
number are told, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from benchmarks.common import keep
from tests.unit.format_trial import tried
from tests.unit.mutations import mutants

SLOW = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    count = 100_000 if options.full else 5_000
    seen: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    for number, one in enumerate(mutants(count, options.seed)):
        start = time.process_time()
        try:
            seen += tried(one)
        except Exception as error:  # noqa: BLE001  each failure is told, and the rest is still tried
            failures.append(f"seed {options.seed}, file {number}, {one.format}: {type(error).__name__}: {error}")
            traceback.print_exc(limit=-3)
        slowest = max(slowest, time.process_time() - start)
    told = f"{len(failures)} ({seen['read']:,} read, {seen['refused']:,} refused, {seen['repaired']:,} repaired)"
    rows = [
        [f"{count:,} damaged annotation files: crashes and wrong results", "0", told],
        ["Damaged annotation files: slowest, processor time", f"<= {SLOW:.0f} s", f"{1000 * slowest:.0f} ms"],
    ]
    result = {"rows": rows, "seed": options.seed, "count": count, "failures": failures[:20], "seen": seen}
    keep("format-fuzz", result, options.full)
    return 1 if failures or slowest > SLOW else 0


if __name__ == "__main__":
    sys.exit(main())
