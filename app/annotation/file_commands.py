"""Annotation files without a workspace: from one format to another, and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePath

from app.annotation.formats import (
    CLASS_LIST,
    WHOLE_SET,
    Context,
    Format,
    Page,
    Problem,
    bytes_of,
    checked,
    classes_beside,
    files_of,
    fresh,
    keypoints_beside,
    read,
    read_classes,
)
from app.annotation.formats.boxes import box_of
from app.annotation.formats.sheet import names_apart
from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.photo_files import is_photo_name

Progress = Callable[[int, int], None]
_PHOTO_FOLDERS = ("images", "JPEGImages", "Images")


@dataclass(frozen=True, slots=True)
class Converted:
    images: int
    boxes: int
    failed: tuple[tuple[str, UserError], ...]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """``file``: as it was given, and the part below it."""

    file: str
    problem: Problem
    fixed: bool


@dataclass(frozen=True, slots=True)
class CheckResult:
    files: int
    boxes: int
    problems: tuple[FileProblem, ...]


# -- what lies beside the files ----------------------------------------------------------------------------------------


class _Photos:
    """The photos of annotation files: in the folder that was named, else in the file's own, one named ``images`` or
    ``JPEGImages`` beside it, or where ``images`` stands for ``labels`` in its path.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def place(self, file: Path) -> Path:
        """Files of one place have the same photos."""
        return file.absolute().parent if self._folder is None else self._folder

    def at(self, place: Path) -> Mapping[str, Path]:
        """By stem."""
        if self._folder is not None:
            return _photos_in(self._folder, True)
        parent = place
        candidates = [parent, *(parent / n for n in _PHOTO_FOLDERS), *(parent.parent / n for n in _PHOTO_FOLDERS)]
        if "labels" in parent.parts:
            at = len(parent.parts) - 1 - parent.parts[::-1].index("labels")
            candidates.insert(1, Path(*parent.parts[:at], "images", *parent.parts[at + 1 :]))
        found: dict[str, Path] = {}
        for folder in reversed(candidates):
            found |= _photos_in(folder, False)
        return found


def _photos_in(folder: Path, deep: bool) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    if deep:
        return {f.stem: f for f in sorted(folder.rglob("*")) if is_photo_name(f.name)}
    with os.scandir(folder) as scan:
        return {PurePath(e.name).stem: folder / e.name for e in scan if is_photo_name(e.name)}


class _Sizes(Mapping[str, tuple[int, int]]):
    """Sizes by stem, read from the photos' headers when they are asked for; an unreadable photo has none."""

    def __init__(self, photos: Mapping[str, Path]) -> None:
        self._photos = photos
        self._known: dict[str, tuple[int, int] | None] = {}

    def __getitem__(self, stem: str) -> tuple[int, int]:
        from app.common.images import photo_size

        if stem not in self._known:
            try:
                self._known[stem] = photo_size(self._photos[stem])
            except UserError:
                self._known[stem] = None
        size = self._known[stem]
        if size is None:
            raise KeyError(stem)
        return size

    def __iter__(self) -> Iterator[str]:
        return iter(self._photos)

    def __len__(self) -> int:
        return len(self._photos)


class _Beside:
    """The context of each file of a set."""

    def __init__(self, format: Format, root: Path, images: Path | None, classes: tuple[str, ...] | None) -> None:
        self._format = format
        self._root = root
        self._photos = _Photos(images)
        self._classes = classes
        self._contexts = cache(self._at)  # once a place: it may hold 100,000 photos
        self._lists = cache(lambda folder: classes_beside(folder / CLASS_LIST, root))
        self._keypoints = cache(lambda folder: keypoints_beside(folder / CLASS_LIST, root))

    def of(self, file: Path) -> Context:
        context = self._contexts(self._photos.place(file))
        if self._format != "yolo":
            return context
        classes = self._lists(file.parent) if self._classes is None else self._classes
        return replace(context, classes=classes, keypoints=self._keypoints(file.parent))

    def _at(self, place: Path) -> Context:
        photos = self._photos.at(place)
        return Context(sizes=_Sizes(photos), names={stem: path.name for stem, path in photos.items()})


def _root(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _named(given: str, root: Path, file: Path) -> str:
    """As it was given, and the part below it."""
    return os.path.join(given, file.relative_to(root)) if Path(given) != file else given  # noqa: PTH118 ("./" is kept)


# -- from one format to another ----------------------------------------------------------------------------------------


def convert(
    source: str,
    out: Path,
    from_format: Format,
    to_format: Format,
    images: Path | None = None,
    class_file: Path | None = None,
    progress: Progress | None = None,
) -> Converted:
    """Write what is at ``source`` as another format into the folder ``out``; files that cannot be read are told.

    Swapped corners are put right, and parts outside cut where the photo's size is known, from the file or the photo;
    YOLO needs it. ``class_file``: YOLO's list, for reading or for writing; without it a list beside the files, else
    the file's own order, else that of the first appearance. Folders within ``source`` are kept; formats of whole sets
    say them where photos of one name would be mixed up else.

    Raises:
        UserError: ``annotations_missing``, ``file_missing`` for the photos' folder, ``output_is_input``; those of
            writing files.
    """
    path = Path(source)
    if images is not None and not images.is_dir():
        raise UserError("file_missing", file=str(images))
    files = files_of(path, from_format)
    if out.resolve() == _root(path).resolve():
        raise UserError("output_is_input", path=str(out))
    classes = read_classes(bytes_of(class_file), class_file.name) if class_file else None
    beside = _Beside(from_format, _root(path), images, classes)
    found = _Found()
    for number, file in enumerate(files, 1):
        name = _named(source, _root(path), file)
        try:
            found.take(file, name, beside.of(file), from_format, to_format, _root(path))
        except UserError as error:
            found.failed.append((name, error))
        if progress:
            progress(number, len(files))
    order = tuple(dict.fromkeys((*(classes or ()), *found.classes)))
    groups = found.groups
    if from_format in WHOLE_SET and to_format not in WHOLE_SET:
        groups = _by_folder(groups.get(Path(), []))
    _write(groups, out, to_format, Context(order))
    return Converted(found.images, found.boxes, tuple(found.failed))


@dataclass(slots=True)
class _Found:
    groups: dict[Path, list[Page]] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)
    failed: list[tuple[str, UserError]] = field(default_factory=list)
    images: int = 0
    boxes: int = 0

    def take(self, file: Path, name: str, context: Context, source: Format, target: Format, root: Path) -> None:
        sheet = read(source, bytes_of(file), file.name, context)
        self.classes |= dict.fromkeys(sheet.classes)
        below = file.parent.relative_to(root) if not {source, target} & WHOLE_SET else Path()
        for page in sheet.pages:
            whole = _settled(page, file, context, source)
            if target in WHOLE_SET and source not in WHOLE_SET:
                whole = replace(whole, image=(file.parent.relative_to(root) / whole.photo_name).as_posix())
            if target == "yolo" and whole.shapes and not (whole.width and whole.height):
                item = name if len(sheet.pages) == 1 else f"{name}: {page.photo_name}"
                self.failed.append((item, UserError("photo_size_unknown", file=whole.photo_name)))
                continue
            self.classes |= dict.fromkeys(s.label for s in whole.shapes)
            self.groups.setdefault(below, []).append(whole)
            self.images += 1
            self.boxes += len(whole.shapes)


def _by_folder(pages: Sequence[Page]) -> dict[Path, list[Page]]:
    """A whole set's pages, those of photos of one name in the folders that it says."""
    groups: dict[Path, list[Page]] = {}
    for page, name in zip(pages, names_apart(pages), strict=True):
        groups.setdefault(Path(name).parent, []).append(page)
    return groups


def _settled(page: Page, file: Path, context: Context, source: Format) -> Page:
    """The page with its photo's name and size, and its boxes put right."""
    stem = PurePath(page.photo_name).stem
    if not stem or (source not in WHOLE_SET and stem not in context.names):
        stem = file.stem
    size = (page.width, page.height) if page.width and page.height else context.sizes.get(stem, (0, 0))
    shapes = []
    for shape in page.shapes:
        box = box_of(shape, *size)
        shapes.append(shape._replace(corners=(box.x0, box.y0, box.x1, box.y1)))
    return Page(page.image or context.names.get(stem, stem), *size, tuple(shapes), page.verified)


def _write(groups: Mapping[Path, Sequence[Page]], out: Path, format: Format, context: Context) -> None:
    for below, pages in groups.items() or [(Path(), ())]:
        folder = out / below
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(error, folder) from error
        for name, data in fresh(format, pages, context).items():
            write_atomically(folder / name, data)


# -- checking --------------------------------------------------------------------------------------------------------


def check_files(path: str, format: Format, fix: bool, progress: Progress | None = None) -> CheckResult:
    """The findings in the files behind ``path``; with ``fix`` what can be put right is. Before a damaged file is made
    readable a copy of it is kept beside it, as ``NAME.damaged``.

    Raises:
        UserError: ``annotations_missing``; those of writing files.
    """
    root = _root(Path(path))
    files = files_of(Path(path), format)
    beside = _Beside(format, root, None, None)
    problems: list[FileProblem] = []
    boxes = 0
    for number, file in enumerate(files, 1):
        name = _named(path, root, file)
        try:
            data = bytes_of(file)
            result = checked(format, data, file.name, beside.of(file), fix)
        except UserError as error:
            problems.append(FileProblem(name, Problem(0, "damaged", error.what), fixed=False))
            continue
        problems += [FileProblem(name, problem, is_fixed) for problem, is_fixed in result.problems]
        boxes += result.shapes
        if result.data != data:
            if any(p.code == "damaged" for p, is_fixed in result.problems if is_fixed):
                _keep_copy(file, data)
            write_atomically(file, result.data)
        if progress:
            progress(number, len(files))
    return CheckResult(len(files), boxes, tuple(problems))


def _keep_copy(file: Path, data: bytes) -> None:
    copy = file.with_name(f"{file.name}.damaged")
    number = 2
    while copy.exists():
        copy = file.with_name(f"{file.name}.damaged-{number}")
        number += 1
    write_atomically(copy, data)
