"""The pixel checks on faults planted into real photos: recall and precision at the committed thresholds.

``python -m benchmarks.pixel_checks [--part develop|test] [--seed N] [--full] [--cleanvision PYTHON]``. Thresholds were
set on ``develop`` (half of isic2016_lesions, the 20 clinical development photos, blood cells of the list for training,
phantoms); ``test`` (ham10000_small, the 47 clinical test photos, blood cells of the list for testing) is looked at
rarely and logged. Of every photo there is the untouched file and one copy with each fault; a cast of colour is judged
in all of a data set's files together. Precision: of what a check flags among the photos with its fault and the
untouched ones, how many have it; "in the mix": among the photos with any other fault too. Blur inside boxes, at native
scale: the box is spoilt alone, by 3 to 8 of the pixels that it is judged in.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.cleaning import borders, casts, exposure, sharpness
from app.cleaning.checks import default_thresholds
from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.findings import Found
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import read_photo
from app.common.packs import load_pack
from app.common.phantoms import Nuisances, render
from benchmarks import clinical_split, faults
from benchmarks.common import DATA, HERE, Share, keep, log_look
from benchmarks.faults import U8, Rng
from benchmarks.sharpness_fit import blood_cells, isic_half

KINDS = ("blur", "motion_blur", "dark", "bright", "black_border", "low_contrast", "colour_cast")
PEER = {"blur": ("blurry",), "motion_blur": ("blurry",), "dark": ("dark",), "bright": ("light",),
        "low_contrast": ("low_information",)}  # fmt: skip
"""cleanvision's issue that comes nearest; it has none for the others."""
UNTOUCHED = "untouched"
SEEDS = {"develop": 40, "test": 4004}


@dataclass(frozen=True, slots=True)
class Seen:
    """One file: where it comes from, what was planted, and every check's score."""

    photo: str
    planted: str
    scores: Mapping[str, float]


def develop(rng: Rng, quick: bool) -> Iterator[tuple[str, str, bytes]]:
    """(data set, name, file) of the untouched photos."""
    for path in isic_half()[:: 5 if quick else 1]:
        yield "isic2016 (half)", path.name, path.read_bytes()
    for path, _ in clinical_split.photos("development"):
        yield "clinical, development", path.name, path.read_bytes()
    for path in blood_cells("train")[:: 12 if quick else 3]:
        yield "blood cells, train", path.name, path.read_bytes()
    for index in range(6 if quick else 30):
        few = Nuisances(hair=index % 4 == 0, ruler=index % 6 == 1, pen_mark=index % 7 == 2)
        for renderer in ("A", "B"):
            drawn = render(177, index, renderer, ("far", "mid", "near")[index % 3], (800, 600), few)
            yield "phantoms", drawn.name, faults.as_file(drawn.pixels, rng)


def test(rng: Rng, quick: bool) -> Iterator[tuple[str, str, bytes]]:
    """Likewise, of data that nothing was set on."""
    ham = sorted((DATA / "ham10000_small" / "images").iterdir())
    for k in sorted(rng.choice(len(ham), 60 if quick else 300, replace=False)):
        yield "ham10000", ham[k].name, ham[k].read_bytes()
    for path, _ in clinical_split.photos("test"):
        yield "clinical, test", path.name, path.read_bytes()
    cells = blood_cells("test")
    for k in sorted(rng.choice(len(cells), 15 if quick else 60, replace=False)):
        yield "blood cells, test", cells[k].name, cells[k].read_bytes()


def scores(data: bytes, boxes: Sequence[Box] = ()) -> dict[str, float]:
    return _scores(looked_at(data, boxes))


def looked_at(data: bytes, boxes: Sequence[Box] = ()) -> dict[str, Found]:
    """Part -> what it found."""
    subject = Subject("planted", data, [LabelledBox(b, "psoriasis") for b in boxes])
    return {part.__name__.split(".")[-1]: part.examine(subject) for part in (exposure, sharpness, borders)}


def _scores(found: Mapping[str, Found]) -> dict[str, float]:
    return dict.fromkeys(KINDS, 0.0) | {f.check: f.score for part in found.values() for f in part.findings}


def with_casts(seen: Sequence[Seen], found: Sequence[Mapping[str, Found]]) -> list[Seen]:
    """The same, a data set's photos judged together for casts of colour."""
    photos = [
        Examined(Photo(k, Path(s.photo), s.photo), "-", 0, 0, f)
        for k, (s, f) in enumerate(zip(seen, found, strict=True))
    ]
    judged_together = casts.find(photos, Context(load_pack()))
    return [replace(s, scores={**s.scores, casts.CHECK: judged_together[k][0].score}) for k, s in enumerate(seen)]


def plant_all(
    photos: Iterator[tuple[str, str, bytes]], rng: Rng, folder: Path
) -> tuple[dict[str, list[Seen]], dict[str, tuple[str, int]]]:
    """By data set what was seen, and for each file in ``folder`` (the same ones, for the peer) where it was seen."""
    seen: dict[str, list[Seen]] = defaultdict(list)
    found: dict[str, list[dict[str, Found]]] = defaultdict(list)
    files: dict[str, tuple[str, int]] = {}
    for data_set, name, original in photos:
        pixels = read_photo(original).pixels
        for kind in (UNTOUCHED, *KINDS):
            data = original if kind == UNTOUCHED else faults.as_file(faults.plant(kind, pixels, rng), rng)
            file = f"{len(files):06d}.jpg"
            (folder / file).write_bytes(data)
            files[file] = (data_set, len(seen[data_set]))
            found[data_set].append(looked_at(data))
            seen[data_set].append(Seen(name, kind, _scores(found[data_set][-1])))
    return {name: with_casts(some, found[name]) for name, some in seen.items()}, files


def judged(seen: Sequence[Seen], flagged: Callable[[int, str], bool]) -> dict[str, Any]:
    """Per kind: recall, precision beside untouched photos and in the mix, and the untouched photos called faulty."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        flags = [i for i in range(len(seen)) if flagged(i, kind)]
        planted = [i for i, s in enumerate(seen) if s.planted == kind]
        hits = sum(seen[i].planted == kind for i in flags)
        false = sorted(seen[i].photo for i in flags if seen[i].planted == UNTOUCHED)
        found[kind] = {
            "recall": Share(hits, len(planted)).as_json(),
            "precision": Share(hits, hits + len(false)).as_json(),
            "precision_in_the_mix": Share(hits, len(flags)).as_json(),
            "others": _count(seen[i].planted for i in flags if seen[i].planted not in (kind, UNTOUCHED)),
            "false_alarms": false[:20],
            "missed": sorted(seen[i].photo for i in planted if i not in set(flags))[:20],
        }
    return found


def own(seen: Sequence[Seen], limits: Mapping[str, float]) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    found = judged(seen, lambda i, kind: seen[i].scores[kind] >= limits[kind])
    for kind in KINDS:
        pairs = [(s.planted == kind, s.scores[kind]) for s in seen if s.planted in (kind, UNTOUCHED)]
        found[kind]["auroc"] = float(roc_auc_score([p for p, _ in pairs], [s for _, s in pairs]))
    return found


def peer(python: str, folder: Path) -> dict[str, Any]:
    out = folder.parent / "cleanvision.json"
    subprocess.run([python, str(HERE / "peer_cleanvision.py"), str(folder), str(out)], check=True)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def in_boxes(part: str, rng: Rng, limit: Mapping[str, float], quick: bool) -> dict[str, Any]:
    """Lesions out of focus, or moved, in a photo that is sharp around them."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for pixels, boxes in large_photos(part, rng, quick):
        step = sharpness.camera_step(pixels.shape[1], pixels.shape[0])
        spoilt: dict[str, Callable[[U8], U8]] = {
            "blur": partial(faults.defocused, radius=step * rng.uniform(3, 8)),
            "motion_blur": partial(faults.moved, length=step * rng.uniform(9, 22), angle=rng.uniform(0, 180)),
            UNTOUCHED: np.copy,
        }
        for kind, spoil in spoilt.items():
            found = scores(faults.as_file(faults.noisy(within(pixels, boxes, spoil), rng), rng), boxes)
            for check in ("blur", "motion_blur"):
                hits[f"{check} in {kind}"].append(found[check] >= limit[check])
    result: dict[str, Any] = {}
    for check in ("blur", "motion_blur"):
        right, false = sum(hits[f"{check} in {check}"]), sum(hits[f"{check} in {UNTOUCHED}"])
        result[check] = {
            "recall": Share(right, len(hits[f"{check} in {check}"])).as_json(),
            "precision": Share(right, right + false).as_json(),
        }
    return result


def large_photos(part: str, rng: Rng, quick: bool) -> Iterator[tuple[U8, list[Box]]]:
    """12-megapixel phantoms with a box of theirs; clinical test photos of 1,024 pixels with a box in the middle."""
    if part == "develop":
        for index in range(2 if quick else 10):
            for renderer in ("A", "B"):
                drawn = render(178, index, renderer, ("mid", "near")[index % 2], (4000, 3000), Nuisances())
                largest = max(drawn.lesions, key=lambda p: (p.box[2] - p.box[0]) * (p.box[3] - p.box[1]))
                yield drawn.pixels, [Box(*largest.box)]
        return
    for path, _ in clinical_split.photos("test"):
        pixels = read_photo(path).pixels
        height, width = pixels.shape[:2]
        if width < 1000:
            continue
        wide, tall = rng.uniform(0.25, 0.5) * width, rng.uniform(0.25, 0.5) * height
        x, y = (width - wide) * rng.uniform(0.4, 0.6), (height - tall) * rng.uniform(0.4, 0.6)
        yield pixels, [Box(x, y, x + wide, y + tall)]


def within(pixels: U8, boxes: Sequence[Box], spoil: Callable[[U8], U8]) -> U8:
    """``pixels`` spoilt inside the boxes, and a margin of a fifth that fades into the sharp rest."""
    out = pixels.copy()
    for box in boxes:
        margin = round(0.2 * min(box.x1 - box.x0, box.y1 - box.y0))
        x0, y0 = max(0, int(box.x0) - margin), max(0, int(box.y0) - margin)
        x1, y1 = min(pixels.shape[1], int(box.x1) + margin), min(pixels.shape[0], int(box.y1) + margin)
        alpha = np.zeros((y1 - y0, x1 - x0), np.float32)
        alpha[int(box.y0) - y0 : int(box.y1) - y0, int(box.x0) - x0 : int(box.x1) - x0] = 1
        reach = 2 * (margin // 2) + 1
        alpha = np.asarray(cv2.blur(cv2.dilate(alpha, np.ones((reach, reach), np.uint8)), (reach, reach)), np.float32)
        part = out[y0:y1, x0:x1]
        mixed = part + alpha[..., None] * (spoil(part).astype(np.float32) - part)
        out[y0:y1, x0:x1] = np.clip(np.rint(mixed), 0, 255)
    return out


def _pair(figures: Mapping[str, Any]) -> str:
    return f"{figures['recall']['value']:.2f} / {figures['precision']['value']:.2f}"


def _count(words: Iterator[str] | Any) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    return dict(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("develop", "test"), default="develop")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cleanvision", help="a Python that has cleanvision")
    options = parser.parse_args()
    quick = not options.full
    seed = SEEDS[options.part] if options.seed is None else options.seed
    rng = np.random.default_rng(seed)
    limits = default_thresholds()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        folder.mkdir()
        given = (test if options.part == "test" else develop)(rng, quick)
        seen, files = plant_all(given, rng, folder)
        result: dict[str, Any] = {
            "part": options.part,
            "seed": seed,
            "thresholds": {kind: limits[kind] for kind in KINDS},
            "untouched_photos": {name: sum(s.planted == UNTOUCHED for s in some) for name, some in seen.items()},
            "by_data_set": {name: own(some, limits) for name, some in seen.items()},
            "all": own([s for some in seen.values() for s in some], limits),
        }
        if options.cleanvision:
            result["cleanvision"] = beside(peer(options.cleanvision, folder), seen, files)
    print("boxes", file=sys.stderr, flush=True)
    result["blur_in_boxes"] = in_boxes(options.part, rng, limits, quick)
    result["rows"] = shown(result)
    keep(f"pixel-checks-{options.part}", result, not quick)
    if options.part == "test":
        what = f"ham10000_small, clinical test photos, blood cells with planted faults (seed {seed})"
        figures = "; ".join(f"{name}: {text}" for name, _, text in result["rows"])
        log_look(what, "pixel checks at committed thresholds", figures)


def shown(result: Mapping[str, Any]) -> list[list[str]]:
    """Rows of the table: recall / precision, ours and cleanvision's."""
    rows = []
    asked = ("blur", "motion_blur", "dark", "bright", "black_border")
    for kind in KINDS:
        figures = result["all"][kind]
        text = f"{figures['recall']['value']:.3f} / {figures['precision']['value']:.3f}, n = {figures['recall']['n']}"
        if kind in PEER and "cleanvision" in result:
            peer_s = result["cleanvision"]["all"][kind]
            text += f"; cleanvision {peer_s['recall']['value']:.3f} / {peer_s['precision']['value']:.3f}"
        target = ">= 0.90 / 0.90" if kind in asked else ""
        rows.append([f"Planted {kind.replace('_', ' ')}, {result['part']}: recall / precision", target, text])
    for name, figures in result["by_data_set"].items():
        each = (f"{k.replace('_', ' ')} {_pair(figures[k])}" for k in asked)
        rows.append([f"Of those, {name}: recall / precision", "", "; ".join(each)])
    for kind, figures in result["blur_in_boxes"].items():
        text = f"{figures['recall']['value']:.3f} / {figures['precision']['value']:.3f}, n = {figures['recall']['n']}"
        name = f"Planted {kind.replace('_', ' ')} inside boxes, {result['part']}: recall / precision"
        rows.append([name, ">= 0.90 / 0.90", text])
    return rows


def beside(
    found: Mapping[str, Any], seen: Mapping[str, Sequence[Seen]], files: Mapping[str, tuple[str, int]]
) -> dict[str, Any]:
    """cleanvision's flags, judged like our own."""
    flags: dict[tuple[str, int], list[str]] = {files[name]: issues for name, issues in found["flagged"].items()}
    every = [(name, i) for name, some in seen.items() for i in range(len(some))]
    everything = [seen[name][i] for name, i in every]

    def flagged(index: int, kind: str) -> bool:
        return bool(set(flags.get(every[index], ())).intersection(PEER.get(kind, ())))

    names = {kind: "/".join(PEER.get(kind, ("-",))) for kind in KINDS}
    return {
        "version": found["version"],
        "issue": names,
        "seconds": found["seconds"],
        "all": judged(everything, flagged),
    }


if __name__ == "__main__":
    main()
