"""Watermarks, text, rulers and pen found in photos: planted into real ones, and in phantoms that were drawn with them.

    python -m benchmarks.overlays development|test [--full] [--seed 1]

Each photo is seen four times: untouched, with a watermark, with text, and with another fault (blur, light, border,
cast), each time as a JPEG. A finding from the check's threshold on counts as right if that mark was planted into it
(or is in it by nature, where somebody has looked); so one photo in four has each mark. The clinical photos' own site
strip is cut off for this and counted by itself. Thresholds were set on the development part, and what tells watermarks
from text was fitted on it: its figures flatter, those with photos left out stand in ``resources/marks/CARD.md``.

A watermark of letters is text in the photo too: a photo flagged for ``text`` that has one is no false alarm of that
check. The strict figure, where it is one, stands beside it. A caption flagged as a watermark is always one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cleaning.checks import default_thresholds
from app.cleaning.findings import Finding
from app.cleaning.marks import examine
from app.cleaning.subject import Subject
from app.common.images import encode_jpeg, read_photo
from app.common.phantoms import DISTANCES, Nuisances, render
from app.training.learning.samples import half_of
from benchmarks import isic_marks
from benchmarks.clinical_split import photos as clinical
from benchmarks.common import DATA, Share, keep, log_look
from benchmarks.faults import as_file, plant

U8 = NDArray[np.uint8]
OTHERS = ("blur", "motion_blur", "dark", "bright", "low_contrast", "colour_cast", "black_border")
PLANTED = ("watermark", "text")
PHANTOM_SEED = 727001


@dataclass(frozen=True, slots=True)
class Case:
    """A photo as it is shown to the checks; ``has``: marks that it has, ``unknown``: of which nobody knows."""

    source: str
    name: str
    data: bytes
    has: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    changed: U8 | None = None  # H x W, where the planted mark is


@dataclass
class Tally:
    scores: list[tuple[float, bool, bool]] = field(default_factory=list)  # score, is it there, are any letters
    covered: list[float] = field(default_factory=list)
    boxed: list[float] = field(default_factory=list)  # area of the boxes over that of the box round the mark

    def add(self, found: Finding | None, there: bool, letters: bool, changed: U8 | None) -> None:
        self.scores.append((found.score if found else 0.0, there, letters))
        if there and changed is not None and changed.any():
            seen = np.zeros(changed.shape, np.uint8)
            for box in found.boxes if found else ():
                seen[int(box.y0) : int(np.ceil(box.y1)), int(box.x0) : int(np.ceil(box.x1))] = 1
            self.covered.append(float((seen & changed).sum() / changed.sum()))
            _, _, w, h = cv2.boundingRect(changed)
            self.boxed.append(float(seen.sum() / (w * h)))

    def at(self, threshold: float) -> tuple[Share, Share]:
        """Recall and precision."""
        hits = sum(s >= threshold and there for s, there, _ in self.scores)
        return Share(hits, sum(there for _, there, _ in self.scores)), Share(hits, self.flagged(threshold))

    def flagged(self, threshold: float) -> int:
        return sum(s >= threshold for s, _, _ in self.scores)

    def letters(self, threshold: float) -> Share:
        """Of the flagged photos those with letters of either kind over them: the precision of ``text``."""
        return Share(sum(s >= threshold and any_ for s, _, any_ in self.scores), self.flagged(threshold))

    def as_json(self, threshold: float) -> dict[str, Any]:
        recall, precision = self.at(threshold)
        sweep = {f"{t:.2f}": [round(share.value, 3) for share in self.at(t)] for t in np.arange(0.2, 0.96, 0.05)}
        out = {"threshold": threshold, "recall": recall.as_json(), "precision": precision.as_json(), "sweep": sweep}
        out["precision_if_letters_of_either_kind_are_right"] = self.letters(threshold).as_json()
        if self.covered:
            out["mark_covered_by_boxes_mean"] = round(float(np.mean(self.covered)), 3)
            out["boxes_to_mark_area_median"] = round(float(np.median(self.boxed)), 2)
        return out


def without_strip(pixels: U8) -> U8:
    """A clinical photo without its site's strip, and without the small print that some have above it."""
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[: round(height * (0.82 if height > width else 0.9))])


def four_ways(source: str, name: str, pixels: U8, rng: np.random.Generator, **known: frozenset[str]) -> Iterator[Case]:
    has, unknown = known.get("has", frozenset()), known.get("unknown", frozenset())
    yield Case(source, name, as_file(pixels, rng), has, unknown)
    for kind in PLANTED:
        spoilt = plant(kind, pixels, rng)
        changed = (np.abs(spoilt.astype(int) - pixels).max(2) > 8).astype(np.uint8)
        yield Case(source, f"{name}+{kind}", as_file(spoilt, rng), has | {kind}, unknown, changed)
    other = str(rng.choice(OTHERS))
    yield Case(source, f"{name}+{other}", as_file(plant(other, pixels, rng), rng), has, unknown)


def drawn(count: int, seed: int, first: int = 0) -> Iterator[Case]:
    """Phantoms ``first`` to ``count`` with the generator's own nuisances: none, one mark, or what is no mark."""
    marks = (Nuisances(ruler=True), Nuisances(pen_mark=True), Nuisances(watermark=True))
    ways = (Nuisances(), *marks, Nuisances(hair=True, clothing=True))
    for index in range(first, count):
        wanted = ways[index % len(ways)]
        photo = render(seed, index, "AB"[index // len(ways) % 2], DISTANCES[index % 3], (800, 600), wanted)  # type: ignore[arg-type]
        has = frozenset(name for name in ("ruler", "pen_mark", "watermark") if getattr(wanted, name))
        yield Case("phantoms", photo.name, encode_jpeg(photo.pixels, 90), has)


def cases(part: str, rng: np.random.Generator, full: bool) -> Iterator[Case]:
    nobody_looked, owner = frozenset({"ruler", "pen_mark"}), frozenset({"watermark"})
    for path, _ in clinical(part):
        whole = read_photo(path).pixels
        yield Case("clinical, as they are", path.name, path.read_bytes(), owner, nobody_looked | {"text"})
        yield from four_ways("clinical, strip cut off", path.name, without_strip(whole), rng, unknown=nobody_looked)
    if part == "development":
        files = [f for f in sorted((DATA / "isic2016_lesions" / "images").glob("*.jpg")) if half_of(f.name) == "test"]
        for file in files if full else files[::4]:
            named = (("ruler", isic_marks.RULER), ("pen_mark", isic_marks.PEN), ("text", isic_marks.TEXT))
            has = frozenset(kind for kind, names in named if file.stem in names)
            unknown = frozenset({"ruler"}) if file.stem in isic_marks.UNSURE else frozenset()
            yield from four_ways("isic2016", file.name, read_photo(file).pixels, rng, has=has, unknown=unknown)
        yield from drawn(100 if full else 30, PHANTOM_SEED)
        return
    for source, folder, count in (("ham10000", "ham10000_small/images", 200), ("bccd", "bccd_voc/JPEGImages", 20)):
        files = sorted((DATA / folder).glob("*.jpg"))
        for k in rng.permutation(len(files))[: count if full else count // 8]:
            yield from four_ways(source, files[k].name, read_photo(files[k]).pixels, rng, unknown=nobody_looked)
    yield from drawn(60 if full else 30, PHANTOM_SEED + 1)


def rows(part: str, tallies: dict[str, dict[str, Tally]], thresholds: dict[str, float]) -> list[list[str]]:
    out = []
    part = "development (fitted on it)" if part == "development" else part
    for kind, by_source in tallies.items():
        target = ">= 0.90" if kind in PLANTED else ""
        recall, strict = by_source["all"].at(thresholds[kind])
        precision = by_source["all"].letters(thresholds[kind]) if kind == "text" else strict
        out.append([f"Marks over photos, {part}, {kind}: recall", target, str(recall)])
        out.append([f"Marks over photos, {part}, {kind}: precision", target, str(precision)])
        if kind == "text":
            out.append(
                [f"Marks over photos, {part}, text: precision, a watermark's letters counted as wrong", "", str(strict)]
            )
    site = tallies["watermark"]["clinical, as they are"].at(thresholds["watermark"])[0]
    return [*out, [f"Clinical photos, {part}: site's own strip found", "", str(site)]]


def found_in(case: Case) -> tuple[Case, dict[str, Finding]]:
    cv2.setNumThreads(1)
    return case, {finding.check: finding for finding in examine(Subject(case.name, case.data)).findings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("development", "test"))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    thresholds = default_thresholds()
    tallies: dict[str, dict[str, Tally]] = {}
    wrong: dict[str, list[str]] = {}
    with ProcessPoolExecutor(options.processes) as pool:
        seen = list(pool.map(found_in, cases(options.part, np.random.default_rng(options.seed), options.full)))
    for case, findings in seen:
        for kind in ("watermark", "text", "ruler", "pen_mark"):
            if kind in case.unknown:
                continue
            there = kind in case.has
            changed = case.changed if case.name.endswith(f"+{kind}") else None
            found, letters = findings.get(kind), bool(case.has & set(PLANTED))
            for source in (case.source, "all"):
                if source != "all" or not case.source.endswith("as they are"):
                    tallies.setdefault(kind, {}).setdefault(source, Tally()).add(found, there, letters, changed)
            if ((found.score if found else 0) >= thresholds[kind]) != there:
                wrong.setdefault(f"{kind}: {'missed' if there else 'false alarm'}", []).append(
                    f"{case.source}/{case.name} {found.score if found else 0:.2f}"
                )
    result = {
        "rows": rows(options.part, tallies, thresholds),
        "part": options.part,
        "seed": options.seed,
        "checks": {k: {s: t.as_json(thresholds[k]) for s, t in by.items()} for k, by in tallies.items()},
        "wrong": {key: sorted(names)[:60] for key, names in sorted(wrong.items())},
    }
    keep(f"overlays-{options.part}", result, options.full)
    if options.part == "test" and options.full:
        shares = {k: tallies[k]["all"].at(thresholds[k]) for k in PLANTED}
        either = tallies["text"]["all"].letters(thresholds["text"])
        log_look(
            f"overlays: ham10000 200, clinical test 47, bccd 20, seed {options.seed}",
            "watermark and text, thresholds from the development part",
            "; ".join(f"{k}: recall {r}, precision {p}" for k, (r, p) in shares.items())
            + f", {either} with a watermark's letters counted as text",
        )


if __name__ == "__main__":
    main()
