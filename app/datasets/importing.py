"""Photos into the workspace: copied into its media folder, or linked where they lie. Originals are never written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK, load_pack
from app.common.photo_files import readable, walk_photos

if TYPE_CHECKING:
    from app.common.workspace import Workspace
    from app.datasets.store import Store


@dataclass(frozen=True, slots=True)
class Given:
    """One photo behind what a person named: ``name`` is their path, plus the part below it for a folder.

    ``problem`` says why a folder under it could not be walked; ``path`` is that folder then.
    """

    name: str
    path: Path
    problem: UserError | None = None


@dataclass(frozen=True, slots=True)
class ImportResult:
    imported: int
    already_there: int
    failed: tuple[tuple[str, UserError], ...]


def given_photos(paths: Sequence[str]) -> Iterator[Given]:
    """The photos behind ``paths`` in the order given; folders recursively, each in natural order."""
    for given in paths:
        root = Path(given)
        if not os.path.isdir(root):  # noqa: PTH112 (False, not an error, for a name that is too long)
            yield Given(given, root)
            continue
        problems: list[UserError] = []
        for path in walk_photos([root], problems.append):
            yield from _unwalked(given, root, problems)
            yield Given(_below(given, root, path), path)
        yield from _unwalked(given, root, problems)


def import_photos(
    store: Store,
    workspace: Workspace,
    paths: Sequence[str],
    actor: str,
    pack: str = DEFAULT_PACK,
    link: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportResult:
    """Import every photo that can be read whole; the rest is told, one error each.

    A photo whose bytes the workspace has already, under whatever name, is not imported again; if it lies in the trash,
    it is put back, which counts as imported. Each photo is a
    transaction of its own, so what was done before a crash or a cancel stays.

    Raises:
        UserError: ``no_such_pack``, ``not_allowed``, or the database's.
    """
    load_pack(pack, workspace.packs)
    _check_right(store, actor)
    imported = already = 0
    failed: list[tuple[str, UserError]] = []
    for number, given in enumerate(given_photos(paths), start=1):
        try:
            if given.problem is not None:
                raise given.problem
            is_new = _import_one(store, workspace, given.path, actor, pack, link)
        except UserError as error:
            failed.append((given.name, error))
        else:
            imported += is_new
            already += not is_new
        if progress:
            progress(number)
    return ImportResult(imported, already, tuple(failed))


def _check_right(store: Store, actor: str) -> None:
    from app.datasets.people import require

    with store.write(actor) as session:
        require(session, "import")


def _import_one(store: Store, workspace: Workspace, path: Path, actor: str, pack: str, link: bool) -> bool:
    from app.common.files import write_atomically, write_error
    from app.common.images import is_synthetic, read_photo
    from app.datasets.images import add_image, complete_image, find_by_sha256, image_rows, link_images
    from app.datasets.records import NewImage

    photo = read_photo(path)  # whole: a truncated file is found now, not in a study
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    with store.read() as session:
        known = find_by_sha256(session, sha256)
        in_trash = known is not None and not image_rows(session, (known,))
    if known is not None:
        return in_trash and _put_back(store, known, actor)
    synthetic = is_synthetic(data)
    if link:
        with store.write(actor) as session:
            (image_id,) = link_images(session, [path], pack)
            complete_image(session, image_id, photo.width, photo.height, synthetic, sha256)
        return True
    inside = f"imported/{sha256[:2]}/{sha256}{path.suffix.lower()}"
    target = workspace.media / inside
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, target.parent) from error
    write_atomically(target, data)
    new = NewImage(
        readable(path.name), inside, sha256=sha256, width=photo.width, height=photo.height, synthetic=synthetic
    )
    with store.write(actor) as session:
        add_image(session, new, pack)
    return True


def _put_back(store: Store, image_id: int, actor: str) -> bool:
    from app.datasets.trash import restore_images

    with store.write(actor) as session:
        return bool(restore_images(session, (image_id,)))


def _unwalked(given: str, root: Path, problems: list[UserError]) -> Iterator[Given]:
    """The folders under ``root`` that could not be opened; the list is emptied."""
    for problem in problems:
        folder = Path(str(problem.facts["path"]))
        yield Given(_below(given, root, folder), folder, problem)
    problems.clear()


def _below(given: str, root: Path, path: Path) -> str:
    """As it was given ("./" is kept), and the part below it."""
    return given if path == root else os.path.join(given, path.relative_to(root))  # noqa: PTH118
