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
    used, starts, counts, window = _bins()
    tiles = [(y, x) for y in _starts(grey.shape[0]) for x in _starts(grey.shape[1])]
    power = np.zeros((TILE, TILE), np.float32)
    for y, x in tiles:
        tile = grey[y : y + TILE, x : x + TILE]
        waves = tile - np.float32(cv2.mean(tile)[0])
        waves *= window
        waves = np.asarray(cv2.dft(waves, waves), np.float32)
        waves *= waves
        power += waves
    mean = np.add.reduceat(power.ravel()[used], starts) / (counts * len(tiles))
    return np.log(mean + FLOOR, dtype=np.float32).reshape(SECTORS, BANDS)


def features(bands: F32) -> F32:
    """What tells sharp, blurred and moved apart, the same however the photo is turned (by steps of a sector)."""
    wide = _BESIDE @ (bands @ _AND_FALLS)
    least, most = wide.min(axis=0), wide.max(axis=0)
    mean = bands.mean(axis=0)
    along = moved_along(bands)
    there, across = wide[along, :BANDS], wide[along - SECTORS // 2, :BANDS]
    parts = (
        mean, least[BANDS:], most[BANDS:], most[:BANDS] - least[:BANDS], there - across, there - mean,
    )  # fmt: skip
    return np.concatenate(parts)


def moved_along(bands: F32) -> int:
    """The sector that has lost most against the one across it."""
    return int((_AGAINST_ACROSS @ (bands @ _MIDDLE)).argmin())


def moved_length(bands: F32, along: int) -> float:
    """How far the photo moved, in pixels: half of the power along it is gone at 0.44 cycles per length (sinc^2)."""
    lost = bands[along - SECTORS // 2] - bands[along] >= _HALF
    first = int(lost.argmax())
    return 0.44 / float(_MIDDLES[first if lost[first] else -1])


_MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
_APART = np.abs(np.subtract.outer(np.arange(SECTORS), np.arange(SECTORS)))
_APART = np.minimum(_APART, SECTORS - _APART)
_BESIDE = ((_APART <= 1) / 3).astype(np.float32)
"""Each sector averaged with its neighbours."""
_AGAINST_ACROSS = ((_APART <= 2) * 1.0 - (_APART >= SECTORS // 2 - 2)).astype(np.float32)
"""Five sectors against the five across them."""
_HALF = float(np.log(2))
_MIDDLE = ((np.arange(BANDS) >= 2) & (np.arange(BANDS) < 7)).astype(np.float32)
_AND_FALLS = np.hstack([np.eye(BANDS), *(np.eye(BANDS)[:, [f]] - np.eye(BANDS)[:, :f] for f in range(BANDS))])
_AND_FALLS = _AND_FALLS.astype(np.float32)
"""The bands, and each band against every coarser one."""


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side, evenly; neighbours overlap rather than leave a gap of more than a fifth."""
    count = max(1, min(MOST_TILES, round((length - TILE // 6) / TILE)))
    if count == 1:
        return [(length - TILE) // 2]
    return [round(k * (length - TILE) / (count - 1)) for k in range(count)]


@cache
def _bins() -> tuple[NDArray[np.intp], NDArray[np.intp], F32, F32]:
    """Which numbers of a tile's packed spectrum count, by sector and band; where each of those starts among them, how
    many waves it has, and Hann's window.

    OpenCV packs a wave's real and imaginary part side by side (in the first and last column one below the other): the
    sum of their squares is its power.
    """
    row, column = np.mgrid[:TILE, :TILE]
    outer = (column == 0) | (column == TILE - 1)
    y = np.where(outer, (row + 1) // 2, np.where(row < TILE // 2, row, row - TILE)) / TILE
    x = np.where(column == 0, 0, (column + 1) // 2) / TILE
    real = np.where(outer, (row % 2 == 1) | (row == 0), column % 2 == 1)
    band = np.digitize(np.hypot(x, y), EDGES) - 1
    sector = np.rint((np.degrees(np.arctan2(y, x)) % 180) * SECTORS / 180).astype(np.intp) % SECTORS
    counted = ((band >= 0) & (band < BANDS)).ravel()
    place = (sector * BANDS + band).ravel()
    used = np.flatnonzero(counted)
    used = used[np.argsort(place[used], kind="stable")]
    starts = np.searchsorted(place[used], np.arange(SECTORS * BANDS))
    waves = np.bincount(place[counted & real.ravel()], minlength=SECTORS * BANDS)
    hann = np.hanning(TILE + 2)[1:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt(np.square(window).sum())
    return used, starts, waves.astype(np.float32), window.astype(np.float32)
