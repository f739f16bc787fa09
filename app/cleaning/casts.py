"""Light of a wrong colour: a cast is what sets a photo apart from its collection.

The ring light of one dermatoscope tints every photo of a clinic, and is no fault of any of them. So the mean light that
part ``exposure`` measured is held against the collection's median; in a small collection, or one that is all far off,
against the colours of healthy photos.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.cleaning.comparing import Context
from app.cleaning.examining import Examined
from app.cleaning.findings import Finding
from app.common.words import catalogue

CHECK = "colour_cast"
HUES = {
    "red": "hue.red",
    "yellow": "hue.yellow",
    "green": "hue.green",
    "cyan": "hue.cyan",
    "blue": "hue.blue",
    "magenta": "hue.magenta",
}
_HALF = 3.3
"""Distance at which the score is 0.5."""
_FEW = 20
"""In a collection of so many photos its own colour and that of healthy photos weigh the same."""
_FURTHEST = 3.0
"""No collection's own colour is further from healthy photos'."""

# Median, and root of the inverse covariance, of (log red : green, log blue : green) in linear light over 163 healthy
# development photos (dermoscopy, clinical, phantoms of all skin types).
_HEALTHY = np.array([0.367, -0.179])
_ROOT = np.array([[3.78, 1.14], [0.0, 4.47]])
_BROWN = 0.55  # dark skin and lesions lie towards red and away from blue: what lies there counts so much only
_ALONE, _MISSING = ("red", "green", "blue"), ("cyan", "magenta", "yellow")

F64 = NDArray[np.float64]


def find(photos: Sequence[Examined], context: Context) -> Mapping[int, Sequence[Finding]]:
    """Photo id -> its finding."""
    measured = {e.photo.id: e.found["exposure"].measured for e in photos if "exposure" in e.found}
    lights = {photo: known["colour"] for photo, known in measured.items() if "colour" in known}
    if not lights:
        return {}
    colours = np.array(list(lights.values()), np.float64)
    off = colours - usual(colours)
    scores = 1 - 1 / (1 + (distance(off) / _HALF) ** 2)
    words = catalogue()
    return {
        photo: [Finding(CHECK, float(score), "check.colour_cast.why", {"hue": words[HUES[hue(*apart)]]})]
        for photo, score, apart in zip(lights, scores, off.tolist(), strict=True)
    }


def usual(colours: F64) -> F64:
    """The colour that the photos of a collection have, N x 2 -> 2."""
    weight = len(colours) / (len(colours) + _FEW)
    off = weight * (np.median(colours, axis=0) - _HEALTHY)
    far = float(np.linalg.norm(_ROOT @ off))
    return np.asarray(_HEALTHY + off * min(1.0, _FURTHEST / max(far, 1e-9)), np.float64)


def distance(off: F64) -> F64:
    """Of colours that lie ``off`` (N x 2) the usual one, in widths of the spread of healthy photos' (Mahalanobis)."""
    brown = np.maximum(0.0, (off[:, 0] - off[:, 1]) / 2) * (1 - _BROWN)
    away = (off + np.stack([-brown, brown], axis=1)) @ _ROOT.T
    return np.asarray(np.hypot(away[:, 0], away[:, 1]), np.float64)


def hue(reddish: float, bluish: float) -> str:
    """Towards which of HUES."""
    mean = (reddish + bluish) / 3
    strengths = (reddish - mean, -mean, bluish - mean)  # red, green, blue against their mean
    strongest, weakest = max(strengths), min(strengths)
    single = strongest > -weakest  # one channel stands out, else one is missing
    return _ALONE[strengths.index(strongest)] if single else _MISSING[strengths.index(weakest)]
