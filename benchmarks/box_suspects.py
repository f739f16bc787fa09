"""Spoilt boxes and skin tone on phantoms of renderer B, which no model was trained on, with shipped models' answers.

``python -m benchmarks.box_suspects [--patients 40] [--seed 77002]``. In every second photo one box is spoilt: left out,
moved by 60 % of its size, shrunk to 40 %, grown to 250 %, doubled, or given another disease. A photo without any box
is not judged unless somebody is through with it. Bounds were set with seed 77001; 77002 was run once. Phantoms are
drawn, so these are no figures of real photos.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.cleaning import box_suspects, embedding, tone
from app.cleaning.checks import default_thresholds
from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.subject import LabelledBox, Subject
from app.common.geometry import Box
from app.common.images import encode_jpeg
from app.common.packs import load_pack
from app.common.phantoms import photos
from benchmarks.common import Share, keep
from benchmarks.shipped import shipped

KINDS = ("left out", "moved", "shrunk", "grown", "doubled", "other disease")
SIZE = (800, 600)


def spoilt(kind: str, boxes: list[LabelledBox], rng: np.random.Generator, labels: tuple[str, ...]) -> list[LabelledBox]:
    """With one box spoilt, the largest."""
    place = max(range(len(boxes)), key=lambda n: boxes[n].box.area)
    rest, mine = boxes[:place] + boxes[place + 1 :], boxes[place]
    box, angle = mine.box, rng.uniform(0, 2 * np.pi)
    (cx, cy), factor = box.centre, {"shrunk": 0.4, "grown": 2.5}.get(kind, 1.0)
    w, h = factor * box.width / 2, factor * box.height / 2
    changed = {
        "left out": [],
        "moved": [box.moved(0.6 * box.width * np.cos(angle), 0.6 * box.height * np.sin(angle)).clipped(*SIZE)],
        "doubled": [box, box.moved(0.05 * box.width, -0.04 * box.height).clipped(*SIZE)],
        "other disease": [box],
    }.get(kind, [Box(cx - w, cy - h, cx + w, cy + h).clipped(*SIZE)])
    label = str(rng.choice([k for k in labels if k != mine.label])) if kind == "other disease" else mine.label
    return rest + [LabelledBox(b, label) for b in changed]


def measure(patients: int, seed: int) -> dict[str, Any]:
    pack, models, rng = load_pack(), shipped(), np.random.default_rng(seed)
    threshold = default_thresholds()["box_suspect"]
    examined, planted, tones = [], {}, []
    with tempfile.TemporaryDirectory() as place:
        for n, drawn in enumerate(photos("B", patients, seed, SIZE, distances=("far", "mid"))):
            data = encode_jpeg(drawn.pixels, 92)
            file = Path(place) / "photo.jpg"
            file.write_bytes(data)
            boxes = [LabelledBox(Box(*lesion.box), drawn.patient.disease) for lesion in drawn.lesions]
            measured = tone.examine(Subject("photo", data, boxes)).measured
            if "ita" in measured:
                tones.append((drawn.patient.skin_type, measured["ita"]))
            if boxes and n % 2:
                kind = KINDS[n // 2 % len(KINDS)]
                planted[n] = kind if kind != "left out" or len(boxes) > 1 else "moved"
                boxes = spoilt(planted[n], boxes, rng, pack.keys)
            answer = {k: v for k, v in models.answer(file, 0.05).items() if k != "image"}
            photo = Photo(n, file, drawn.name, tuple(boxes), patient=drawn.patient.code, answer=answer)
            seen = {"embedding": embedding.examine(Subject("photo", data, boxes))}
            examined.append(Examined(replace(photo, label=drawn.patient.disease), f"{n}", *SIZE, seen))
    found = box_suspects.find(examined, Context(pack))
    scores = {e.photo.id: max((f.score for f in found.get(e.photo.id, ())), default=0.0) for e in examined}
    clean = [n for n in scores if n not in planted]
    kinds = {k: [n for n, kind in planted.items() if kind == k] for k in KINDS}
    alarms = [found[n][0].why for n in clean if scores[n] >= threshold]
    types, angles = np.array(tones, float).T
    return {
        "seed": seed,
        "photos": len(examined),
        "recall": {
            k: Share(sum(bool(scores[n] >= threshold) for n in ns), len(ns)).as_json() for k, ns in kinds.items()
        },
        "false_alarms": Share(len(alarms), len(clean)).as_json(),
        "false_alarms_by_reason": {why: alarms.count(why) for why in sorted(set(alarms))},
        "tone": {"n": len(tones), "of": len(examined), "spearman_with_skin_type": _spearman(types, -angles)},
        "models": models.names(),
    }


def _spearman(a: Any, b: Any) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(a, b)[0])


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--seed", type=int, default=77002)
    options = parser.parse_args(argv)
    keep("box-suspects", measure(options.patients, options.seed), full=options.seed == 77002)


if __name__ == "__main__":
    main(sys.argv[1:])
