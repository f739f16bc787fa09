"""What a folder of class folders, or a table, says about photos: read only, nothing is stored."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from app.common.errors import UserError
from app.common.photo_files import walk_photos
from app.datasets.case_tables.reading import read_table
from app.datasets.freezing.splits import PARTS
from app.datasets.set_import.labelled import LabelledPhoto

Failed = list[tuple[str, UserError]]


def read_folders(folder: Path, groups: Path | None = None) -> list[LabelledPhoto]:
    """``folder/<disease>/photo``, or ``folder/<train|val|test>/<disease>/photo``, at any depth below the disease.

    ``groups``: a table whose first column is a photo (name, stem, or path below ``folder``), its second the patient.

    Raises:
        UserError: ``no_class_folders``, ``group_missing`` for a photo that the table does not name, and the table's.
    """
    if not folder.is_dir():
        raise UserError("no_class_folders", folder=folder.name)
    files = [(file, file.relative_to(folder).parts) for file in walk_photos([folder])]
    tops = {parts[0] for _, parts in files if len(parts) > 1}
    by_part = bool(tops) and tops <= set(PARTS) and all(len(parts) > 2 for _, parts in files if len(parts) > 1)
    at = 1 if by_part else 0
    inside = [(file, parts) for file, parts in files if len(parts) > at + 1]
    if not inside:
        raise UserError("no_class_folders", folder=folder.name)
    patients = None if groups is None else _groups(groups)
    return [
        LabelledPhoto(
            path=file,
            label=parts[at],
            item="/".join(parts),
            group=None if patients is None else _group_of(patients, parts),
            part=next(p for p in PARTS if p == parts[0]) if by_part else None,
        )
        for file, parts in inside
    ]


def read_labels(
    table: Path, image: str, label: str, group: str | None = None, images: Path | None = None
) -> tuple[list[LabelledPhoto], Failed]:
    """The rows of a table that name a photo and its disease, and those that do not, with why.

    Args:
        table: CSV or Excel, as for cases.
        image: the column of the photo: a path, or a name below ``images`` (default: the table's folder), with or
            without its ending.
        label: the column of the disease.
        group: the column of the patient.

    Raises:
        UserError: ``no_such_column`` and the table's own.
    """
    read = read_table(table)
    at = {column: read.place(column) for column in (image, label, *([group] if group else []))}
    root = images or table.parent
    known = _by_name(root)
    photos: list[LabelledPhoto] = []
    failed: Failed = [(f"{read.name}:{number}", error) for number, error in sorted(read.damaged.items())]
    for number, cells in zip(read.numbers, read.rows, strict=True):
        item = f"{read.name}:{number}"
        if number in read.damaged:
            continue
        name, disease = cells[at[image]].strip(), cells[at[label]].strip()
        patient = cells[at[group]].strip() if group else None
        missing = next((c for c, v in ((image, name), (label, disease), (group, patient)) if c and not v), None)
        if missing is not None:
            failed.append((item, UserError("row_cell_empty", row=number, column=missing)))
            continue
        path = _photo(root, name, known)
        if path is None:
            failed.append((item, UserError("row_photo_missing", row=number, photo=PurePosixPath(name).name)))
        else:
            photos.append(LabelledPhoto(path, disease, item, patient))
    return photos, failed


def _by_name(root: Path) -> dict[str, Path | None]:
    """Photos below ``root`` by their path below it, name and stem; None where several have that name."""
    found: dict[str, Path | None] = {}
    for file in walk_photos([root]) if root.is_dir() else ():
        below = file.relative_to(root).as_posix()
        for key in {below, below.removesuffix(file.suffix), file.name, file.stem}:
            found[key] = file if key not in found else None
    return found


def _photo(root: Path, name: str, known: dict[str, Path | None]) -> Path | None:
    """Inside ``root`` only, unless the table gives a whole path."""
    plain = PurePosixPath(name.replace("\\", "/"))
    found = known.get(plain.as_posix())
    if found is None and Path(name).is_absolute() and Path(name).is_file():
        return Path(name)
    return found


def _groups(table: Path) -> dict[str, str]:
    read = read_table(table)
    if len(read.columns) < 2:
        raise UserError("no_such_column", file=read.name, column="2", known=", ".join(read.columns))
    return {cells[0].strip().replace("\\", "/"): cells[1].strip() for cells in read.rows if cells[1].strip()}


def _group_of(groups: dict[str, str], parts: tuple[str, ...]) -> str:
    below = "/".join(parts)
    name = parts[-1]
    for key in (below, below.rpartition(".")[0], name, name.rpartition(".")[0]):
        if key in groups:
            return groups[key]
    raise UserError("group_missing", photo=name)
