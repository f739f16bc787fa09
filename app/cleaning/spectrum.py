"""What a lens and a shutter leave of a photo's detail: power spectra of its tiles, by direction and fineness.

A lens out of focus takes the fine bands of every direction, a movement those along it; skin without texture has no
power in the coarser bands either, so that nothing seems to be missing. (Welch 1967 for spectra averaged over tiles.)
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

TILE = 128
SECTORS = 12
EDGES = np.array([2, 4, 8, 12, 17, 23, 32, 45, 64], np.float64) / TILE
"""Where the bands meet, cycles per pixel."""
BANDS = len(EDGES) - 1
FLOOR = 0.5
"""Power (grey levels squared) of what noise and JPEG leave anyway."""
MOST_TILES = 3
"""Along a side."""
_REST = SECTORS * BANDS


def work_scale(grey: NDArray[np.uint8], short_side: int) -> F32:
    """float32, its shorter side at most ``short_side`` and at least a tile."""
    height, width = grey.shape
    shorter = min(height, width)
    if shorter > short_side:
        size = (round(width * short_side / shorter), round(height * short_side / shorter))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = grey.shape
    if shorter < TILE:
        low, right = max(0, TILE - height), max(0, TILE - width)
        grey = np.asarray(cv2.copyMakeBorder(grey, 0, low, 0, right, cv2.BORDER_REFLECT), np.uint8)
    return grey.astype(np.float32)


def spectrum(grey: F32) -> F32:
    """Log power per direction of change (from the x axis towards y) and band, coarse to fine: SECTORS x BANDS."""
    used, where, counts, window = _bins()
    power = np.zeros((TILE, TILE), np.float32)
    tiles = [(y, x) for y in _starts(grey.shape[0]) for x in _starts(grey.shape[1])]
    for y, x in tiles:
        tile = grey[y : y + TILE, x : x + TILE]
        waves = cv2.dft((tile - cv2.mean(tile)[0]) * window)
        power += cv2.mulSpectrums(waves, waves, 0, conjB=True)
    mean = np.bincount(where, power.ravel()[used], _REST) / counts / len(tiles)
    return np.log(mean + FLOOR).reshape(SECTORS, BANDS).astype(np.float32)


def features(bands: F32) -> F32:
    """What tells sharp, blurred and moved apart, the same however the photo is turned (by steps of a sector)."""
    mean = bands.mean(axis=0)
    wide = _BESIDE @ bands
    fall = wide[:, _FINE] - wide[:, _COARSE]
    along = moved_along(bands)
    across = along - SECTORS // 2
    parts = (
        mean, fall.min(axis=0), fall.max(axis=0), wide.max(axis=0) - wide.min(axis=0),
        wide[along] - wide[across], wide[along] - mean,
    )  # fmt: skip
    return np.concatenate(parts)


def moved_along(bands: F32) -> int:
    """The sector that has lost most against the one across it."""
    return int((_AGAINST_ACROSS @ bands[:, 2:7].sum(axis=1)).argmin())


def moved_length(bands: F32) -> float:
    """How far the photo moved, in pixels: half of the power along it is gone at 0.44 cycles per length (sinc^2)."""
    along = moved_along(bands)
    lost = bands[along - SECTORS // 2] - bands[along] >= np.log(2)
    return 0.44 / float(_MIDDLES[int(lost.argmax())] if lost.any() else _MIDDLES[-1])


_MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
_APART = np.abs(np.subtract.outer(np.arange(SECTORS), np.arange(SECTORS)))
_APART = np.minimum(_APART, SECTORS - _APART)
_BESIDE = ((_APART <= 1) / 3).astype(np.float32)
"""Each sector averaged with its neighbours."""
_AGAINST_ACROSS = ((_APART <= 2) * 1.0 - (_APART >= SECTORS // 2 - 2)).astype(np.float32)
"""Five sectors against the five across them."""
_FINE, _COARSE = (np.array(side) for side in zip(*[(f, c) for f in range(BANDS) for c in range(f)], strict=True))


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side, evenly; neighbours overlap rather than leave a gap of more than a fifth."""
    count = max(1, min(MOST_TILES, round((length - TILE // 6) / TILE)))
    if count == 1:
        return [(length - TILE) // 2]
    return [round(k * (length - TILE) / (count - 1)) for k in range(count)]


@cache
def _bins() -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], F32]:
    """Which numbers of a tile's packed spectrum count, their sector and band, the bands' sizes, and Hann's window.

    OpenCV packs a wave's real and imaginary part side by side (in the first and last column one below the other); of
    its power only the real part is not 0, and only that is counted.
    """
    row, column = np.mgrid[:TILE, :TILE]
    outer = (column == 0) | (column == TILE - 1)
    y = np.where(outer, (row + 1) // 2, np.where(row < TILE // 2, row, row - TILE)) / TILE
    x = np.where(column == 0, 0, (column + 1) // 2) / TILE
    real = np.where(outer, (row % 2 == 1) | (row == 0), column % 2 == 1)
    band = np.digitize(np.hypot(x, y), EDGES) - 1
    sector = np.rint((np.degrees(np.arctan2(y, x)) % 180) * SECTORS / 180).astype(np.intp) % SECTORS
    used = np.flatnonzero(real & (band >= 0) & (band < BANDS))
    where = (sector * BANDS + band).ravel()[used]
    hann = np.hanning(TILE + 2)[1:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt(np.square(window).sum())
    return used, where, np.bincount(where, minlength=_REST).astype(np.float64), window.astype(np.float32)
