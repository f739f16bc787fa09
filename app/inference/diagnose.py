"""Photo in, diagnosis out: boxes from the detector, diseases from the classifier, strangeness of the whole photo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from app.common.errors import UserError
from app.common.geometry import Box, iou
from app.common.images import Photo, read_photo
from app.inference.crops import crop_region, cut_square
from app.inference.device import Device, choose_device
from app.inference.diagnosis import TOP, BoxAnswer, Caution, Diagnosis, Lesion, Ranked, UnlikeTraining
from app.inference.models import InstalledModel
from app.inference.pixels import as_input, detector_size, shrunk, stacked
from app.inference.unlike import METHOD, Unlike, read_unlike
from app.inference.weights import load_network

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from app.inference.networks.classifiers import Classifier
    from app.inference.networks.detectors import Detector

FIRST_LOOK = 4
"""A photo is first decoded so that a quarter of its short side fills the classifier's input; for less, once more."""
SHARP_ENOUGH = 0.75
"""Share of the classifier's input that a crop's own pixels must fill before the photo is decoded at a larger scale."""
SAME_LESION = 0.5
"""Boxes of different classes that overlap more are one lesion."""
BATCH = 32


@dataclass(frozen=True, eq=False)
class Found:
    """A detector's box in pixels of the full photo."""

    box: Box
    disease: int
    score: float


class Diagnoser:
    """A detector and a classifier, ready to answer. Answers depend on the arguments alone."""

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        models: tuple[InstalledModel, InstalledModel],
        unlike: Unlike | None,
        device: Device,
    ) -> None:
        self.detector = detector
        self.classifier = classifier
        self.models = {"detector": models[0].manifest, "classifier": models[1].manifest}
        self.pack = models[1].pack()
        self.unlike = unlike
        self.device = device
        self.move_to(device)

    def move_to(self, device: Device) -> None:
        self.detector.to(device.name)
        self.classifier.to(device.name)
        self.unlike = self.unlike and self.unlike.on(device.name)
        self.device = device

    def diagnose(
        self, source: Path | bytes | Photo, boxes: Sequence[Box] = (), min_score: float = 0.5, detect: bool = True
    ) -> Diagnosis:
        """Diagnose one photo.

        Args:
            source: a file, its bytes, or a decoded photo.
            boxes: a person's boxes, pixels of the upright photo; parts outside are clipped.
            min_score: lesions of a lower score are left out.
            detect: False: only answer for ``boxes``, as quickly as possible.

        Raises:
            UserError: ``box_outside``, and those of ``read_photo``.
        """
        import torch

        try:
            return self._diagnose(source, boxes, min_score, detect)
        except torch.OutOfMemoryError:
            if self.device.name == "cpu":
                raise
        self.move_to(Device("cpu", "gpu_memory"))
        torch.cuda.empty_cache()
        answer = self._diagnose(source, boxes, min_score, detect)
        return replace(answer, warnings=(Caution("gpu_out_of_memory"), *answer.warnings))

    def _diagnose(
        self, source: Path | bytes | Photo, boxes: Sequence[Box], min_score: float, detect: bool
    ) -> Diagnosis:
        start = perf_counter()
        look = _Look(source, self.models["detector"].preprocessing.size, self.models["classifier"].preprocessing.size)
        photo = look.photo
        clipped = [_clipped(box, photo) for box in boxes]
        decoded = perf_counter()
        found = self.find(photo, min_score) if detect else []
        detected = perf_counter()
        before = look.seconds
        whole = Box(0, 0, photo.width, photo.height)
        answers, strange = self.classify(look, [*(f.box for f in found), *clipped, whole])
        end = perf_counter()

        lesions = tuple(
            Lesion(n, f.box, f.score, top3, self.models["detector"].classes[f.disease])
            for n, (f, top3) in enumerate(zip(found, answers, strict=False), start=1)
        )
        own = tuple(BoxAnswer(b, a) for b, a in zip(clipped, answers[len(found) :], strict=False))
        chosen = own[0].top3 if len(own) == 1 else lesions[0].top3 if lesions else answers[-1]
        again = look.seconds - before
        return Diagnosis(
            width=photo.width,
            height=photo.height,
            device=self.device.name,
            models={role: manifest.identity() for role, manifest in self.models.items()},
            lesions=lesions,
            boxes=own,
            top3=chosen,
            top3_of="box" if len(own) == 1 else "lesion" if lesions else "photo",
            unlike_training=strange,
            warnings=(*(Caution(code) for code in photo.warnings), *self._disagreements(lesions)),
            timings_ms={
                "decode": 1000 * (decoded - start + again),
                "detect": 1000 * (detected - decoded),
                "classify": 1000 * (end - detected - again),
                "total": 1000 * (end - start),
            },
        )

    def find(self, photo: Photo, min_score: float) -> list[Found]:
        """The detector's lesions, best first: the highest class of each place, in pixels of the full photo."""
        import torch

        manifest = self.models["detector"]
        width, height = detector_size(photo.width, photo.height, manifest.preprocessing)
        pixels = shrunk(photo.pixels, width, height)
        with torch.inference_mode():
            raw = self.detector(as_input(pixels[None], manifest.preprocessing).to(self.device.name))[0]
        kx, ky = photo.width / width, photo.height / height
        rows = zip(raw["boxes"].tolist(), raw["labels"].tolist(), raw["scores"].tolist(), strict=True)
        kept: list[Found] = []
        for (x0, y0, x1, y1), label, score in rows:  # falling by score
            box = Box(x0 * kx, y0 * ky, x1 * kx, y1 * ky).clipped(photo.width, photo.height)
            if score < min_score or box.is_empty or any(iou(box, other.box) > SAME_LESION for other in kept):
                continue
            kept.append(Found(box, label - 1, score))
        return kept

    def classify(self, look: _Look, boxes: Sequence[Box]) -> tuple[list[tuple[Ranked, ...]], UnlikeTraining]:
        """The top 3 of every box, and how strange the last of them, the whole photo, is."""
        import torch

        manifest = self.models["classifier"]
        crops = look.crops(boxes, manifest.preprocessing.margin)
        logits = []
        with torch.inference_mode():
            for start in range(0, len(crops), BATCH):
                x = as_input(stacked(crops[start : start + BATCH]), manifest.preprocessing).to(self.device.name)
                logits.append(self.classifier(x))
            probabilities = (torch.cat(logits).double() / manifest.temperature).softmax(1)
            strange = self._strangeness(x[-1:])
        return [_ranked(manifest.classes, row) for row in probabilities.tolist()], strange

    def _strangeness(self, whole: Tensor) -> UnlikeTraining:
        """Of the whole photo as the classifier's input (1, 3, size, size)."""
        if self.unlike is None:
            return UnlikeTraining(0.0, 0.0, "none")
        score = self.unlike.score(self.classifier.traits(whole))
        return UnlikeTraining(float(score[0]), self.unlike.threshold, METHOD)

    def _disagreements(self, lesions: Sequence[Lesion]) -> list[Caution]:
        return [
            Caution(
                "detector_disagrees",
                {
                    "number": lesion.number,
                    "detector": self.pack.disease(lesion.detector_disease).name,
                    "classifier": self.pack.disease(lesion.disease).name,
                },
            )
            for lesion in lesions
            if lesion.detector_disease != lesion.disease
        ]


class _Look:
    """A photo at the scale that its crops need."""

    def __init__(self, source: Path | bytes | Photo, detector_size: int, classifier_size: int) -> None:
        self.source = source
        self.size = classifier_size
        self.seconds = 0.0
        short = max(detector_size, FIRST_LOOK * classifier_size)
        self.photo = source if isinstance(source, Photo) else self._read(source, short)

    def _read(self, source: Path | bytes, short_side: int | None) -> Photo:
        start = perf_counter()
        photo = read_photo(source, short_side)
        self.seconds += perf_counter() - start
        return photo

    def crops(self, boxes: Sequence[Box], margin: float) -> list[NDArray[np.uint8]]:
        """The squares (size, size, 3) that the classifier sees of ``boxes``."""
        photo = self.photo
        regions = [crop_region(box, margin, photo.width, photo.height) for box in boxes]
        photo = self._sharp_for(min(region.width for region in regions))
        return [cut_square(photo.pixels, region.scaled(photo.scale), self.size) for region in regions]

    def _sharp_for(self, side: float) -> Photo:
        """The photo, decoded once more where ``side`` full-scale pixels would be shown from far fewer."""
        photo = self.photo
        if isinstance(self.source, Photo) or photo.scale >= 1 or side * photo.scale >= SHARP_ENOUGH * self.size:
            return photo
        short = math.ceil(self.size / side * min(photo.width, photo.height))
        return self._read(self.source, short if short < min(photo.width, photo.height) else None)


def load_diagnoser(detector: InstalledModel, classifier: InstalledModel, device: str = "auto") -> Diagnoser:
    """Both models, checked, folded and warmed up.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UserError: ``models_do_not_match``, ``no_cuda``, and those of ``load_network``.
    """
    import torch

    from app.inference.networks.folding import folded

    chosen = choose_device(device)
    a, b = detector.manifest, classifier.manifest
    if (a.pack, a.classes) != (b.pack, b.classes):
        raise UserError("models_do_not_match", detector=a.label, classifier=b.label)
    finder: Any = load_network(detector)[0]
    namer: Any
    namer, statistics = load_network(classifier)
    try:
        unlike = read_unlike(b.unlike, statistics)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("manifest_damaged", model=b.label, reason=str(error)) from error
    example = torch.linspace(-1, 1, 3 * 64 * 64).view(1, 3, 64, 64)
    finder.backbone = folded(finder.backbone, example)
    pooled = torch.linspace(0, 1, finder.channels * 49).view(1, finder.channels, 7, 7)
    finder.roi_heads.box_head = folded(finder.roi_heads.box_head, pooled)
    square = torch.linspace(-1, 1, 3 * b.preprocessing.size**2).view(1, 3, b.preprocessing.size, b.preprocessing.size)
    namer = folded(namer, square)
    for network in (finder, namer):
        network.to(memory_format=torch.channels_last)
    return Diagnoser(finder, namer, (detector, classifier), unlike, chosen)


def check(diagnoser: Diagnoser) -> None:
    """Warm up, and refuse models whose answers are no numbers.

    Raises:
        UserError: ``model_answers_wrong``.
    """
    answer = diagnoser.diagnose(reference_photo(), min_score=0.0)
    values = [r.probability for r in answer.top3] + [lesion.score for lesion in answer.lesions]
    if not all(math.isfinite(v) and 0 <= v <= 1 for v in values):
        raise UserError("model_answers_wrong", model=diagnoser.models["classifier"].label)


def reference_photo() -> Photo:
    """A smooth picture, 640 x 480, always the same."""
    import numpy as np

    y, x = np.mgrid[0:480, 0:640]
    spot = 60 * np.exp(-((x - 320) ** 2 + (y - 240) ** 2) / 6000)
    pixels = np.stack([200 - 0.1 * y, 160 - spot + 0.05 * x, 140 - spot], axis=-1).astype(np.uint8)
    return Photo(np.ascontiguousarray(pixels), 640, 480)


def _clipped(box: Box, photo: Photo) -> Box:
    finite = all(math.isfinite(v) for v in box.as_list())
    part = box.clipped(photo.width, photo.height) if finite else None
    if part is None or part.is_empty:
        given = ",".join(f"{v:g}" for v in box.as_list())
        raise UserError("box_outside", box=given, width=photo.width, height=photo.height)
    return part


def _ranked(classes: Sequence[str], probabilities: Sequence[float]) -> tuple[Ranked, ...]:
    best = sorted(zip(classes, probabilities, strict=True), key=lambda pair: -pair[1])
    return tuple(Ranked(disease, p) for disease, p in best[:TOP])
