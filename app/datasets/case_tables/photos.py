"""Which photos of the workspace a row of a table means: by file names, by a folder, or by a pattern of names."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.datasets.images import MEDIA
from db.tables import Image

_BETWEEN_NAMES = re.compile(r"[;\uff1b|\u3001\n,\uff0c]")
Wish = tuple[str, str]
"""A row's patient and visit ("": none)."""


@dataclass(frozen=True, slots=True)
class TiedPhoto:
    """``parts``: the folded path from the root, for a copy in the workspace only its own name (its folder is ours)."""

    id: int
    name: str
    parts: tuple[str, ...]
    case_id: int | None


class Photos:
    """The photos that are not in the trash."""

    def __init__(self, session: Session) -> None:
        columns = (Image.id, Image.name, Image.path, Image.linked, Image.case_id)
        self.by_id: dict[int, TiedPhoto] = {}
        self._names: defaultdict[str, list[TiedPhoto]] = defaultdict(list)
        self._stems: defaultdict[str, list[TiedPhoto]] = defaultdict(list)
        self._folders: defaultdict[str, list[tuple[TiedPhoto, int]]] | None = None
        media = str(session.info[MEDIA])
        for id_, name, path, linked, case_id in session.execute(
            select(*columns).where(Image.trashed.is_(None)).order_by(Image.id)
        ):
            copied = not linked and path.startswith("imported/")
            parts = (_folded(name),) if copied else _parts(path if linked else f"{media}/{path}")
            photo = TiedPhoto(id_, name, parts, case_id)
            self.by_id[id_] = photo
            self._names[_folded(name)].append(photo)
            self._stems[_stem(_folded(name))].append(photo)

    def named(self, cell: str) -> tuple[int, ...]:
        """The photos that a cell names, several divided by semicolons, commas or lines.

        Raises:
            UserError: ``case_photo_missing``, ``case_photo_ambiguous``.
        """
        whole = self._matching(cell)
        if len(whole) == 1:
            return (whole[0].id,)
        found = [self._one(word.strip()) for word in _BETWEEN_NAMES.split(cell) if word.strip()]
        return tuple(dict.fromkeys(photo.id for photo in found))

    def in_folder(self, cell: str) -> tuple[int, ...]:
        """The photos in and below the folder whose path ends like ``cell``.

        Raises:
            UserError: ``case_photo_missing``; ``case_photo_ambiguous`` when several folders are called so.
        """
        wanted = _parts(cell)
        places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for photo, at in self._folder_index().get(wanted[-1], []) if wanted else []:
            folder = photo.parts[: at + 1]
            if folder[-len(wanted) :] == wanted:
                places[folder].append(photo.id)
        outer = [f for f in places if not any(f != g and f[: len(g)] == g for g in places)]
        if not outer:
            raise UserError("case_photo_missing", photo=cell[:200])
        if len(outer) > 1:
            raise UserError("case_photo_ambiguous", photo=cell[:200], n=len(outer))
        return tuple(dict.fromkeys(places[outer[0]]))

    def fitting(self, pattern: str, wishes: Iterable[Wish]) -> dict[Wish, list[int]]:
        """For every row's (patient, visit) the photos whose path ends as the pattern says, with any file extension.

        A code never fits inside a longer one: P1 is not in P10.
        """
        depth = len(_parts(pattern))
        of_patient: defaultdict[str, set[Wish]] = defaultdict(set)
        for wish in wishes:
            of_patient[_folded(wish[0])].add(wish)
        lengths = sorted({len(code) for code in of_patient})
        fits = _Pattern(pattern)
        found: dict[Wish, list[int]] = {wish: [] for group in of_patient.values() for wish in group}
        for photo in self.by_id.values():
            if len(photo.parts) < depth:
                continue
            tail = "/".join(photo.parts[-depth:])
            for code in _codes_in(tail, lengths, of_patient):
                for wish in of_patient[code]:
                    if fits(tail, code, _folded(wish[1])):
                        found[wish].append(photo.id)
        return found

    def _one(self, word: str) -> TiedPhoto:
        found = self._matching(word)
        if not found:
            raise UserError("case_photo_missing", photo=word[:200])
        if len(found) > 1:
            raise UserError("case_photo_ambiguous", photo=word[:200], n=len(found))
        return found[0]

    def _matching(self, word: str) -> Sequence[TiedPhoto]:
        """The photos of that name, of those the ones in the folder that the word tells; the longest agreement wins."""
        wanted = _parts(word)
        if not wanted:
            return []
        found = self._names.get(wanted[-1]) or self._stems.get(wanted[-1], [])
        if len(wanted) == 1:
            return found
        folders = wanted[:-1]
        agreeing = [(_common_tail(p.parts[:-1], folders), p) for p in found]
        most = max((n for n, _ in agreeing), default=0)
        if most:
            return [p for n, p in agreeing if n == most]
        return [p for p in found if len(p.parts) == 1]  # copies: nobody knows the folder that they came from

    def _folder_index(self) -> dict[str, list[tuple[TiedPhoto, int]]]:
        if self._folders is None:
            self._folders = defaultdict(list)
            for photo in self.by_id.values():
                for at, folder in enumerate(photo.parts[:-1]):
                    self._folders[folder].append((photo, at))
        return self._folders


def _codes_in(tail: str, lengths: Sequence[int], codes: Container[str]) -> set[str]:
    pieces = {tail[at : at + n] for n in lengths for at in range(len(tail) - n + 1)}
    return {piece for piece in pieces if piece in codes}


_PATIENT, _VISIT = "\ue000", "\ue001"  # stand for the codes where they were found


class _Pattern:
    """Whether a path's tail fits; one expression for all codes, as compiling one for each takes too long."""

    def __init__(self, pattern: str) -> None:
        words = "/".join(_parts(pattern)).replace("{patient}", _PATIENT).replace("{visit}", _VISIT)
        self._patients, self._visits = words.count(_PATIENT), words.count(_VISIT)
        plain = re.escape(words).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        extension = "" if re.search(r"\.\w+$", pattern) else r"(\.\w+)?"
        self._fits = re.compile(plain + extension).fullmatch

    def __call__(self, tail: str, patient: str, visit: str) -> bool:
        return any(
            self._fits(marked)
            for half in _marked(tail, patient, _PATIENT, self._patients)
            for marked in _marked(half, visit, _VISIT, self._visits)
        )


def _marked(tail: str, code: str, mark: str, times: int) -> Iterator[str]:
    """The tail with the mark in the place of the code, that often; in every way where there are several."""
    if not times:
        yield tail
        return
    if not code:
        return
    places = [
        at for at in range(len(tail) - len(code) + 1) if tail.startswith(code, at) and _whole(tail, at, len(code))
    ]
    for chosen in combinations(places, times):
        marked = tail
        for at in reversed(chosen):
            marked = marked[:at] + mark + marked[at + len(code) :]
        yield marked


def _whole(tail: str, at: int, length: int) -> bool:
    """No digit stands beside the code's digits and no letter beside its letters."""
    before, first, last, after = tail[at - 1 : at], tail[at], tail[at + length - 1], tail[at + length : at + length + 1]
    return not (_same_kind(before, first) or _same_kind(last, after))


def _same_kind(one: str, other: str) -> bool:
    return (one.isdigit() and other.isdigit()) or (
        one.isascii() and other.isascii() and one.isalpha() and other.isalpha()
    )


def _common_tail(a: Sequence[str], b: Sequence[str]) -> int:
    pairs = zip(reversed(a), reversed(b), strict=False)
    return next((n for n, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def _parts(path: str) -> tuple[str, ...]:
    """The folded parts of a path of any platform, without its drive."""
    parts = _folded(path).replace("\\", "/").split("/")
    return tuple(p for p in parts if p not in ("", ".") and not (len(p) == 2 and p[1] == ":"))


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 (100,000 names)


def _folded(name: str) -> str:
    """Names that people take for the same: case, and how accents are composed (macOS), do not matter."""
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
