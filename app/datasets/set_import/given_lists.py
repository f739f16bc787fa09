"""Lists that say which photo is in which part: ``train.txt``, ``val.txt`` and ``test.txt``, one photo a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from app.common.errors import UserError
from app.common.photo_files import is_photo_name
from app.datasets.freezing.splits import PARTS, Part


def read_lists(folder: Path) -> dict[str, Part]:
    """The part of each photo, by the stem of its name.

    A line is a stem or a file's name, with or without folders; what follows after a space is left aside (the lists of
    Pascal VOC's classes have a 1 or -1 there). A part without a list stays empty.

    Raises:
        UserError: ``split_lists_missing`` when there is none of them, ``split_list_unreadable``,
            ``split_lists_overlap`` when a photo stands in two.
    """
    files = {part: folder / f"{part}.txt" for part in PARTS}
    there = {part: file for part, file in files.items() if file.is_file()}
    if not there:
        raise UserError("split_lists_missing", folder=folder.name, files=", ".join(f.name for f in files.values()))
    found: dict[str, Part] = {}
    for part, file in there.items():
        for stem in _stems(file):
            if found.setdefault(stem, part) != part:
                raise UserError("split_lists_overlap", photo=stem, a=found[stem], b=part)
    return found


def _stems(file: Path) -> Iterator[str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("split_list_unreadable", file=file.name) from error
    for line in lines:
        words = line.split()
        if words:
            name = PurePosixPath(words[0].replace("\\", "/"))
            yield name.stem if is_photo_name(name.name) or name.suffix == ".xml" else name.name


def parts_by_id(lists: Mapping[str, Part], photos: Mapping[str, int]) -> tuple[dict[int, Part], list[str]]:
    """The part of each photo by its id, and the stems of the lists that no photo has; ``photos``: stem -> id."""
    parts = {photos[stem]: part for stem, part in lists.items() if stem in photos}
    return parts, [stem for stem in lists if stem not in photos]
