"""The table of 11 colour names over RGB, from Stanford's C3 counts of the XKCD colour survey.

    python tools/make_colour_names.py c3_data.json

``c3_data.json`` (github.com/StanfordHCI/c3, data/xkcd; BSD) counts how often each of 153 words was given for a colour;
colours are bins of side 5 in CIE L*a*b* (D65). Kept are the 11 basic colour terms. Each of the 32 x 32 x 32 colours of
the table takes the counts of the bins around it, weighted by a Gaussian of ``SPREAD``, as shares of 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np

from app.common.places import RESOURCES
from app.training.visual_features.colour_names import NAMES, SIDE

SPREAD = 6.0
"""Of the Gaussian, in L*a*b*: a little more than a bin."""


def main() -> None:
    raw = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    bins = np.array(raw["color"], float).reshape(-1, 3)
    words = raw["terms"]
    pairs = np.array(raw["T"], np.int64).reshape(-1, 2)
    counts = np.zeros((len(bins), len(words)))
    np.add.at(counts, (pairs[:, 0] // len(words), pairs[:, 0] % len(words)), pairs[:, 1])
    named = counts[:, [words.index(name) for name in NAMES]]
    step = 256 // SIDE
    middles = np.arange(SIDE) * step + (step - 1) / 2
    rgb = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), -1).reshape(-1, 3)
    lab = cv2.cvtColor((rgb[None] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0].astype(float)
    shares = np.empty((len(lab), len(NAMES)))
    for start in range(0, len(lab), 1024):
        distance = ((lab[start : start + 1024, None] - bins[None]) ** 2).sum(-1)
        near = np.exp(-distance / (2 * SPREAD**2)) @ named
        shares[start : start + 1024] = near / near.sum(1, keepdims=True)
    out = RESOURCES / "colour_names" / "table.npz"
    table = np.round(shares * 255).astype(np.uint8).reshape(SIDE, SIDE, SIDE, len(NAMES))
    np.savez_compressed(out, table=table, names=np.array(NAMES))


if __name__ == "__main__":
    main()
