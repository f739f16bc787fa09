"""Phantom skin photos: invented patients and lesions with known boxes and masks, by two independent renderers."""

from .collection import photos, render
from .frozen import frozen_hash, generator_hash
from .patients import make_patient
from .types import (
    DISEASES,
    DISTANCES,
    Distance,
    Nuisances,
    PhantomLesion,
    PhantomPatient,
    PhantomPhoto,
    Renderer,
)

__all__ = [
    "DISEASES",
    "DISTANCES",
    "Distance",
    "Nuisances",
    "PhantomLesion",
    "PhantomPatient",
    "PhantomPhoto",
    "Renderer",
    "frozen_hash",
    "generator_hash",
    "make_patient",
    "photos",
    "render",
]
