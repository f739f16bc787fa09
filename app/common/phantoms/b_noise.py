"""Renderer B's noise: periodic tiles, made once from a power spectrum or from Voronoi cells, then sampled."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from .grid import Grid
from .types import F, stream

N = 256


@lru_cache(maxsize=64)
def spectral(slope: float, which: int) -> F:
    """Periodic Gaussian noise (N, N) with amplitude ~ frequency ** -slope, mean 0, spread 1."""
    white = stream(777, which, int(slope * 100)).standard_normal((N, N))
    f = np.hypot(np.fft.fftfreq(N)[:, None], np.fft.rfftfreq(N)[None, :])
    f[0, 0] = 1.0
    filtered = np.fft.irfft2(np.fft.rfft2(white) * f ** (-slope) * (f > 1.5 / N), s=(N, N))
    return np.asarray(filtered / filtered.std(), np.float32)


@lru_cache(maxsize=8)
def cells(count: int, which: int) -> tuple[F, F]:
    """Periodic Voronoi cells: (distance to the border over the mean cell size, a value per cell), (N, N)."""
    rng = stream(778, which, count)
    n, scale = N, 2
    side = math.ceil(math.sqrt(count))
    gx, gy = np.meshgrid(np.arange(side), np.arange(side))
    pts = (np.stack([gx + 0.5 * (gy % 2), gy], -1).reshape(-1, 2) + rng.uniform(-0.38, 0.38, (side * side, 2))) / side
    value = rng.random(len(pts)).astype(np.float32)
    big = np.full((n * scale * 2, n * scale * 2), 255, np.uint8)
    owner = np.zeros(big.shape, np.int32)
    for ty in (-1, 0, 1):
        for tx in (-1, 0, 1):
            at = np.floor((pts + np.array([tx + 0.5, ty + 0.5])) * n * scale).astype(int)
            ok = ((at >= 0) & (at < big.shape[0])).all(1)
            big[at[ok, 1], at[ok, 0]] = 0
            owner[at[ok, 1], at[ok, 0]] = np.flatnonzero(ok)
    _, labels = cv2.distanceTransformWithLabels(big, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    sites = np.zeros(int(labels.max()) + 1, np.int32)
    sites[labels[big == 0]] = owner[big == 0]
    border = (labels[1:, 1:] == labels[:-1, 1:]) & (labels[1:, 1:] == labels[1:, :-1])
    inner = np.ones(big.shape, np.uint8)
    inner[1:, 1:] = border
    dist = cv2.distanceTransform(inner, cv2.DIST_L2, 5) / (n * scale / side)
    crop = slice(n * scale // 2, n * scale // 2 + n * scale)
    area = cv2.resize(np.asarray(dist[crop, crop], np.float32), (n, n), interpolation=cv2.INTER_AREA)
    values = value[sites[labels[crop, crop]]]
    return np.asarray(area, np.float32), np.asarray(values[::scale, ::scale], np.float32)


def sample(
    tile: F, grid: Grid, tile_cm: float, seed: int, turn: float = 0.0, stretch: float = 1.0, coarse: int = 1
) -> F:
    """The tile laid over the window, one period = tile_cm (times `stretch` along `turn`); the seed shifts it.

    Worked out for blocks of `coarse` pixels or more and interpolated, where the tile is smooth enough for that.
    """
    shift = stream(seed, 500).random(2)
    n = tile.shape[0]
    per_px = n / (tile_cm * grid.per_cm)
    if per_px > n / 3:
        return np.full((grid.h, grid.w), np.float32(tile.mean()), np.float32)
    k = max(coarse, min(6, int(0.6 / per_px)))
    source = tile
    if per_px * k > 1.0:  # finer than the blocks: average first, or it would shimmer
        m = max(4, int(n / (per_px * k)))
        source = np.asarray(cv2.resize(tile, (m, m), interpolation=cv2.INTER_AREA), np.float32)
        n = m
    a = grid.matrix(n / tile_cm, float(k))
    c, s = math.cos(turn), math.sin(turn)
    rot = np.array([[c / stretch, s / stretch], [-s, c]], np.float32)
    a = (rot @ a).astype(np.float32)
    a[:, 2] += (shift * n).astype(np.float32)
    w, h = -(-grid.w // k), -(-grid.h // k)
    out = cv2.warpAffine(source, a, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_WRAP)
    if k > 1:
        out = cv2.resize(out, (w * k, h * k), interpolation=cv2.INTER_LINEAR)[: grid.h, : grid.w]
    return np.asarray(out, np.float32)


def cloud(grid: Grid, size_cm: float, seed: int, slope: float = 1.6) -> F:
    """Spectral noise whose coarse structure has about `size_cm`, spread 1 (h, w)."""
    tile = spectral(slope, seed % 4)
    return sample(tile, grid, size_cm * 5, seed, turn=(seed % 628) / 100, coarse=1 if slope < 1.1 else 2)
