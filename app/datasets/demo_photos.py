"""The photos of a demo workspace: which phantoms, drawn by one or two processes, and the faults planted beside them.

A worker draws, writes the JPEG and gives back facts only. The planted faults are made from finished photos, so their
pictures never take part in a frozen dataset as something of their own.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.common.phantoms import Distance, PhantomPatient, Renderer

SOFTWARE = "Squama phantom (synthetic)"
QUALITY = 92
LANDSCAPE, PORTRAIT = (800, 600), (600, 800)
SHARE_OF_A = 0.7
IN_THIS_PROCESS = 48
"""Up to so many photos a second process costs more than it saves."""

FIRST_SPOILT = 13
"""Where planting begins: in the small demo with psoriasis; the copy, without boxes, is the photo that lies open."""

Fault = Literal[
    "exact_duplicate", "blur", "dark", "bright", "near_duplicate", "tiny",
    "motion_blur", "turned", "mirrored", "cropped", "black_border", "caption",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo to be drawn. ``visit`` 1 is a later one of the same patient."""

    renderer: Renderer
    index: int
    distance: Distance
    visit: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width, height."""
        return PORTRAIT if self.index % 4 == 3 else LANDSCAPE


@dataclass(frozen=True, slots=True)
class Drawn:
    """A photo on disk; ``path`` is relative to the media folder, boxes are (x0, y0, x1, y1, lesion) in pixels."""

    shot: Shot
    patient: PhantomPatient
    path: str
    sha256: str
    size: tuple[int, int]
    disease: str
    boxes: tuple[tuple[float, float, float, float, str], ...]
    nuisances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """A faulty photo made from ``of``."""

    fault: Fault
    of: Drawn
    path: str
    sha256: str
    size: tuple[int, int]


def planned_faults(photos: int) -> int:
    """How many of ``photos`` are planted faults."""
    if photos < 30:
        return 0 if photos < 12 else 3
    return min(len(FAULTS), photos // 4) if photos < 480 else min(60, photos // 40)


def shots(photos: int) -> tuple[Shot, ...]:
    """Which photos to draw for a demo of ``photos`` in all: about 70 % by renderer A, the rest by B."""
    clean = photos - planned_faults(photos)
    of_b = round(clean * (1 - SHARE_OF_A))
    return (*_of_renderer("A", clean - of_b), *_of_renderer("B", of_b))


def draw(wanted: Sequence[Shot], seed: int, media: Path, processes: int) -> Generator[Drawn, None, None]:
    """Draw and write the photos, in their order."""
    jobs = [(shot, seed, media) for shot in wanted]
    if processes < 2 or len(jobs) <= IN_THIS_PROCESS:
        yield from map(_draw_one, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_prepare_worker) as pool:
        yield from pool.map(_draw_one, jobs, chunksize=8)


def plant(drawn: Sequence[Drawn], count: int, seed: int, media: Path) -> Iterator[Planted]:
    """``count`` faulty photos, of every kind in turn, made from photos spread over the whole collection."""
    for n in range(count):
        of = drawn[(n * len(drawn) // count + FIRST_SPOILT) % len(drawn)]
        fault = FAULTS[n % len(FAULTS)]
        data = _faulty(fault, media / of.path, seed + n)
        path = f"phantoms/more/IMG_{n:06d}.jpg"
        width, height = _write(media / path, data)
        yield Planted(fault, of, path, hashlib.sha256(data).hexdigest(), (width, height))


def _of_renderer(renderer: Renderer, photos: int) -> tuple[Shot, ...]:
    """Three distances a patient; small collections have fewer, so that there are patients enough to split.

    Every third patient is seen a second time for the near photo.
    """
    distances: tuple[Distance, ...] = ("far", "mid", "near")
    patients = min(photos, max(5, -(-photos // 3)))
    if not patients:
        return ()
    each, more = divmod(photos, patients)
    found = []
    for index in range(patients):
        number = each + (index < more)
        for k in range(number):
            distance = distances[(index + k) % 3] if number < 3 else distances[k]
            found.append(Shot(renderer, index, distance, visit=int(k == 2 and index % 3 == 0)))
    return tuple(found)


def _prepare_worker() -> None:
    """One thread each; Ctrl+C is for the parent, which stops its workers itself."""
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _draw_one(job: tuple[Shot, int, Path]) -> Drawn:
    from dataclasses import asdict

    from app.common.images import encode_jpeg
    from app.common.phantoms import render

    shot, seed, media = job
    photo = render(seed, shot.index, shot.renderer, shot.distance, shot.size)
    data = encode_jpeg(photo.pixels, QUALITY, SOFTWARE)
    path = f"phantoms/{shot.renderer}/{photo.name}.jpg"
    file = media / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return Drawn(
        shot=shot,
        patient=photo.patient,
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size=(int(photo.pixels.shape[1]), int(photo.pixels.shape[0])),
        disease=photo.patient.disease,
        boxes=tuple((*lesion.box, lesion.lesion) for lesion in photo.lesions),
        nuisances=tuple(name for name, there in asdict(photo.nuisances).items() if there),
    )


def _faulty(fault: Fault, source: Path, seed: int) -> bytes:
    """The bytes of the faulty photo."""
    data = source.read_bytes()
    if fault == "exact_duplicate":
        return data
    from app.common.images import encode_jpeg, read_photo

    quality = 70 if fault == "near_duplicate" else QUALITY
    return encode_jpeg(_spoilt(fault, read_photo(data).pixels, seed), quality, SOFTWARE)


def _spoilt(fault: Fault, pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    if fault == "blur":
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 6.0 + seed % 4), np.uint8)
    if fault == "motion_blur":
        length = 25 + seed % 10
        return np.asarray(cv2.blur(pixels, (length, 1) if seed % 2 else (1, length)), np.uint8)
    if fault == "dark":
        return np.asarray(pixels * np.float32(0.12), np.uint8)
    if fault == "bright":
        return np.asarray(np.clip(pixels.astype(np.float32) * 1.9 + 110, 0, 255), np.uint8)
    if fault == "turned":
        return np.ascontiguousarray(np.rot90(pixels))
    if fault == "mirrored":
        return np.ascontiguousarray(pixels[:, ::-1])
    if fault == "cropped":
        return np.ascontiguousarray(pixels[height // 8 : height - height // 10, width // 10 : width - width // 7])
    if fault == "black_border":
        edge = height // 9
        return np.asarray(cv2.copyMakeBorder(pixels, edge, edge, 0, 0, cv2.BORDER_CONSTANT), np.uint8)
    if fault == "caption":
        return _with_caption(pixels)
    shrink = 0.1 if fault == "tiny" else 0.8
    size = (round(width * shrink), round(height * shrink))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _with_caption(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A date and a number in a corner, as a camera burns them in."""
    import cv2

    written = pixels.copy()
    place = (round(0.04 * pixels.shape[1]), round(0.95 * pixels.shape[0]))
    for colour, thick in (((20, 20, 20), 5), ((250, 240, 120), 2)):
        cv2.putText(written, "2024-03-11 No.0427", place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, colour, thick, cv2.LINE_AA)
    return written


def _write(file: Path, data: bytes) -> tuple[int, int]:
    from app.common.images import photo_size

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return photo_size(data)


Progress = Callable[[int, int], None]
"""Called with (photos done, photos in all)."""
