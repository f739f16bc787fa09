"""The search for candidates among 2,000 to 150,000 photos: seconds and memory. Made-up codes, and it says so.

48 seeded codes a photo, a part of them drawn from a pool that many photos share, as on skin; every hundredth photo has
a copy that keeps half of its codes with 12 % of their bits wrong (what cropping and recompression were seen to leave).
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.cleaning.duplicates import FEWEST
from app.cleaning.landmarks import BITS, MOST
from app.cleaning.likeness_index import shared_codes
from benchmarks.common import Share, keep

SIZES = (2_000, 10_000, 50_000, 150_000)
WRONG, KEPT, COMMON = 0.12, 0.5, 0.1


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, action="append")
    options = parser.parse_args(argv)
    rows = []
    for n in options.size or SIZES:
        codes, copies = _made_up(n, np.random.default_rng([options.seed, n]))
        owners = np.repeat(np.arange(n), MOST)
        wall, used = time.perf_counter(), time.process_time()
        pairs, _ = shared_codes(codes, owners, FEWEST)
        wall, used = time.perf_counter() - wall, time.process_time() - used
        found = set(map(tuple, pairs.tolist()))
        rows.append(
            {
                "photos": n,
                "seconds": round(wall, 2),
                "processor_seconds": round(used, 2),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "copies_found": Share(sum(pair in found for pair in copies), len(copies)).as_json(),
                "other_pairs": len(found - set(copies)),
            }
        )
    keep("duplicate-search", {"data": "made-up codes, seeded", "seed": options.seed, "sizes": rows}, full=True)


def _made_up(n: int, rng: np.random.Generator) -> tuple[NDArray[np.uint64], list[tuple[int, int]]]:
    codes = rng.integers(0, 1 << BITS, (n, MOST), dtype=np.uint64)
    pool = rng.integers(0, 1 << BITS, 2000, dtype=np.uint64)
    common = rng.random(codes.shape) < COMMON
    codes[common] = pool[rng.integers(0, len(pool), int(common.sum()))] ^ _noise(int(common.sum()), rng)
    copies = []
    for first in range(0, n - 1, 100):
        half = int(MOST * KEPT)
        codes[first + 1, :half] = codes[first, :half] ^ _noise(half, rng)
        copies.append((first, first + 1))
    return codes.ravel(), copies


def _noise(count: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    wrong = rng.random((count, BITS), np.float32) < WRONG
    return np.asarray((wrong.astype(np.uint64) << np.arange(BITS, dtype=np.uint64)).sum(1, dtype=np.uint64))


if __name__ == "__main__":
    main()
