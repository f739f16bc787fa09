"""How long freezing takes: rows of made-up photos (nothing is decoded), patients of five, one copy in each.

The photos themselves are known to the workspace already, as after an import or a run of the checks; a linked photo
that nobody has opened is read once more when it is frozen.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.common.packs import DEFAULT_PACK, load_pack
from app.common.workspace import open_workspace
from app.datasets.freezing.checklist import freeze_checklist
from app.datasets.freezing.comparing_versions import diff
from app.datasets.freezing.datasheet import datasheet_of
from app.datasets.freezing.versions import find_dataset, freeze, list_datasets
from app.datasets.people import actor_of
from app.datasets.store import Store, open_store
from benchmarks.common import keep
from db.tables import Annotation, Case, Examination, Finding, Image, Patient

T = TypeVar("T")
SIZES = (2_000, 10_000, 50_000)
PER_PATIENT = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    found = {n: measured(n) for n in (SIZES if options.full else SIZES[:1])}
    rows = [
        [f"Freezing {n:,} photos, 5 x 3 folds", "< 30 s" if n == SIZES[-1] else "", f"{r['seconds']['freeze']:.1f} s"]
        for n, r in found.items()
    ]
    keep("freezing", {"rows": rows, "photos": {str(n): r for n, r in found.items()}}, options.full)


def measured(photos: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(open_workspace(Path(folder)))
        try:
            with store.write("li") as session:
                fill(session, photos)
            return timed(store)
        finally:
            store.close()


def fill(session: Session, photos: int) -> None:
    actor_of(session)
    diseases = load_pack().keys
    patients = -(-photos // PER_PATIENT)
    session.execute(insert(Patient), [{"id": p + 1, "code": f"P{p}"} for p in range(patients)])
    facts = {"sex": "female", "site": "back", "version": 1}
    session.execute(
        insert(Case),
        [
            {"id": p + 1, "patient_id": p + 1, "age": p % 90, "centre": f"C{p % 7}", "final_diagnosis": diseases[p % 5]}
            | facts
            for p in range(patients)
        ],
    )
    size = {"width": 4000, "height": 3000, "pack": DEFAULT_PACK, "meta": {}}
    session.execute(
        insert(Image),
        [
            {"id": n + 1, "case_id": n // PER_PATIENT + 1, "name": f"{n}.jpg", "path": f"{n}.jpg", **size}
            | {"sha256": f"{n:064x}", "lesion": f"L{n % 2}"}
            for n in range(photos)
        ],
    )
    box = {"layer": "", "x0": 10.0, "y0": 10.0, "x1": 500.0, "y1": 400.0, "author": "li", "version": 1}
    labels = [diseases[n // PER_PATIENT % 5] for n in range(photos)]
    boxes = [{"id": f"b{n}", "image_id": n + 1, "label": labels[n], **box} for n in range(photos)]
    session.execute(insert(Annotation), boxes)
    copy = {"check_key": "near_duplicate", "score": 0.9, "why": "check.dark.why", "facts": {}, "boxes": []}
    copies = [n + k for n in range(0, photos - 1, PER_PATIENT) for k in (0, 1)]
    session.execute(insert(Finding), [{"image_id": n + 1, "group_key": f"g{n // 5}", **copy} for n in copies])
    tone = {"part": "tone", "stamp": "-", "measured": {"group": "light"}}
    session.execute(insert(Examination), [{"image_id": n + 1, **tone} for n in range(photos)])


def timed(store: Store) -> dict[str, Any]:
    seconds: dict[str, float] = {}

    def clock(name: str, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        done = work()
        seconds[name] = round(time.perf_counter() - start, 2)
        return done

    with store.read() as session:
        clock("checklist", lambda: freeze_checklist(session, "mine"))
    with store.write("li") as session:
        old = clock("freeze", lambda: freeze(session, "mine", fold_count=5, repeats=3))
    with store.write("li") as session:
        freeze(session, "mine", seed=1)
    with store.read() as session:
        new = clock("load", lambda: find_dataset(session, "mine"))
        clock("list", lambda: list_datasets(session))
    clock("datasheet", lambda: datasheet_of(old))
    clock("compare", lambda: diff(old, new))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": seconds, "peak_memory_mb": memory}


if __name__ == "__main__":
    main()
