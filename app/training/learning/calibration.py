"""Temperature of a classifier's answers, fitted on the validation part (Guo et al., ICML 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def softmax(logits: Floats) -> NDArray[np.float64]:
    """(N, classes) to probabilities, in double precision."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    raised = np.exp(shifted)
    return np.asarray(raised / raised.sum(1, keepdims=True))


def best_temperature(logits: Floats, truth: NDArray[np.integer], low: float = 1e-3, high: float = 1e3) -> float:
    """The divisor of the logits (N, classes) with the least negative log likelihood, by golden section."""

    def cost(log_t: float) -> float:
        p = softmax(logits / np.exp(log_t))
        return float(-np.log(np.maximum(p[np.arange(len(truth)), truth], 1e-12)).mean())

    a, b, golden = float(np.log(low)), float(np.log(high)), (5**0.5 - 1) / 2
    for _ in range(60):
        c, d = b - golden * (b - a), a + golden * (b - a)
        a, b = (a, d) if cost(c) < cost(d) else (c, b)
    return float(np.exp((a + b) / 2))
