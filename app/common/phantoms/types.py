"""Types of the phantom photos: patients, lesions, photos, nuisances.

Pixel frame: the upright image, origin top left, x right, y down. Body frame: cm on the skin, x along the body part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

Renderer = Literal["A", "B"]
Distance = Literal["far", "mid", "near"]
Sex = Literal["female", "male"]
F = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

DISEASES: tuple[str, ...] = ("lichen_planus", "parapsoriasis", "lupus_erythematosus", "eczema", "psoriasis")
DISTANCES: tuple[Distance, ...] = ("far", "mid", "near")


@dataclass(frozen=True)
class Nuisances:
    """What disturbs a clinical photo; each can be asked for by itself."""

    hair: bool = False
    ruler: bool = False
    pen_mark: bool = False
    watermark: bool = False
    clothing: bool = False
    blur: bool = False

    ALL: ClassVar[Nuisances]
    NONE: ClassVar[Nuisances]

    @staticmethod
    def mild(rng: np.random.Generator) -> Nuisances:
        """A mixture as a clinic's archive shows it: most photos have none or one nuisance."""
        p = rng.random(6)
        return Nuisances(
            hair=bool(p[0] < 0.30),
            ruler=bool(p[1] < 0.04),
            pen_mark=bool(p[2] < 0.04),
            watermark=bool(p[3] < 0.15),
            clothing=bool(p[4] < 0.08),
            blur=bool(p[5] < 0.06),
        )


Nuisances.ALL = Nuisances(True, True, True, True, True, True)
Nuisances.NONE = Nuisances()


@dataclass(frozen=True)
class PhantomPatient:
    """One invented patient with one disease; texts in English and Chinese."""

    code: str
    disease: str
    age: int
    sex: Sex
    site: str
    duration_months: int
    history: str
    history_zh: str
    pathology: str
    pathology_zh: str
    centre: str
    skin_type: int


@dataclass(frozen=True)
class PhantomLesion:
    """A lesion seen in a photo: tight box (x0, y0, x1, y1) in pixels; `lesion` is the same at every distance."""

    box: tuple[float, float, float, float]
    disease: str
    lesion: str


@dataclass(frozen=True)
class PhantomPhoto:
    """Pixels (H, W, 3) uint8 RGB; mask (H, W) uint8, 0 = none, k = lesions[k - 1]."""

    pixels: U8
    mask: U8
    lesions: tuple[PhantomLesion, ...]
    patient: PhantomPatient
    distance: Distance
    renderer: Renderer
    nuisances: Nuisances
    name: str


def stream(*key: int) -> np.random.Generator:
    """A generator that depends on the key alone: the same on every machine, in every order and process."""
    return np.random.default_rng(np.random.SeedSequence(entropy=20240607, spawn_key=tuple(int(k) for k in key)))
