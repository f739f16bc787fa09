"""Which lesions a patient has, where and of which form; what the camera sees. Shared by both renderers.

Body frame in cm: x along the body part, y across, (0, 0) its middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .textbook import Traits, patient_traits
from .types import Distance, F, PhantomPatient

Form = Literal["plaque", "diffuse", "papules", "disc", "malar", "digitate"]


@dataclass(frozen=True)
class PlannedLesion:
    """Centre and semi-axes in cm of the body frame, turn in radians; the seed makes its outline and texture."""

    name: str
    centre: tuple[float, float]
    semi: tuple[float, float]
    turn: float
    form: Form
    traits: Traits
    seed: int

    @property
    def reach(self) -> float:
        """Radius in cm around the centre beyond which nothing of the lesion is drawn."""
        return max(self.semi) * (1.75 if self.form == "diffuse" else 1.45) + 0.15


@dataclass(frozen=True)
class Body:
    """A body part: kind, half its width in cm, taper per cm, curvature of the edge."""

    kind: Literal["limb", "trunk", "oval", "hand"]
    half: float
    taper: float


@dataclass(frozen=True)
class Camera:
    """Pixels = per_cm * R(turn) * (body - centre) + size / 2."""

    centre: tuple[float, float]
    per_cm: float
    turn: float
    size: tuple[int, int]

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        c, s = math.cos(self.turn), math.sin(self.turn)
        dx, dy = x - self.centre[0], y - self.centre[1]
        return self.per_cm * (c * dx - s * dy) + self.size[0] / 2, self.per_cm * (s * dx + c * dy) + self.size[1] / 2

    def body_grid(self, step: int) -> tuple[F, F]:
        """Body coordinates (x, y), cm, at the centres of step x step blocks, two (H/step, W/step) arrays."""
        px = (np.arange(-(-self.size[0] // step), dtype=np.float32) + 0.5) * step - self.size[0] / 2
        py = (np.arange(-(-self.size[1] // step), dtype=np.float32) + 0.5) * step - self.size[1] / 2
        gx, gy = np.meshgrid(px.astype(np.float32) / self.per_cm, py.astype(np.float32) / self.per_cm)
        c, s = np.float32(math.cos(self.turn)), np.float32(math.sin(self.turn))
        return gx * c + gy * s + np.float32(self.centre[0]), gy * c - gx * s + np.float32(self.centre[1])


def make_body(site: str, rng: np.random.Generator) -> Body:
    """The body part of a site with the sizes of an adult in round numbers."""
    j = float(rng.uniform(0.85, 1.15))
    if site in ("trunk", "back"):
        return Body("trunk", 16 * j, float(rng.uniform(-0.05, 0.05)))
    if site in ("face", "scalp_edge"):
        return Body("oval", 8.5 * j, 0.0)
    if site == "hand":
        return Body("hand", 4.6 * j, 0.0)
    half = {"forearm": 4.3, "lower_leg": 5.8, "elbow": 5.0, "knee": 6.5, "wrist": 3.6, "neck": 6.0}[site]
    return Body("limb", half * j, float(rng.uniform(0.0, 0.05)))


def body_depth(body: Body, x: F, y: F) -> F:
    """Distance in cm from the edge of the body part, positive on skin; same shape as x."""
    if body.kind == "oval":
        r = np.sqrt((x / (body.half * 1.3)) ** 2 + (y / body.half) ** 2)
        return np.asarray((1 - r) * body.half, np.float32)
    if body.kind == "hand":
        qx, qy = np.abs(x) - body.half * 0.75, np.abs(y) - body.half * 0.65
        depth = -np.sqrt(np.maximum(qx, 0) ** 2 + np.maximum(qy, 0) ** 2) + body.half * 0.3
        for k in range(4):
            fy = (k - 1.5) * body.half * 0.45
            length = body.half * (1.9 + (0.25, 0.5, 0.4, 0.0)[k])
            t = np.clip(x, body.half * 0.5, length)
            depth = np.maximum(depth, body.half * 0.2 - np.hypot(x - t, y - fy * (1 + 0.04 * t)))
        t = np.clip(x, -body.half * 2.5, 0)
        return np.asarray(np.maximum(depth, body.half * 0.7 - np.hypot(x - t, y)), np.float32)
    return np.asarray(body.half * (1 + body.taper * x / 5) - np.abs(y), np.float32)


def _form(patient: PhantomPatient, rng: np.random.Generator) -> tuple[Form, int, tuple[float, float], float]:
    """Form, number of lesions, semi-axis range in cm, longest aspect."""
    d = patient.disease
    if d == "psoriasis":
        return "plaque", int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.25, 0.2, 0.2, 0.15, 0.1, 0.1])), (1.0, 4.2), 1.9
    if d == "eczema":
        return "diffuse", int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2])), (1.5, 4.5), 2.0
    if d == "lichen_planus":
        return "papules", int(rng.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1])), (1.2, 3.6), 1.8
    if d == "lupus_erythematosus":
        if patient.site == "face" and rng.random() < 0.45:
            return "malar", 1, (5.0, 6.6), 2.3
        return "disc", int(rng.choice([1, 2, 3, 4, 5], p=[0.35, 0.25, 0.2, 0.1, 0.1])), (0.9, 2.8), 1.5
    return "digitate", int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.1, 0.15, 0.2, 0.2, 0.2, 0.15])), (1.8, 4.2), 3.2


def _jitter(t: Traits, rng: np.random.Generator) -> Traits:
    """Lesions of one patient resemble each other, but are not alike."""
    k = rng.uniform(0.8, 1.2, 8)
    return replace(
        t,
        strength=float(min(1.0, t.strength * k[0])),
        redness=float(min(1.0, t.redness * k[1])),
        scale=float(min(1.0, t.scale * k[2])),
        crust=float(min(1.0, t.crust * k[3])),
        papules=float(min(1.0, t.papules * k[4])),
        atrophy=float(min(1.0, t.atrophy * k[5])),
        flake_cm=float(t.flake_cm * k[6]),
        brown=float(min(1.0, t.brown * k[7])),
    )


def plan_lesions(patient: PhantomPatient, body: Body, rng: np.random.Generator) -> tuple[PlannedLesion, ...]:
    """The lesions of a patient on the body part, the main one first; they do not overlap."""
    form, count, (low, high), aspect = _form(patient, rng)
    traits = patient_traits(patient.disease, patient.duration_months, rng)
    base_turn = float(rng.uniform(0, math.pi)) if form != "digitate" else float(rng.normal(0.5, 0.25))
    done: list[PlannedLesion] = []
    for k in range(count):
        a = float(low * (high / low) ** rng.random()) * (1.0 if k == 0 else float(rng.uniform(0.4, 1.0)))
        stretch = float(rng.uniform(1.8 if form in ("digitate", "malar") else 1.0, aspect))
        b = a / stretch
        limit = body.half * (0.75 if form == "malar" else 0.85)
        if form not in ("digitate", "malar") and a > limit:
            a, b = limit, b * limit / a
        seed = int(rng.integers(2**31))
        turn = float(rng.uniform(0, math.pi))
        if form == "digitate":
            turn = base_turn + float(rng.normal(0, 0.12))  # along the lines of cleavage: nearly parallel
        if form == "malar":
            turn = math.pi / 2  # across the face
        spread = 0.0 if form == "malar" else min(2.5 + 1.6 * count, 11.0)
        for _ in range(30):
            x = float(rng.normal(0, spread * 0.6)) if k else float(rng.normal(0, 1.0 if form != "malar" else 0.2))
            y = float(rng.uniform(-1, 1)) * max(0.0, min(body.half - b * 0.9, spread)) * (1 if k else 0.5)
            if form == "malar":
                y = 0.0
            if all(
                math.hypot(x - o.centre[0], y - o.centre[1])
                > 0.62 * (math.sqrt(a * b) + math.sqrt(o.semi[0] * o.semi[1])) * 1.75
                for o in done
            ):
                t = _jitter(traits, rng)
                done.append(PlannedLesion(f"{patient.code}-L{k + 1}", (x, y), (a, b), turn, form, t, seed))
                break
    return tuple(done)


def make_camera(
    lesions: tuple[PlannedLesion, ...], distance: Distance, size: tuple[int, int], rng: np.random.Generator
) -> Camera:
    """Where the photographer stands: all lesions (far), the main one (mid), or it fills the frame (near)."""
    main = lesions[0]
    extent = 2.1 * math.sqrt(main.semi[0] * (main.semi[0] * 0.5 + main.semi[1] * 0.5))
    short = min(size)
    if distance == "far":
        xs = np.array([p.centre for p in lesions])
        cx, cy = (xs.max(0) + xs.min(0)) / 2
        need = float((xs.max(0) - xs.min(0)).max()) + extent
        width = float(np.clip(max(need * rng.uniform(1.15, 1.6), extent * rng.uniform(2.2, 4.0)), 12, 42))
        off = 0.08
    elif distance == "mid":
        cx, cy, width, off = *main.centre, max(4.0, extent * float(rng.uniform(1.5, 2.4))), 0.12
    else:
        cx, cy, width, off = *main.centre, max(2.2, extent * float(rng.uniform(0.62, 1.35))), 0.07
    dx, dy = rng.uniform(-off, off, 2) * width
    portrait = 0.0 if size[0] >= size[1] else math.pi / 2
    turn = portrait + float(rng.normal(0, 0.35)) + (math.pi if rng.random() < 0.5 else 0.0)
    return Camera((float(cx + dx), float(cy + dy)), short / width, turn, size)
