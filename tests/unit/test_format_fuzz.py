"""2,000 damaged annotation files: a result or a clear error, quickly, and nothing else. 100,000 in the benchmarks."""

from __future__ import annotations

import time
from collections import Counter

from .format_trial import tried
from .mutations import mutants

SEED = 3
SLOW = 5.0  # seconds of processor time for one small file


def test_two_thousand_damaged_files() -> None:
    seen: Counter[str] = Counter()
    for number, one in enumerate(mutants(2000, SEED)):
        start = time.process_time()
        try:
            seen += tried(one)
        except BaseException as error:
            error.add_note(f"seed {SEED}, file {number}: {one.format} {one.name}\n{one.data[:3000]!r}")
            raise
        assert time.process_time() - start < SLOW, (SEED, number)
    assert seen["read"] > 300
    assert seen["refused"] > 300
    assert seen["repaired"] > 50
