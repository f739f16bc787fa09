"""A demo workspace: phantom photos with cases and boxes, planted faults, frozen sets ``phantom-a`` and ``phantom-b``.

The same seed and number give the same photos and the same datasets. ``demo.json`` in the workspace names the generator
by its hash and lists the planted faults.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.annotation.document import Annotation, new_id
from app.common.errors import UserError
from app.common.files import write_error
from app.common.geometry import Box
from app.common.packs import DEFAULT_PACK
from app.common.settings import Settings, save_settings
from app.common.workspace import open_workspace
from app.datasets import store
from app.datasets.demo_photos import Drawn, Planted, Progress, draw, planned_faults, plant, shots
from app.datasets.freezing.versions import freeze, make_dataset
from app.datasets.records import NewImage

MARK = "demo.json"
LEAST_PHOTOS, MOST_PHOTOS = 2, 100_000
FIRST_VISIT = date(2024, 1, 8)
ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """``datasets`` are ``NAME@HASH``."""

    workspace: Path
    images: int
    cases: int
    datasets: tuple[str, ...]


def make_demo(
    folder: Path,
    photos: int = 24,
    seed: int = 0,
    force: bool = False,
    processes: int | None = None,
    progress: Progress | None = None,
) -> DemoResult:
    """Make the workspace ``folder``; it appears when it is complete.

    Raises:
        UserError: ``output_exists`` for a folder that is not empty (with ``force`` only another demo is replaced),
            ``demo_photos`` for an impossible number, and those of writing files.
    """
    if not LEAST_PHOTOS <= photos <= MOST_PHOTOS or seed < 0:
        raise UserError("demo_photos", least=LEAST_PHOTOS, most=MOST_PHOTOS)
    _refuse_existing(folder, force)
    place = Path(os.path.realpath(folder))
    part = f".{place.name}.unfinished-{os.getpid()}"
    unfinished = place / part if place.exists() else place.with_name(part)
    try:
        unfinished.mkdir(parents=True)
        result = _make(unfinished, photos, seed, processes or min(2, os.cpu_count() or 1), progress)
        _put(unfinished, place)
    except OSError as error:
        raise write_error(error, folder) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return DemoResult(folder, *result)


def _put(unfinished: Path, place: Path) -> None:
    """A folder that is there stays the same one: it may be a mount, a link, or where the caller stands."""
    if not place.exists():
        unfinished.rename(place)
        return
    for old in place.iterdir():
        if old.is_dir() and not old.is_symlink():
            if old != unfinished:
                shutil.rmtree(old)
        else:
            old.unlink()
    for new in unfinished.iterdir():
        new.rename(place / new.name)


def _refuse_existing(folder: Path, force: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (force and (folder / MARK).is_file()):
        raise UserError("output_exists", path=str(folder))


def _make(
    root: Path, photos: int, seed: int, processes: int, progress: Progress | None
) -> tuple[int, int, tuple[str, ...]]:
    from app.common.phantoms import generator_hash

    workspace = open_workspace(root)
    drawn: list[Drawn] = []
    wanted = shots(photos)
    with closing(draw(wanted, seed, workspace.media, processes)) as photos_drawn:  # cancelled: no worker goes on
        for photo in photos_drawn:
            drawn.append(photo)
            if progress:
                progress(len(drawn), len(wanted))
    planted = tuple(plant(drawn, planned_faults(photos), seed, workspace.media))
    opened = store.open_store(workspace)
    try:
        with opened.write(ACTOR) as session:
            cases, ids, unread = _register(session, drawn, planted, generator_hash())
            datasets = _freeze(session, drawn, ids, seed)
    finally:
        opened.close()
    mark = {
        "generator": generator_hash(),
        "seed": seed,
        "photos": photos,
        "datasets": list(datasets),
        "faults": [{"image": p.path, "fault": p.fault, "of": p.of.path} for p in planted],
    }
    (root / MARK).write_text(json.dumps(mark, indent=1), encoding="utf-8")
    save_settings(workspace, Settings(last_image=unread))
    return len(drawn) + len(planted), cases, datasets


def _register(
    session: Session, drawn: Sequence[Drawn], planted: Sequence[Planted], generator: str
) -> tuple[int, dict[str, int], int]:
    """Cases, photos and boxes.

    Gives the number of cases, path -> image id of the photos without a fault, and the photo that the window opens on:
    one that nobody has boxed yet, where there is one.
    """
    cases: dict[tuple[str, int], int] = {}
    ids: dict[str, int] = {}
    for photo in drawn:
        key = (photo.patient.code, photo.shot.visit)
        if key not in cases:
            cases[key] = store.add_case(session, photo.patient.code, **_facts(photo)).id
        ids[photo.path] = store.add_image(session, _image(photo, cases[key], generator))
        store.put_boxes(session, ids[photo.path], _boxes(photo))
    unboxed = []
    for fault in planted:
        case_id = cases[(fault.of.patient.code, fault.of.shot.visit)]
        unboxed.append(store.add_image(session, _fault_image(fault, case_id, generator)))
    return len(cases), ids, unboxed[0] if unboxed else next(iter(ids.values()))


def _freeze(session: Session, drawn: Sequence[Drawn], ids: dict[str, int], seed: int) -> tuple[str, ...]:
    names = []
    for renderer in ("A", "B"):
        mine = [d for d in drawn if d.shot.renderer == renderer]
        if not mine:
            continue
        name = f"phantom-{renderer.lower()}"
        make_dataset(session, name, [ids[d.path] for d in mine], DEFAULT_PACK)
        patients = len({d.patient.code for d in mine})
        names.append(freeze(session, name, _shares(patients), seed=seed).full_name)
    return tuple(names)


def _shares(patients: int) -> tuple[float, float, float]:
    """A handful of patients cannot fill three parts."""
    if patients >= 3:
        return (70, 10, 20)
    return (70, 0, 30) if patients == 2 else (100, 0, 0)


def _facts(photo: Drawn) -> dict[str, Any]:
    """The case card; texts in both languages, as the demo is read in either."""
    p = photo.patient
    later = 60 * photo.shot.visit
    return {
        "age": p.age,
        "sex": p.sex,
        "site": p.site.replace("_", " "),
        "duration_months": float(p.duration_months + later // 30),
        "history": f"{p.history}\n{p.history_zh}",
        "pathology": f"{p.pathology}\n{p.pathology_zh}",
        "centre": p.centre,
        "final_diagnosis": p.disease,
        "visited": FIRST_VISIT + timedelta(days=photo.shot.index % 365 + later),
    }


def _image(photo: Drawn, case_id: int, generator: str) -> NewImage:
    return NewImage(
        name=Path(photo.path).name,
        path=photo.path,
        sha256=photo.sha256,
        width=photo.size[0],
        height=photo.size[1],
        synthetic=True,
        case_id=case_id,
        lesion=photo.boxes[0][4] if photo.boxes else None,
        meta={
            "renderer": photo.shot.renderer,
            "distance": photo.shot.distance,
            "skin_type": photo.patient.skin_type,
            "nuisances": list(photo.nuisances),
            "generator": generator,
        },
    )


def _fault_image(fault: Planted, case_id: int, generator: str) -> NewImage:
    """Nothing in the database gives the fault away: finding it is the cleaning's work."""
    return NewImage(
        name=Path(fault.path).name,
        path=fault.path,
        sha256=fault.sha256,
        width=fault.size[0],
        height=fault.size[1],
        synthetic=True,
        case_id=case_id,
        lesion=fault.of.boxes[0][4] if fault.of.boxes else None,
        meta={"generator": generator},
    )


def _boxes(photo: Drawn) -> list[Annotation]:
    return [Annotation(new_id(), Box(*corners), photo.disease, verified=True) for *corners, _ in photo.boxes]
