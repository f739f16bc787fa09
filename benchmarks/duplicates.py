"""Copies planted beside real photos: how many are found, what else is called a copy; beside peers on the same files.

``--part development`` plants into isic2016_lesions and the development photos of clinical_sample, on which every bound
was set; ``--part test`` into the other half of ham10000_small (one photo of each lesion), the test photos of
clinical_sample and bccd_voc. Each photo gets one copy of one kind; every fourth gets none. ``same_lesion`` asks for
the photos of one lesion of ham10000_small without telling which they are.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from app.cleaning.checks import parts_for
from app.cleaning.comparing import Context
from app.cleaning.duplicates import find
from app.cleaning.examining import Photo, examine
from app.cleaning.findings import Finding
from app.common.images import read_photo
from app.common.packs import load_pack
from benchmarks.clinical_split import photos as clinical
from benchmarks.common import DATA, HERE, Share, keep, log_look
from benchmarks.copies import COPIES
from benchmarks.faults import as_file

BY_NATURE = [
    *[("eczema", 7, 8), ("eczema", 9, 10), ("eczema", 21, 22), ("psoriasis", 5, 6)],
    *[("lichen_planus", 6, 26), ("lichen_planus", 8, 17), ("lichen_planus", 21, 22), ("lichen_planus", 23, 24)],
]
"""Pairs of clinical_sample that belong together, known since ``clinical_split`` was made."""
Pairs = set[tuple[str, str]]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=("development", "test"), default="development")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=int, default=160, help="of each data set, at most")
    parser.add_argument("--lesions", type=int, default=100)
    parser.add_argument("--peer", action="append", default=[], help="NAME=PYTHON of an environment that has the peer")
    options = parser.parse_args(argv)
    result: dict[str, Any] = {"part": options.part, "seed": options.seed, "sets": {}}
    for name, files in _sets(options.part).items():
        rng = np.random.default_rng([options.seed, len(name)])
        chosen = (
            sorted(files)[: options.photos] if options.part == "development" else _drawn(files, options.photos, rng)
        )
        result["sets"][name] = _planted(chosen, rng, options.peer)
    result["same_lesion"] = _lesions(options.part, options.lesions)
    keep(f"duplicates-{options.part}", result, full=True)
    if options.part == "test":
        found = {name: (s["recall"]["all"]["value"], s["precision"]["value"]) for name, s in result["sets"].items()}
        log_look(
            "copies planted into ham10000_small (test half), clinical test, bccd", f"seed {options.seed}", str(found)
        )


def _sets(part: str) -> dict[str, list[Path]]:
    photos = [path for path, _ in clinical(part)]
    if part == "development":
        return {"isic2016_lesions": list((DATA / "isic2016_lesions" / "images").iterdir()), "clinical_sample": photos}
    one_each = [group[0] for group in _by_lesion(part).values()]
    bccd = list((DATA / "bccd_voc").rglob("*.jpg"))
    return {"ham10000_small": one_each, "clinical_sample": photos, "bccd_voc": bccd}


def _drawn(files: Sequence[Path], n: int, rng: np.random.Generator) -> list[Path]:
    ordered = sorted(files)
    return [ordered[i] for i in sorted(rng.permutation(len(ordered))[:n])]


def _by_lesion(part: str) -> dict[str, list[Path]]:
    folder = DATA / "ham10000_small"
    groups: dict[str, list[Path]] = defaultdict(list)
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            even = hashlib.sha256(row["lesion_id"].encode()).digest()[0] % 2 == 0
            if even == (part == "development"):
                groups[row["lesion_id"]].append(folder / "images" / row["image"])
    return groups


def _planted(files: Sequence[Path], rng: np.random.Generator, peers: Sequence[str]) -> dict[str, Any]:
    kinds = list(COPIES)
    with tempfile.TemporaryDirectory() as folder:
        truth: dict[tuple[str, str], str] = {}
        for number, file in enumerate(files):
            (Path(folder) / file.name).write_bytes(file.read_bytes())
            if number % 4 < 3:
                kind = kinds[(number - number // 4) % len(kinds)]
                copy = f"copy-{number:04d}.jpg"
                (Path(folder) / copy).write_bytes(as_file(COPIES[kind](read_photo(file).pixels, rng), rng))
                truth[_pair(file.name, copy)] = kind
        nature = {_pair(f"{d}_{a:02d}.jpg", f"{d}_{b:02d}.jpg") for d, a, b in BY_NATURE}
        start = time.perf_counter()
        findings = _found(sorted(Path(folder).iterdir()))
        seconds = time.perf_counter() - start
        result = _judged(_pairs(findings, ("near_duplicate", "exact_duplicate")), truth, nature)
        result |= {"originals": len(files), "copies": len(truth), "seconds": round(seconds, 1), "peers": {}}
        for peer in peers:
            name, python = peer.split("=", 1)
            command = [python, str(HERE / "peer_duplicates.py"), name, folder]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            for method, pairs in json.loads(answer.stdout.splitlines()[-1]).items() if answer.returncode == 0 else ():
                result["peers"][method] = _judged({_pair(a, b) for a, b in pairs}, truth, nature)
    return result


def _found(files: Sequence[Path]) -> dict[str, list[Finding]]:
    parts = parts_for(["near_duplicate"])
    photos = [examine(Photo(number, file, file.name), parts) for number, file in enumerate(files)]
    found = find(photos, Context(load_pack()))
    return {files[i].name: list(findings) for i, findings in found.items()}


def _pairs(findings: dict[str, list[Finding]], checks: Sequence[str], least: float = 0.5) -> Pairs:
    """All pairs of each group past the threshold."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, found in findings.items():
        for f in found:
            if f.check in checks and f.score >= least:
                groups[str(f.group)].append(name)
    return {_pair(a, b) for members in groups.values() for a, b in combinations(members, 2)}


def _judged(found: Pairs, truth: dict[tuple[str, str], str], nature: Pairs) -> dict[str, Any]:
    recall = {kind: [pair for pair, k in truth.items() if k == kind] for kind in COPIES} | {"all": list(truth)}
    true = {name for pair in found & set(truth) for name in pair}
    natural = {name for pair in found & nature for name in pair} - true
    flagged = {name for pair in found for name in pair}
    strange = sorted(pair for pair in found - nature if not (set(pair) & (true | natural)) or pair not in truth)
    return {
        "recall": {kind: Share(len(found.intersection(pairs)), len(pairs)).as_json() for kind, pairs in recall.items()},
        "precision": Share(len(true), len(flagged)).as_json(),
        "flagged_by_nature": sorted(natural),
        "other_pairs": [list(pair) for pair in strange][:20],
        "missed": [[*pair, truth[pair]] for pair in sorted(set(truth) - found)][:20],
    }


def _lesions(part: str, n: int) -> dict[str, Any]:
    groups = [g for _, g in sorted(_by_lesion(part).items()) if len(g) > 1][:n]
    truth = {_pair(a.name, b.name) for g in groups for a, b in combinations(g, 2)}
    findings = _found(sorted(p for g in groups for p in g))
    near = _pairs(findings, ("near_duplicate", "exact_duplicate"))
    found = _pairs(findings, ("same_lesion",)) | near
    return {
        "photos": sum(len(g) for g in groups),
        "recall": Share(len(found & truth), len(truth)).as_json(),
        "precision": Share(len(found & truth), len(found)).as_json(),
        "called_copies": Share(len(near & truth), len(truth)).as_json(),
        "false_pairs": [list(p) for p in sorted(found - truth)][:20],
    }


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


if __name__ == "__main__":
    main()
