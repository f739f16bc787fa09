"""A plan of patches into files: one folder per disease, and ``patches.csv``, which traces each one back."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.cells import plain_cell, safe_cell
from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.images import encode_jpeg, read_photo
from app.common.masking import GREY, masked
from app.datasets.patches import Patch, PatchOptions, PatchPlan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLE = "patches.csv"
COLUMNS = (
    "patch",
    "disease",
    "patient",
    "photo",
    "photo_id",
    "photo_sha256",
    "photo_width",
    "photo_height",
    "box_id",
    *("x0", "y0", "x1", "y1"),
    "annotator",
    *("cut_x0", "cut_y0", "cut_x1", "cut_y1"),
    *("left", "top"),
    *("width", "height"),
)
"""``x0`` ... ``y1``: the box, float pixels of the upright photo; ``cut_*``: what was cut out of it, whole pixels;
``left``, ``top``: where in the patch the cut begins (0 without padding); ``width``, ``height``: of the patch."""
QUALITY = 95
_THREADS = 2


@dataclass(frozen=True, slots=True)
class PatchResult:
    """``failed``: photos that could not be read, by name; their patches are missing."""

    patches: int
    per_disease: dict[str, int]
    patients: int
    failed: tuple[tuple[str, UserError], ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    patch: Patch
    row: tuple[object, ...]


def write_patches(plan: PatchPlan, out: Path, progress: Callable[[int, int], object] = lambda *_: None) -> PatchResult:
    """Cut the patches of a plan and write them under ``out``; what an earlier call wrote there goes first.

    Each photo is decoded once, at full scale. The table is written last: a folder without it is unfinished. Stopped by
    an error (also one that ``progress`` raises), it takes back what it has written.

    Args:
        progress: called with photos done and photos in all, in the caller's thread.

    Raises:
        UserError: those of writing files.
    """
    _clear(out)
    photos: defaultdict[int, list[Patch]] = defaultdict(list)
    for patch in plan.patches:
        photos[patch.image_id].append(patch)
    for folder in {(out / p.name).parent for p in plan.patches}:
        _make(folder)
    written: list[_Written] = []
    failed: list[tuple[str, UserError]] = []
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="patches")
    try:
        for n, answer in enumerate(pool.map(lambda of: _photo(of, plan.options, out), photos.values()), start=1):
            if isinstance(answer, UserError):
                failed.append((list(photos.values())[n - 1][0].photo, answer))
            else:
                written += answer
            progress(n, len(photos))
        place = {p.name: k for k, p in enumerate(plan.patches)}
        written.sort(key=lambda w: place[w.patch.name])
        write_atomically(out / TABLE, _table([w.row for w in written]))
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        _remove(out, [p.name for p in plan.patches])
        raise
    pool.shutdown()
    counted = Counter(w.patch.disease for w in written)
    patients = len({w.patch.patient or f"photo {w.patch.image_id}" for w in written})
    return PatchResult(len(written), {d: counted[d] for d in plan.per_disease}, patients, tuple(failed))


def cut_patch(pixels: NDArray[np.uint8], patch: Patch, options: PatchOptions) -> NDArray[np.uint8]:
    """The patch out of its photo (H, W, 3, uint8 RGB, upright, full scale), as (h, w, 3)."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = patch.region(options.margin, width, height)
    cut = pixels[y0:y1, x0:x1]
    left, top, right, bottom = _edges(x1 - x0, y1 - y0, options)
    if left or top or right or bottom:
        grey = (GREY, GREY, GREY)
        cut = np.asarray(cv2.copyMakeBorder(cut, top, bottom, left, right, cv2.BORDER_CONSTANT, value=grey), np.uint8)
    return np.ascontiguousarray(cut)


def _edges(width: int, height: int, options: PatchOptions) -> tuple[int, int, int, int]:
    """What padding adds left, top, right and bottom."""
    if options.padding == "none":
        return 0, 0, 0, 0
    more_x, more_y = max(height - width, 0), max(width - height, 0)
    return more_x // 2, more_y // 2, more_x - more_x // 2, more_y - more_y // 2


def _photo(patches: Sequence[Patch], options: PatchOptions, out: Path) -> list[_Written] | UserError:
    """All patches of one photo; the error, if it cannot be read. An error of writing is raised."""
    one = patches[0]
    try:
        photo = read_photo(one.file)
        sha256 = _sha256(one.file)
    except UserError as error:
        return error
    if one.width is not None and (photo.width, photo.height) != (one.width, one.height):
        return UserError("photo_resized", file=one.photo)
    written = []
    pixels = masked(photo.pixels, one.masks)
    for patch in patches:
        _write(out / patch.name, _encoded(cut_patch(pixels, patch, options), options))
        written.append(_Written(patch, _row(patch, options, photo.width, photo.height, sha256)))
    return written


def _sha256(file: Path) -> str:
    """Of the file as it lies there now: a linked photo may have been replaced since it was registered."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UserError("file_unreadable", file=file.name, reason=error.strerror or type(error).__name__) from error


def _row(patch: Patch, options: PatchOptions, width: int, height: int, sha256: str) -> tuple[object, ...]:
    x0, y0, x1, y1 = patch.region(options.margin, width, height)
    left, top, right, bottom = _edges(x1 - x0, y1 - y0, options)
    return (
        patch.name,
        patch.disease,
        patch.patient or "",
        patch.photo,
        patch.image_id,
        sha256,
        width,
        height,
        patch.box_id,
        *patch.box.as_list(),
        patch.annotator,
        *(x0, y0, x1, y1),
        *(left, top),
        *(x1 - x0 + left + right, y1 - y0 + top + bottom),
    )


def _encoded(pixels: NDArray[np.uint8], options: PatchOptions) -> bytes:
    """PNG or JPEG with nothing but the pixels in it: no EXIF, no name."""
    import cv2

    if options.encoding == "jpg":
        return encode_jpeg(pixels, QUALITY)
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return bytes(cv2.imencode(".png", pixels[..., ::-1], fast)[1])


def _write(path: Path, data: bytes) -> None:
    """Without waiting for the disk each time: the table, written last, vouches for the whole."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise write_error(error, path) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error


def _clear(out: Path) -> None:
    """Take away the patches that an earlier call wrote here, by its table."""
    table = out / TABLE
    if not table.is_file():
        return
    with contextlib.suppress(UnicodeDecodeError, csv.Error):
        rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
        _remove(out, [plain_cell(row["patch"]) for row in rows if row.get("patch")])
    with contextlib.suppress(OSError):
        table.unlink()


def _remove(out: Path, names: Sequence[str]) -> None:
    """Only files of our own kind, one folder down."""
    folders = set()
    for name in names:
        file = out / name
        if len(Path(name).parts) == 2 and ".." not in Path(name).parts and not Path(name).is_absolute():
            folders.add(file.parent)
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
    for folder in (*folders, out):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _table(rows: Sequence[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
