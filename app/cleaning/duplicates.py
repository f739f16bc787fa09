"""Photos that show the same: copies, one lesion photographed again, one patient under two codes.

Candidates come from codes that two photos share (``landmarks``, ``likeness``); each is then laid on the other, pixel
on pixel (``matching``). A copy keeps structure and colours, however it was cropped, turned, mirrored, rescaled,
recompressed or stamped; another photo of the lesion keeps the structure but neither light nor exact shape.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.cleaning.alignment import Alignment
from app.cleaning.comparing import Context
from app.cleaning.duplicate_words import best_of, how_it_differs, stamped
from app.cleaning.examining import Examined
from app.cleaning.findings import FLOOR, Finding
from app.cleaning.likeness import frame_hashes, frame_likeness, nearest_frames
from app.cleaning.likeness_index import shared_codes
from app.cleaning.looks import Look, look
from app.cleaning.matching import align
from app.cleaning.subject import Subject
from app.common.errors import UserError

VERSION = 2
"""Raised when verdicts on pairs change; remembered ones of another version are found anew."""
FEWEST = 2  # codes that two photos must share; one is enough among FEW photos
FEW, MANY = 1500, 10_000  # photos; above MANY frames are looked up by their hashes instead of all with all
MOST = 10  # candidates of one photo: those that share most
MOST_OF_PATIENT = 12  # photos; all of them are compared with each other
MOST_FRAMES = 2  # of one photo whose whole frames look most alike
FRAME_LIKENESS = 0.88  # of the lowest frequencies, for frames that share no landmarks
STRONG = 0.5  # pairs from this score on hold a group together; a weaker one only ties a photo that has no other
CHUNK, KEPT = 48, 300  # pairs compared between two reports; photos held ready

Ids = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """Two photos that belong together."""

    pair: Ids
    score: float
    alignment: Alignment | None = None


def find(photos: Sequence[Examined], context: Context) -> Mapping[int, Sequence[Finding]]:
    """Findings of the checks exact_duplicate, near_duplicate, same_lesion, patient_duplicate, by photo."""
    by_id = {p.photo.id: p for p in photos}
    copies = _by(photos, lambda p: p.sha256)
    exact = [Link((group[0], other), 1.0) for group in copies.values() for other in group[1:]]
    singles = [by_id[group[0]] for group in copies.values()]
    near, scenes = [], []
    for pair, alignment in _verdicts(singles, context):
        near.append(Link(pair, near_score(alignment), alignment))
        if near[-1].score < STRONG:
            scenes.append(Link(pair, scene_score(alignment), alignment))
    near = [*near, *_copied(near, copies, by_id)]
    found: dict[int, list[Finding]] = defaultdict(list)
    _add(found, "exact_duplicate", exact, by_id)
    _add(found, "near_duplicate", near, by_id)
    lesions = [link for link in scenes if not _two_patients(link.pair, by_id)]
    _add(found, "same_lesion", [*_known_lesions(photos), *lesions], by_id)
    suspects = [link for link in (*exact, *near, *scenes) if _two_patients(link.pair, by_id)]
    _add(found, "patient_duplicate", [*suspects, *_equal_records(photos)], by_id)
    return found


def near_score(alignment: Alignment) -> float:
    """1: a copy; 0.5: about what the worst recompression leaves; 0: another picture."""
    retouched = alignment.same_frame and alignment.likeness > 0.95  # no second shot has the same frame
    apart = alignment.colour / (60.0 if retouched else 8.0)
    return 1 / (1 + (apart + (1 - alignment.likeness) / 0.5) ** 2)


def scene_score(alignment: Alignment) -> float:
    """How surely two photos show the same spot of skin: by keypoints in place and by structure."""
    if alignment.same_frame:  # no copy, and no second shot: what agrees is a banner that was laid over both
        return 0.0
    witnesses = min(1.0, alignment.agreeing / 20)
    return max(0.0, min(1.0, alignment.likeness * (0.4 + 0.6 * witnesses)))


def _by(photos: Iterable[Examined], key: Callable[[Examined], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for examined in sorted(photos, key=lambda p: p.photo.id):
        if name := key(examined):
            groups[name].append(examined.photo.id)
    return groups


def _verdicts(photos: Sequence[Examined], context: Context) -> Iterator[tuple[Ids, Alignment]]:
    """Every pair that can be laid on each other, ascending. What was compared before is not compared again."""
    by_id = {p.photo.id: p for p in photos}
    candidates = sorted(_candidates(photos))
    stamps = {pair: _stamp(by_id[pair[0]], by_id[pair[1]]) for pair in candidates}
    fresh = [p for p in candidates if p not in context.pairs or context.pairs[p].get("stamp") != stamps[p]]
    looks: OrderedDict[int, Look | None] = OrderedDict()
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="pairs") as pool:
        for start in range(0, len(fresh), CHUNK):
            context.progress(start, len(fresh))
            chunk = fresh[start : start + CHUNK]
            wanted = sorted({i for pair in chunk for i in pair} - set(looks))
            looks.update(zip(wanted, pool.map(lambda i: _look(by_id[i]), wanted), strict=True))
            for pair in chunk:
                looks.move_to_end(pair[0])
                looks.move_to_end(pair[1])
            readable = [pair for pair in chunk if looks[pair[0]] is not None and looks[pair[1]] is not None]
            aligned = pool.map(lambda p: _aligned(looks[p[0]], looks[p[1]]), readable)
            for pair, found in zip(readable, aligned, strict=True):
                context.pairs[pair] = {"stamp": stamps[pair], "alignment": found.as_json() if found else None}
            while len(looks) > KEPT:
                looks.popitem(last=False)
    for pair in candidates:
        verdict: Mapping[str, Any] = context.pairs.get(pair, {})
        if verdict.get("stamp") == stamps[pair] and verdict["alignment"] is not None:
            yield pair, Alignment.from_json(verdict["alignment"])


def _stamp(a: Examined, b: Examined) -> str:
    return hashlib.sha256(f"{VERSION}:{a.sha256}:{b.sha256}".encode()).hexdigest()[:32]


def _look(examined: Examined) -> Look | None:
    """None where the file is gone meanwhile."""
    try:
        subject = Subject.read(examined.photo.path)
        return look(subject.small, subject.width)
    except UserError:
        return None


def _aligned(a: Look | None, b: Look | None) -> Alignment | None:
    return align(a, b) if a is not None and b is not None else None


def _candidates(photos: Sequence[Examined]) -> set[Ids]:
    """Pairs of ids, the smaller first."""
    ordered = sorted(photos, key=lambda p: p.photo.id)
    ids = np.array([p.photo.id for p in ordered], np.int64)
    spots = [np.frombuffer(p.blob("landmarks") or b"", np.uint64) for p in ordered]
    pairs, shared = shared_codes(*_flat(spots), fewest=1 if len(ids) <= FEW else FEWEST)
    pairs = pairs[_foremost(pairs, shared, len(ids))]
    frames = _alike_frames([p.blob("likeness") or b"" for p in ordered])
    found = {(int(ids[a]), int(ids[b])) for a, b in np.concatenate([pairs, frames])}
    for group in _by(ordered, lambda p: p.photo.patient or "").values():  # of one patient all that are not too many
        found |= set(combinations(group, 2)) if len(group) <= MOST_OF_PATIENT else set()
    return found


def _alike_frames(blobs: Sequence[bytes]) -> NDArray[np.int64]:
    """Pairs of places in ``blobs`` whose whole frames look alike, turned or mirrored."""
    if len(blobs) <= MANY:
        return nearest_frames(blobs, MOST_FRAMES, FRAME_LIKENESS)
    pairs, _ = shared_codes(*frame_hashes(blobs))
    alike = frame_likeness(blobs, pairs)
    pairs, alike = pairs[alike >= FRAME_LIKENESS], alike[alike >= FRAME_LIKENESS]
    return pairs[_foremost(pairs, alike, len(blobs))]


def _flat(codes: Sequence[NDArray[np.uint64]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    owners = np.repeat(np.arange(len(codes)), [len(c) for c in codes])
    return (np.concatenate(codes) if codes else np.zeros(0, np.uint64)), owners


def _foremost(pairs: NDArray[np.int64], weight: NDArray[np.int64] | NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """The pairs that are among the ``MOST`` weightiest of either photo."""
    taken = np.zeros(n, np.int64)
    kept = []
    for at in np.argsort(-weight, kind="stable"):
        a, b = pairs[at]
        if taken[a] < MOST or taken[b] < MOST:
            kept.append(at)
            taken[a] += 1
            taken[b] += 1
    return np.array(sorted(kept), np.int64)


def _copied(near: Sequence[Link], copies: Mapping[str, Sequence[int]], by_id: Mapping[int, Examined]) -> list[Link]:
    """A photo's exact copies are near copies of whatever it is a near copy of."""
    more = []
    for link in near:
        first, second = (copies[by_id[i].sha256] for i in link.pair)
        more += [Link(_pair(link.pair[0], i), link.score, link.alignment) for i in second[1:]]
        more += [Link(_pair(link.pair[1], i), link.score, link.alignment) for i in first[1:]]
    return more


def _pair(a: int, b: int) -> Ids:
    return (a, b) if a < b else (b, a)


def _two_patients(pair: Ids, by_id: Mapping[int, Examined]) -> bool:
    first, second = (by_id[i].photo.patient for i in pair)
    return bool(first and second and first != second)


def _known_lesions(photos: Iterable[Examined]) -> list[Link]:
    def key(p: Examined) -> str:
        return f"{p.photo.patient or ''}\n{p.photo.lesion}" if p.photo.lesion else ""

    return [Link((g[0], other), 1.0) for g in _by(photos, key).values() for other in g[1:]]


def _equal_records(photos: Sequence[Examined]) -> list[Link]:
    """Photos of two patients whose age, sex, site and pathology text are the same, word for word."""
    by_id = {p.photo.id: p for p in photos}

    def key(p: Examined) -> str:
        facts = p.photo.facts or {}
        pathology = " ".join(str(facts.get("pathology") or "").split()).casefold()
        told = [str(facts[name]) for name in ("age", "sex", "site") if facts.get(name) not in (None, "")]
        return "\n".join([*told, pathology]) if len(told) == 3 and len(pathology) >= 12 and p.photo.patient else ""

    links = [Link((g[0], other), 0.7) for g in _by(photos, key).values() for other in g[1:]]
    strangers = {by_id[i].sha256 for link in links for i in link.pair if _two_patients(link.pair, by_id)}
    return [link for link in links if strangers.intersection(by_id[i].sha256 for i in link.pair)]


def _add(found: dict[int, list[Finding]], check: str, links: Iterable[Link], by_id: Mapping[int, Examined]) -> None:
    """A finding for each member of each group that ``links`` make."""
    links = list(links)
    direct = {link.pair: link for link in links if link.score >= STRONG}
    for members in groups(links):
        ids = sorted(members)
        name = f"{check}:{min(by_id[i].sha256 for i in ids)[:16]}"
        marked = {n.pair[stamped(n.alignment) - 1] for n in members.values() if n.alignment and stamped(n.alignment)}
        best = best_of([by_id[i] for i in ids], marked)
        for i in ids:
            link = direct.get(_pair(i, best), members[i])
            why, facts = how_it_differs(check, by_id[i], best, len(ids), link.pair, link.alignment)
            found[i].append(Finding(check, members[i].score, why, facts, group=name))


def groups(links: Iterable[Link]) -> list[dict[int, Link]]:
    """Photos that belong together, each with the strongest link it has; strong links first, so that a weak one never
    ties two groups that strong ones made."""
    member: dict[int, set[int]] = {}
    best: dict[int, Link] = {}
    for link in sorted(links, key=lambda n: (-n.score, n.pair)):
        if link.score < FLOOR:
            break
        a, b = (member.get(i) for i in link.pair)
        if a is not None and b is not None and (a is b or link.score < STRONG):
            continue
        joined = (a or set()) | (b or set()) | set(link.pair)
        for i in joined:
            member[i] = joined
        for i in link.pair:
            best.setdefault(i, link)
    unique = {id(m): m for m in member.values()}
    return [{i: best[i] for i in m} for m in sorted(unique.values(), key=min)]
