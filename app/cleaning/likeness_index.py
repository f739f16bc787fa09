"""Which photos share codes: a join of all with all by sorting, linear in the number of codes (but for a logarithm).

Two codes meet where 21 neighbouring bits of 63 agree and not many of the others differ. Codes that a crowd of photos
shares tell nothing and are left out. Memory: a few times what the codes take.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

BANDS = 3
WIDTH = 21
REACH = 15
"""Bits of 63 that may differ; of two unrelated codes that meet in a band, 3 % come so near."""
CROWD = 24
"""A run of equal bits that is longer comes from what every such photo shows (a ruler, a logo, plain skin)."""
INDEX_BITS = 26  # at most 67 million codes


def shared_codes(
    codes: NDArray[np.uint64], owners: NDArray[np.int64], fewest: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of photos that share codes.

    Args:
        codes: N codes of 63 bits.
        owners: N, the photo that each belongs to, ascending.
        fewest: pairs with fewer codes in common are left out.

    Returns:
        M x 2 owners (the smaller first), ascending, and how many codes each pair shares.
    """
    assert len(codes) < 1 << INDEX_BITS
    with ThreadPoolExecutor(2) as pool:  # numpy sorts outside Python's lock
        met = np.concatenate(list(pool.map(lambda band: _met(codes, owners, band), range(BANDS))))
    met.sort()
    met = met[_fresh(met)]  # codes may meet in several bands
    pairs = np.stack([owners[met >> np.uint64(INDEX_BITS)], owners[met & np.uint64((1 << INDEX_BITS) - 1)]], axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    kept = counts >= fewest
    return found[kept].reshape(-1, 2), counts[kept].astype(np.int64)


def _met(codes: NDArray[np.uint64], owners: NDArray[np.int64], band: int) -> NDArray[np.uint64]:
    """(index, index), the smaller first, in one number: near codes of two photos that agree in this band."""
    bits = codes >> np.uint64(band * WIDTH) & np.uint64((1 << WIDTH) - 1)
    entries = bits << np.uint64(INDEX_BITS) | np.arange(len(codes), dtype=np.uint64)
    entries.sort()
    keys, index = entries >> np.uint64(INDEX_BITS), entries & np.uint64((1 << INDEX_BITS) - 1)
    first = np.flatnonzero(_fresh(keys))
    lengths = np.diff(np.append(first, len(keys)))
    kept = np.repeat((lengths > 1) & (lengths <= CROWD), lengths)
    keys, index = keys[kept], index[kept]
    whole, owner = codes[index], owners[index]
    found = [np.zeros(0, np.uint64)]
    here = np.arange(len(keys))
    for step in range(1, CROWD):
        here = here[: np.searchsorted(here, len(keys) - step)]
        here = here[keys[here + step] == keys[here]]
        if not len(here):
            break
        near = np.bitwise_count(whole[here] ^ whole[here + step]) <= REACH
        a = here[near]
        a = a[owner[a] != owner[a + step]]
        found.append(index[a] << np.uint64(INDEX_BITS) | index[a + step])
    return np.concatenate(found)


def _fresh(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Where another value begins, in an ascending array."""
    return np.concatenate([[True], values[1:] != values[:-1]]) if len(values) else np.zeros(0, bool)
