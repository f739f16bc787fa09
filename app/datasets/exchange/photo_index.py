"""Which photo a page of a foreign file means: by the name in the file, else by the file's stem.

Photos of the workspace come first. One that the workspace does not have, but that lies beside the file, is linked.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.common.errors import UserError
from app.common.images import photo_size
from app.common.photo_files import is_photo_name
from app.datasets.images import resolved
from db.tables import Image

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NEW = 0
"""The id of a photo that is not in the workspace yet."""
_NEIGHBOURS = ("images", "JPEGImages", "imgs", "photos")


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """``id``: :data:`NEW` while it only lies beside the file. ``width`` x ``height``: upright pixels, 0 if unknown;
    ``opened``: the workspace knows them already.
    """

    id: int
    name: str
    file: str
    pack: str
    width: int = 0
    height: int = 0
    opened: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def measured(self) -> FoundPhoto:
        """With its size, from the file's header where nobody has opened it yet. Raises UserError for a bad photo."""
        if self.opened:
            return self
        width, height = photo_size(Path(self.file))
        return replace(self, width=width, height=height)


class PhotoIndex:
    """The photos of the workspace, those in the trash left out, and what lies beside the files that are read."""

    def __init__(self, session: Session, pack: str) -> None:
        self._pack = pack
        self._names: defaultdict[str, list[FoundPhoto]] = defaultdict(list)
        self._stems: defaultdict[str, list[FoundPhoto]] = defaultdict(list)
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._neighbours: dict[Path, tuple[str, ...]] = {}
        columns = (Image.id, Image.name, Image.path, Image.linked, Image.pack, Image.width, Image.height)
        for id_, name, path, linked, own, width, height in session.execute(
            select(*columns).where(Image.trashed.is_(None)).order_by(Image.id)
        ):
            file = path if linked else str(resolved(session, path, linked))
            photo = FoundPhoto(id_, name, file, own, width or 0, height or 0, bool(width and height))
            self._names[_folded(name)].append(photo)
            self._stems[_folded(_stem(name))].append(photo)

    def find(self, image: str, file: Path, stem: str) -> FoundPhoto:
        """The photo that ``file`` calls ``image`` ("" where it does not say), else the one called ``stem``.

        Raises:
            UserError: ``photo_not_found``, ``photo_ambiguous`` when several are called so and none lies beside it.
        """
        name = image.replace("\\", "/").rsplit("/", 1)[-1]
        beside = self._beside(file.parent)
        for found in (self._names.get(_folded(name), []), self._stems.get(_folded(stem), [])):
            if found:
                return _chosen(found, image, beside, file.name)
        for folder in beside:
            path = self._in_folder(folder, image, name, stem)
            if path is not None:
                return FoundPhoto(NEW, os.path.basename(path), path, self._pack)  # noqa: PTH119 (100,000 of them)
        raise UserError("photo_not_found", file=file.name, photo=name or stem)

    def _in_folder(self, folder: str, image: str, name: str, stem: str) -> str | None:
        inside = PurePosixPath(image.replace("\\", "/"))
        if len(inside.parts) > 1 and not inside.is_absolute() and ".." not in inside.parts and is_photo_name(name):
            path = os.path.join(folder, *inside.parts)  # noqa: PTH118
            if os.path.isfile(path):  # noqa: PTH113
                return path
        there = self._listed(folder)
        for key in (_folded(name), f"/{_folded(stem)}"):
            if there.get(key):
                return there[key][0]
        return None

    def _beside(self, folder: Path) -> tuple[str, ...]:
        if folder not in self._neighbours:
            self._neighbours[folder] = tuple(_beside(folder))
        return self._neighbours[folder]

    def _listed(self, folder: str) -> dict[str, list[str]]:
        """The photos in a folder by name, and by "/" and stem."""
        if folder not in self._folders:
            there: defaultdict[str, list[str]] = defaultdict(list)
            for path in _photos_in(folder):
                name = os.path.basename(path)  # noqa: PTH119
                there[_folded(name)].append(path)
                there[f"/{_folded(_stem(name))}"].append(path)
            self._folders[folder] = dict(there)
        return self._folders[folder]


def _chosen(found: Sequence[FoundPhoto], image: str, beside: Iterable[str], file: str) -> FoundPhoto:
    """The one photo, or of several the one that lies where the file's path or the file itself says."""
    if len(found) == 1:
        return found[0]
    tail = "/" + image.replace("\\", "/").lstrip("./")
    for fits in (
        [p for p in found if "/" in image and p.file.replace(os.sep, "/").endswith(tail)],
        [p for folder in beside for p in found if os.path.dirname(p.file) == folder],  # noqa: PTH120
    ):
        if fits:
            return fits[0]
    raise UserError("photo_ambiguous", file=file, photo=found[0].name, n=len(found))


def _beside(folder: Path) -> Iterator[str]:
    """Where the photos of the files of boxes in a folder usually lie: with them, or in a folder next to it."""
    folder = folder.absolute()
    yield str(folder)
    if "labels" in folder.parts:  # YOLO: .../labels/train beside .../images/train
        at = len(folder.parts) - 1 - folder.parts[::-1].index("labels")
        yield str(Path(*folder.parts[:at], "images", *folder.parts[at + 1 :]))
    for base in (folder, folder.parent):
        yield from (str(base / name) for name in _NEIGHBOURS)
    yield str(folder.parent)


def _photos_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as scan:
            return sorted(entry.path for entry in scan if is_photo_name(entry.name))
    except OSError:
        return []


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 (100,000 names)


def _folded(name: str) -> str:
    """Names that people take for the same: case, and how accents are composed (macOS), do not matter."""
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
