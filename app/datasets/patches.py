"""Which boxes become patches: N per disease, drawn so that no patient and no photo dominates. Nothing is decoded here.

After the thesis (900 patches for each of five diseases, split by patient); what it leaves open is chosen here and
written into ``patches.csv``. Patients take turns: in the first round each gives one patch, in the second another, until
there are N or no more boxes; the same holds for a patient's photos among themselves. All orders are those of a hash of
the seed and the name, so that the same boxes and seed give the same patches on any machine.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.document import UNLABELLED
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.packs import DEFAULT_PACK, OTHER, Pack
from app.datasets.images import resolved
from app.datasets.layers import COMMON
from app.datasets.vocabulary import pack_in
from db.tables import Annotation, Case, Image, Patient

Padding = Literal["none", "square"]
Encoding = Literal["png", "jpg"]
LeftOut = Literal["unlabelled", "other", "unknown_label", "no_area", "too_small"]
PADDINGS: tuple[Padding, ...] = get_args(Padding)
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
LEFT_OUT: tuple[LeftOut, ...] = get_args(LeftOut)
T = TypeVar("T")
_LONGEST = 48  # four bytes each, and a file name has 255
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}  # on Windows


@dataclass(frozen=True, slots=True)
class PatchOptions:
    """What is wanted.

    Attributes:
        per_disease: how many patches of each.
        margin: share of a box's width and height that is added on each side; the photo's edge ends it.
        seed: of the draw.
        min_size: of a box's shorter side, photo pixels; smaller ones are left out.
        padding: "square" fills the patch up to a square with neutral grey (nothing is stretched); "none" leaves it.
        encoding: "png" keeps the photo's pixels exactly, "jpg" is some eight times smaller.
    """

    per_disease: int
    margin: float = 0.0
    seed: int = 0
    min_size: float = 1.0
    padding: Padding = "none"
    encoding: Encoding = "png"

    def __post_init__(self) -> None:
        if self.per_disease < 1 or not 0 <= self.margin <= 10 or self.seed < 0 or not 0 <= self.min_size < 1e6:
            raise UserError("bad_patch_options")


@dataclass(frozen=True, slots=True)
class Patch:
    """One box that becomes a patch; ``name`` is its file below the folder, with ``/``.

    ``photo`` is the photo's name, ``file`` where it lies; ``patient`` is the code, None where nobody noted one.
    ``width`` x ``height`` of the upright photo are None as long as nobody has opened it. ``masks`` are painted over.
    """

    name: str
    disease: str
    image_id: int
    photo: str
    file: Path
    width: int | None
    height: int | None
    patient: str | None
    box_id: str
    box: Box
    annotator: str
    masks: tuple[Box, ...] = ()

    def region(self, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of the cut in whole pixels of a photo of this size; the box's edges go to the nearest."""
        grown = self.box.with_margin(margin).clipped(width, height)
        x0, y0 = min(round(grown.x0), width - 1), min(round(grown.y0), height - 1)
        return x0, y0, max(round(grown.x1), x0 + 1), max(round(grown.y1), y0 + 1)


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """What would be written, and why not more.

    Attributes:
        patches: by disease in the pack's order, then in the order of the draw.
        available: disease -> boxes that could have been taken.
        left_out: reason -> boxes that could not.
    """

    options: PatchOptions
    patches: tuple[Patch, ...]
    available: Mapping[str, int]
    left_out: Mapping[LeftOut, int]

    @property
    def per_disease(self) -> dict[str, int]:
        counted = Counter(p.disease for p in self.patches)
        return {disease: counted[disease] for disease in self.available}

    @property
    def short(self) -> dict[str, int]:
        """Diseases of which there are fewer than wanted, with how many there are."""
        return {d: n for d, n in self.available.items() if n < self.options.per_disease}

    @property
    def patients(self) -> int:
        """How many patients the patches are of; a photo without one counts for itself."""
        return len({p.patient or f"photo {p.image_id}" for p in self.patches})


@dataclass(frozen=True, slots=True)
class _Candidate:
    patch: Patch
    group: str


def plan_patches(session: Session, options: PatchOptions) -> PatchPlan:
    """Draw patches from all common boxes of the workspace whose label is a disease.

    Photos in the trash, and those that somebody excluded, have none.

    Raises:
        UserError: ``no_patches`` where no box fits.
    """
    packs: dict[str, Pack] = {}
    found: dict[str, list[_Candidate]] = {}
    left_out: Counter[LeftOut] = Counter()
    for pack_key, label, candidate in _boxes(session):
        if pack_key not in packs:
            packs[pack_key] = pack_in(session, pack_key)
            found.update({key: found.get(key, []) for key in packs[pack_key].keys})
        reason = _unfit(label, candidate.patch.box, packs[pack_key], options)
        if reason is not None:
            left_out[reason] += 1
            continue
        found.setdefault(label, []).append(candidate)
    if not any(found.values()):
        raise UserError("no_patches")
    folder = folder_names(found)
    drawn = [_named(draw(found[disease], options, disease), folder[disease], options) for disease in found]
    available = {disease: len(candidates) for disease, candidates in found.items()}
    return PatchPlan(options, tuple(chain.from_iterable(drawn)), available, dict(left_out))


def draw(candidates: Sequence[_Candidate], options: PatchOptions, disease: str) -> list[Patch]:
    """Up to ``per_disease`` of one disease's boxes: patients take turns, within a patient the photos."""
    patients: defaultdict[str, defaultdict[int, list[Patch]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        patients[candidate.group][candidate.patch.image_id].append(candidate.patch)
    salt = f"{options.seed}:{disease}"
    turns = []
    for group in sorted(patients, key=lambda g: _order(salt, g)):
        photos = [sorted(of, key=lambda p: _order(salt, _name(p))) for of in patients[group].values()]
        photos.sort(key=lambda of: _order(salt, _name(of[0])))
        turns.append(_in_turn(photos))
    return _in_turn(turns)[: options.per_disease]


def _in_turn(rows: Iterable[Sequence[T]]) -> list[T]:
    """The first of each row, then the second of each ..."""
    nothing = object()
    rounds = zip_longest(*rows, fillvalue=nothing)
    return [one for each in rounds for one in each if one is not nothing]  # type: ignore[misc]


def _order(salt: str, name: str) -> bytes:
    return hashlib.sha256(f"{salt}:{name}".encode()).digest()


def _name(patch: Patch) -> str:
    """What stays the same when a workspace is copied or a photo is opened for the first time."""
    return f"{patch.photo}:{patch.image_id}:{patch.box.as_list()}"


def folder_names(diseases: Iterable[str]) -> dict[str, str]:
    """A name for each disease that every file system takes: a label of a foreign file may be anything, as ``../a``.

    Two labels that would share a folder get a number.
    """
    found: dict[str, str] = {}
    for disease in diseases:
        plain = re.sub(r"[^\w-]+", "_", disease).strip("_")[:_LONGEST] or "label"
        plain = f"{plain}_" if plain.upper() in _RESERVED else plain
        taken = {name.casefold() for name in found.values()}
        numbered = chain((plain,), (f"{plain}-{n}" for n in count(2)))
        found[disease] = next(name for name in numbered if name.casefold() not in taken)
    return found


def _named(patches: Sequence[Patch], folder: str, options: PatchOptions) -> list[Patch]:
    """File names that say nothing of patient and photo."""
    digits = max(4, len(str(options.per_disease)))
    return [
        replace(p, name=f"{folder}/{folder}-{n:0{digits}}.{options.encoding}") for n, p in enumerate(patches, start=1)
    ]


def _unfit(label: str, box: Box, pack: Pack, options: PatchOptions) -> LeftOut | None:
    if label == UNLABELLED:
        return "unlabelled"
    if label == OTHER:
        return "other"
    if label not in {d.key for d in pack.labels}:
        return "unknown_label"
    if box.is_empty:
        return "no_area"
    return "too_small" if min(box.width, box.height) < options.min_size else None


def _boxes(session: Session) -> Iterable[tuple[str, str, _Candidate]]:
    """Pack's key, label and candidate of every common box, in the order of photos and boxes."""
    of_box = (Annotation.id, Annotation.x0, Annotation.y0, Annotation.x1, Annotation.y1, Annotation.label)
    of_photo = (Image.id, Image.name, Image.path, Image.linked, Image.width, Image.height, Image.masks, Image.pack)
    query = (
        select(*of_box, Annotation.author, *of_photo, Image.lesion, Patient.code)
        .join(Image, Annotation.image_id == Image.id)
        .outerjoin(Case, Image.case_id == Case.id)
        .outerjoin(Patient, Case.patient_id == Patient.id)
        .where(Annotation.layer == COMMON, Image.trashed.is_(None), Image.excluded.is_(None))
        .order_by(Image.id, Annotation.id)
    )
    for row in session.execute(query):
        values: tuple[Any, ...] = tuple(row)
        (box_id, *corners, label, author), photo, (pack, lesion, patient) = values[:7], values[7:14], values[14:]
        image_id, name, path, linked, width, height, masks = photo
        file = resolved(session, path, linked)
        painted = tuple(Box(*mask) for mask in masks)
        patch = Patch("", label, image_id, name, file, width, height, patient, box_id, Box(*corners), author, painted)
        yield pack or DEFAULT_PACK, label, _Candidate(patch, patient or lesion or f"photo {image_id}")
