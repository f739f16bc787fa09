"""A Pascal VOC set (Annotations, JPEGImages, lists of its parts) as a dataset that is frozen at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK
from app.common.workspace import Workspace
from app.datasets.exchange.box_files import files_at
from app.datasets.exchange.box_sets import ImportOptions, Progress
from app.datasets.exchange.importing import import_boxes
from app.datasets.freezing.frozen import FrozenDataset
from app.datasets.freezing.splits import Part
from app.datasets.freezing.versions import check_name, freeze, make_dataset
from app.datasets.layers import COMMON
from app.datasets.set_import.given_lists import parts_by_id, read_lists
from db.tables import Annotation, Dataset, Image

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.datasets.store import Store

ANNOTATIONS = "Annotations"


@dataclass(frozen=True, slots=True)
class ImportedVoc:
    """``no_area``: (photo, how many) of boxes without area, which stay findings and are in no version; ``failed``:
    (file or photo, why).
    """

    dataset: FrozenDataset
    no_area: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, UserError], ...]

    @property
    def boxes(self) -> int:
        return sum(len(image.boxes) for image in self.dataset.images)


def import_voc(
    store: Store,
    workspace: Workspace,
    folder: Path,
    name: str,
    actor: str,
    options: ImportOptions | None = None,
    lists: Path | None = None,
    progress: Progress | None = None,
) -> ImportedVoc:
    """Bring in the boxes and link the photos of ``folder``, name the set ``name``, freeze it.

    ``lists``: a folder with train.txt, val.txt and test.txt. The version's parts are theirs, and photos that stand in
    none stay out of the set; without it the parts are drawn as usual. Leakage is looked for either way.

    Raises:
        UserError: ``dataset_exists``, those of the lists (see :func:`read_lists`), of importing boxes, and of freezing.
            Boxes that were imported before a version was refused stay in the workspace.
    """
    options = options or ImportOptions()
    check_name(name)
    wanted = None if lists is None else read_lists(lists)
    with store.read() as session:
        if session.scalar(select(Dataset.id).where(Dataset.name == name)) is not None:
            raise UserError("dataset_exists", dataset=name)
    source = folder / ANNOTATIONS if (folder / ANNOTATIONS).is_dir() else folder
    result = import_boxes(store, workspace, source, "voc", actor, options, progress)
    failed = list(result.failed)
    with store.write(actor) as session:
        photos = _photos(session, source)
        parts: dict[int, Part] | None = None
        if wanted is not None:
            parts, unknown = parts_by_id(wanted, photos)
            told = {Path(item).stem for item, _ in failed}  # why a file could not be read says more
            failed += [(stem, UserError("listed_photo_missing", photo=stem)) for stem in unknown if stem not in told]
        ids = list(photos.values() if parts is None else parts)
        if not ids:
            raise UserError("dataset_empty", dataset=name)
        make_dataset(session, name, sorted(ids), options.new_pack or options.pack or DEFAULT_PACK)
        frozen = freeze(session, name, given=parts)
        return ImportedVoc(frozen, _without_area(session, set(ids)), tuple(failed))


def _photos(session: Session, source: Path) -> dict[str, int]:
    """The photos that the files of ``source`` stand for, by the files' stems."""
    files = [str(file) for file in sorted(source.absolute().rglob("*.xml"))]
    rows = files_at(session, files, "voc").items()
    return {Path(path).stem: row.image_id for path, row in rows if row.image_id is not None}


def _without_area(session: Session, ids: set[int]) -> tuple[tuple[str, int], ...]:
    a = Annotation
    query = (
        select(Image.id, Image.name, func.count())
        .join(a, a.image_id == Image.id)
        .where(a.layer == COMMON, or_(a.x0 >= a.x1, a.y0 >= a.y1))
        .group_by(Image.id, Image.name)
    )
    return tuple((name, count) for id_, name, count in session.execute(query) if id_ in ids)
