"""Photos that a folder or a table names the disease of, as a dataset that is frozen at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from app.common.errors import UserError
from app.common.images import photo_size
from app.common.own_packs import check_new_pack, new_pack
from app.common.packs import DEFAULT_PACK, Pack, load_pack
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.splits import Part
from app.datasets.freezing.versions import check_name, freeze, make_dataset
from app.datasets.images import link_images
from app.datasets.people import audit, require
from db.tables import Case, Dataset, Image, Patient

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.datasets.store import Store

SOURCE = "other"
"""Where such a diagnosis comes from: whoever made the set; nothing says that it is pathology."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """``item``: how a person finds it again (a path, a row). ``group``: the patient's code, None where nobody said.

    ``part``: train, val or test where the set says so itself.
    """

    path: Path
    label: str
    item: str
    group: str | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """``failed``: (photo or row, why it is not in the set)."""

    dataset: FrozenDataset
    failed: tuple[tuple[str, UserError], ...]

    @property
    def boxes(self) -> int:
        return sum(len(image.boxes) for image in self.dataset.images)


def import_labelled(
    store: Store,
    workspace: Workspace,
    photos: Sequence[LabelledPhoto],
    name: str,
    actor: str,
    pack: str | None = None,
    new_pack_key: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportedSet:
    """Link the photos, give each patient a case with the disease, name the set ``name``, freeze it; all or nothing.

    A photo that nobody gives a patient is a patient of its own. Where every photo says its part, the version's parts
    are those; else they are drawn as usual. Leakage is looked for either way.

    Args:
        pack: whose words the labels are (default: the default pack).
        new_pack_key: make a pack of the labels instead, in their order.

    Raises:
        UserError: ``dataset_exists``, ``bad_dataset_name``, ``dataset_empty``, those of packs, of rights and of
            freezing. Nothing has changed then.
    """
    check_name(name)
    with store.read() as session:
        if session.scalar(select(Dataset.id).where(Dataset.name == name)) is not None:
            raise UserError("dataset_exists", dataset=name)
    if new_pack_key is not None:
        check_new_pack(new_pack_key, workspace.packs)
    chosen = None if new_pack_key is not None else load_pack(pack or DEFAULT_PACK, workspace.packs)
    good, failed = _readable(photos, chosen, progress)
    if not good:
        raise UserError("dataset_empty", dataset=name)
    with ExitStack() as undo:
        if chosen is None:
            assert new_pack_key is not None
            chosen = new_pack(new_pack_key, workspace.packs, sorted({p.label for p in good}))
            undo.callback((workspace.packs / f"{new_pack_key}.toml").unlink)  # it belongs to a set that is not there
        with store.write(actor) as session:
            require(session, "import")
            dataset = _keep(session, good, chosen, name, failed)
        undo.pop_all()
    return ImportedSet(dataset, tuple(failed))


def _readable(
    photos: Sequence[LabelledPhoto], pack: Pack | None, progress: Callable[[int, int], None] | None
) -> tuple[list[LabelledPhoto], list[tuple[str, UserError]]]:
    """The photos that open and have a known disease, each once."""
    good: dict[Path, LabelledPhoto] = {}
    failed: list[tuple[str, UserError]] = []
    for number, photo in enumerate(photos, start=1):
        try:
            if pack is not None and pack.resolve(photo.label) is None:
                raise UserError("unknown_disease", disease=photo.label, pack=pack.key)
            photo_size(photo.path)
            before = good.setdefault(photo.path.absolute(), photo)
            if (before.label, before.group) != (photo.label, photo.group):
                raise UserError("photo_labelled_twice", photo=photo.path.name, a=before.label, b=photo.label)
        except UserError as error:
            failed.append((photo.item, error))
        if progress:
            progress(number, len(photos))
    return list(good.values()), failed


def _keep(
    session: Session, photos: Sequence[LabelledPhoto], pack: Pack, name: str, failed: list[tuple[str, UserError]]
) -> FrozenDataset:
    ids = link_images(session, [p.path for p in photos], pack.key)
    labels = {p.label: pack.resolve(p.label) or p.label for p in photos}
    standing = _diagnoses(session, ids)
    kept: dict[int, LabelledPhoto] = {}
    for image_id, photo in zip(ids, photos, strict=True):
        known = standing.get(image_id)
        if known is not None and known != labels[photo.label]:
            failed.append((photo.item, UserError("photo_has_diagnosis", photo=photo.path.name, diagnosis=known)))
        else:
            kept[image_id] = photo
    if not kept:
        raise UserError("dataset_empty", dataset=name)
    new = {i: p for i, p in kept.items() if standing.get(i) is None}
    _give_cases(session, new, labels, name)
    make_dataset(session, name, sorted(kept), pack.key)
    parts = {i: p.part for i, p in kept.items() if p.part is not None}
    return freeze(session, name, given=parts if len(parts) == len(kept) else None)


def _diagnoses(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """What the workspace says already of photos that it knew before."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(Image.id, Case.final_diagnosis).join(Case, Image.case_id == Case.id)
        for image_id, diagnosis in session.execute(query.where(Image.id.in_(ids[start : start + _CHUNK]))):
            if diagnosis is not None:
                found[image_id] = diagnosis
    return found


def _give_cases(session: Session, photos: Mapping[int, LabelledPhoto], labels: Mapping[str, str], name: str) -> None:
    """One case for each patient and disease."""
    codes = {i: p.group or f"{name}-{i}" for i, p in photos.items()}
    patients = _patients(session, list(dict.fromkeys(codes.values())))
    visits = dict.fromkeys((patients[codes[i]], labels[p.label]) for i, p in photos.items())
    rows = [
        {
            "patient_id": patient,
            "final_diagnosis": disease,
            "diagnosis_source": SOURCE,
            "imported_from": name,
            "version": 1,
        }
        for patient, disease in visits
    ]
    if rows:
        made = session.execute(insert(Case).returning(Case.id, sort_by_parameter_order=True), rows).scalars().all()
        cases = dict(zip(visits, made, strict=True))
        places = [{"id": i, "case_id": cases[patients[codes[i]], labels[p.label]]} for i, p in photos.items()]
        session.execute(update(Image), places)
        audit(session, "import", "cases", name, [len(rows), sorted(photos)])


def _patients(session: Session, codes: Sequence[str]) -> dict[str, int]:
    """Ids of the patients with these codes, made where they are new."""
    found: dict[str, int] = {}
    for start in range(0, len(codes), _CHUNK):
        some = codes[start : start + _CHUNK]
        query = select(Patient.code, Patient.id).where(Patient.code.in_(some))
        found.update({row.code: row.id for row in session.execute(query)})
        new = [{"code": code} for code in some if code not in found]
        if new:
            made = session.execute(insert(Patient).returning(Patient.code, Patient.id), new)
            found.update({row.code: row.id for row in made})
    return found
