"""Textbook facts: who gets which disease, where, and how the lesions look. Shared by both renderers.

Source: the clinical chapters of common dermatology textbooks, in round numbers; traits are drawn wide so that colour
overlaps between the diseases and morphology (border, texture, arrangement) carries the diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Facts:
    """Age as mean and spread in years, share of women, months of duration (median), weights of the body sites."""

    age: tuple[float, float]
    female: float
    months: float
    sites: dict[str, float]


FACTS: dict[str, Facts] = {
    "lichen_planus": Facts(
        (47, 13), 0.55, 8, {"wrist": 4, "forearm": 3, "lower_leg": 3, "back": 1.5, "trunk": 1, "hand": 0.8}
    ),
    "parapsoriasis": Facts((53, 13), 0.35, 60, {"trunk": 5, "back": 3, "forearm": 1, "lower_leg": 1, "knee": 0.4}),
    "lupus_erythematosus": Facts(
        (38, 12), 0.80, 24, {"face": 6, "scalp_edge": 1.5, "neck": 1.2, "hand": 1, "forearm": 0.8, "back": 0.8}
    ),
    "eczema": Facts(
        (36, 20),
        0.52,
        10,
        {"forearm": 3, "lower_leg": 3, "hand": 2.5, "elbow": 2, "knee": 2, "neck": 1.2, "trunk": 1, "face": 1},
    ),
    "psoriasis": Facts(
        (42, 16),
        0.46,
        60,
        {
            "elbow": 3.5,
            "knee": 3.5,
            "trunk": 2,
            "back": 2,
            "lower_leg": 2.5,
            "scalp_edge": 1.5,
            "hand": 1,
            "forearm": 1,
        },
    ),
}

SKIN_TYPE_WEIGHTS = np.array([0.07, 0.17, 0.33, 0.26, 0.10, 0.07])


@dataclass(frozen=True)
class Traits:
    """How a lesion looks, 0..1 where no unit is named. Each renderer draws them in its own way.

    Colours are strengths; `soft` is half the width of the border over the smaller semi-axis; sizes are in cm.
    """

    strength: float = 0.8
    redness: float = 0.5
    violet: float = 0.1
    brown: float = 0.1
    yellow: float = 0.1
    soft: float = 0.05
    ragged: float = 0.3
    scale: float = 0.0
    flake_cm: float = 0.15
    crust: float = 0.0
    ooze: float = 0.0
    papules: float = 0.0
    papule_cm: float = 0.2
    vesicles: float = 0.0
    scratches: float = 0.0
    lichenified: float = 0.0
    shine: float = 0.2
    wickham: float = 0.0
    confluence: float = 0.0
    atrophy: float = 0.0
    rim: float = 0.0
    plugs: float = 0.0
    vessels: float = 0.0
    wrinkle: float = 0.0


def _u(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _often(rng: np.random.Generator, share: float, low: float, high: float) -> float:
    """A trait that only a share of the patients shows."""
    value = _u(rng, low, high)
    return value if rng.random() < share else 0.0


def patient_traits(disease: str, months: int, rng: np.random.Generator) -> Traits:
    """The traits common to all lesions of one patient."""
    if disease == "psoriasis":
        return Traits(
            strength=_u(rng, 0.5, 1.0), redness=_u(rng, 0.3, 1.0), violet=_u(rng, 0, 0.6), brown=_u(rng, 0, 0.4),
            yellow=_u(rng, 0, 0.35), soft=_u(rng, 0.02, 0.09), ragged=_u(rng, 0.1, 0.5), scale=_u(rng, 0.15, 1.0),
            flake_cm=_u(rng, 0.06, 0.45), shine=_u(rng, 0.05, 0.6), lichenified=_often(rng, 0.25, 0.1, 0.4),
        )  # fmt: skip
    if disease == "eczema":
        chronic = months > 8
        dry = _often(rng, 0.6, 0.05, 0.45)
        return Traits(
            strength=_u(rng, 0.5, 1.0), redness=_u(rng, 0.3, 0.95), violet=_u(rng, 0, 0.5), brown=_u(rng, 0, 0.5),
            yellow=_u(rng, 0, 0.4), soft=_u(rng, 0.22, 0.6), ragged=_u(rng, 0.25, 0.8), scale=dry,
            flake_cm=_u(rng, 0.04, 0.2), crust=_often(rng, 0.5, 0.1, 0.65), ooze=_often(rng, 0.4, 0.2, 0.9),
            papules=_u(rng, 0.2, 1.0), papule_cm=_u(rng, 0.08, 0.22),
            vesicles=_often(rng, 0.2 if chronic else 0.55, 0.2, 0.9),
            scratches=_often(rng, 0.5, 0.15, 0.9), lichenified=_often(rng, 0.7 if chronic else 0.15, 0.2, 1.0),
            shine=_u(rng, 0.1, 0.7),
        )  # fmt: skip
    if disease == "lichen_planus":
        return Traits(
            strength=_u(rng, 0.5, 1.0), redness=_u(rng, 0.2, 0.95), violet=_u(rng, 0.1, 0.85),
            brown=_u(rng, 0, 0.55), yellow=_u(rng, 0, 0.25), soft=_u(rng, 0.03, 0.08), ragged=_u(rng, 0.2, 0.6),
            scale=_often(rng, 0.4, 0.05, 0.35),
            flake_cm=_u(rng, 0.04, 0.15), papules=_u(rng, 0.4, 1.0), papule_cm=_u(rng, 0.18, 0.6),
            shine=_u(rng, 0.25, 1.0),
            wickham=_u(rng, 0.15, 1.0), confluence=_u(rng, 0.0, 1.0), scratches=_often(rng, 0.1, 0.1, 0.3),
        )  # fmt: skip
    if disease == "lupus_erythematosus":
        return Traits(
            strength=_u(rng, 0.5, 1.0), redness=_u(rng, 0.3, 0.95), violet=_u(rng, 0, 0.6), brown=_u(rng, 0, 0.5),
            yellow=_u(rng, 0, 0.3), soft=_u(rng, 0.04, 0.15), ragged=_u(rng, 0.15, 0.5), scale=_u(rng, 0.05, 0.6),
            flake_cm=_u(rng, 0.06, 0.3), atrophy=_u(rng, 0.35, 1.0), rim=_u(rng, 0.3, 1.0), plugs=_u(rng, 0.15, 1.0),
            vessels=_u(rng, 0.1, 1.0), shine=_u(rng, 0.05, 0.5),
        )  # fmt: skip
    return Traits(
        strength=_u(rng, 0.45, 0.95), redness=_u(rng, 0.2, 0.85), violet=_u(rng, 0, 0.35), brown=_u(rng, 0, 0.5),
        yellow=_u(rng, 0, 0.55), soft=_u(rng, 0.08, 0.28), ragged=_u(rng, 0.05, 0.35), scale=_u(rng, 0.1, 0.5),
        flake_cm=_u(rng, 0.03, 0.1), wrinkle=_u(rng, 0.3, 1.0), shine=_u(rng, 0.05, 0.4),
    )  # fmt: skip
