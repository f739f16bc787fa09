"""What in a photo's file, beside its pixels, may tell whose skin it is: the check ``exif_identity``.

A finding names kinds ("GPS position"), never what was found. Anonymous exports leave all of it out.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from app.cleaning import embedded, file_names
from app.cleaning.findings import Finding, Found
from app.cleaning.subject import Subject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL = "thumbnail"
# Kind -> how much it tells, and its words. From 0.5 on it is a finding by default: somebody can be known by it alone.
_KINDS = {
    file_names.ID_NUMBER: (1.0, "check.exif_identity.id_number"),
    embedded.PERSON: (0.98, "check.exif_identity.person"),
    embedded.GPS: (0.95, "check.exif_identity.gps"),
    file_names.PHONE: (0.92, "check.exif_identity.phone"),
    file_names.RECORD: (0.9, "check.exif_identity.record"),
    THUMBNAIL: (0.85, "check.exif_identity.thumbnail"),
    embedded.FILM: (0.8, "check.exif_identity.film"),
    file_names.NAME: (0.75, "check.exif_identity.called"),
    embedded.OWNER: (0.7, "check.exif_identity.owner"),
    embedded.PLACE: (0.65, "check.exif_identity.place"),
    embedded.TEXT: (0.6, "check.exif_identity.text"),
    embedded.SERIAL: (0.58, "check.exif_identity.serial"),
    embedded.HOST: (0.52, "check.exif_identity.host"),
    file_names.WORDS_LIKE_NAME: (0.4, "check.exif_identity.name_words"),
    embedded.MAKER: (0.3, "check.exif_identity.maker"),
    embedded.DATE: (0.15, "check.exif_identity.date"),
}
_ALIKE = 0.8  # correlation from which a thumbnail shows the photo
_CLOSE = 10.0  # mean difference, of 255, up to which it shows the photo anyway: plain skin correlates with nothing
_SHAPE = 0.06  # relative difference of the sides' ratio from which it shows more or less than the photo
_GRID = 16


def examine(subject: Subject) -> Found:
    kinds = identity_kinds(subject)
    if not kinds:
        return Found()
    from app.common.words import catalogue

    words = [catalogue()[_KINDS[kind][1]] for kind in kinds]
    what = {"en": "; ".join(w["en"] for w in words), "zh": "；".join(w["zh"] for w in words)}
    return Found((Finding("exif_identity", _KINDS[kinds[0]][0], "check.exif_identity.why", {"what": what}),))


def identity_kinds(subject: Subject) -> tuple[str, ...]:
    """Keys of what was found, the most telling first."""
    from app.common.image_headers import open_picture

    picture = open_picture(io.BytesIO(subject.data), subject.name)
    kinds = {*file_names.said_by_name(subject.name), *embedded.kinds_in(subject.data, picture)}
    small = embedded.thumbnail(picture)
    if small is not None and _shows_else(small, subject, embedded.orientation(picture)):
        kinds.add(THUMBNAIL)
    return tuple(sorted(kinds, key=lambda kind: -_KINDS[kind][0]))


def _shows_else(small: bytes, subject: Subject, orientation: int) -> bool:
    """Whether a thumbnail is of another picture, as when the photo was cropped or painted over later."""
    import cv2
    import numpy as np

    found = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if found is None:
        return False
    thumb = _upright(_without_bars(np.asarray(found, np.uint8)), orientation)
    photo = subject.small
    ratio = (thumb.shape[1] / thumb.shape[0]) / (photo.shape[1] / photo.shape[0])
    if abs(np.log(ratio)) > _SHAPE:
        return True
    a, b = (_coarse(p) for p in (thumb, photo))
    if float(np.abs(a - b).mean()) < _CLOSE:
        return False
    return min(a.std(), b.std()) == 0 or float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < _ALIKE


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    import numpy as np

    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    quarters = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def _without_bars(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cameras fit their thumbnails into 4:3 with black bars."""
    import numpy as np

    bright = pixels.max(axis=2) > 24
    rows, columns = np.flatnonzero(bright.mean(1) > 0.05), np.flatnonzero(bright.mean(0) > 0.05)
    if not len(rows) or not len(columns):
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(pixels, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.float32)
