"""Runs inside a peer's own environment: ``python peer_duplicates.py imagededup|cleanvision FOLDER``, pairs as JSON."""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path


def imagededup(folder: str) -> dict[str, list[list[str]]]:
    """Its hashes at its default distance 10, and its network where its weights can be had."""
    from imagededup.methods import PHash

    found = {"imagededup pHash": _of_map(PHash(verbose=False).find_duplicates(image_dir=folder))}
    try:
        from imagededup.methods import CNN

        found["imagededup CNN"] = _of_map(CNN(verbose=False).find_duplicates(image_dir=folder))
    except OSError:  # its weights are not to be had without a network
        sys.stderr.write("imagededup's network was not run\n")
    return found


def cleanvision(folder: str) -> dict[str, list[list[str]]]:
    from cleanvision import Imagelab

    lab = Imagelab(data_path=folder)
    lab.find_issues({"near_duplicates": {}, "exact_duplicates": {}}, verbose=False)
    sets = [s for kind in ("near_duplicates", "exact_duplicates") for s in lab.info[kind]["sets"]]
    names = [[Path(p).name for p in s] for s in sets]
    return {"cleanvision": [list(pair) for s in names for pair in combinations(sorted(s), 2)]}


def _of_map(found: dict[str, list[str]]) -> list[list[str]]:
    return [list(pair) for pair in sorted({tuple(sorted((a, b))) for a, others in found.items() for b in others})]


if __name__ == "__main__":
    answer = {"imagededup": imagededup, "cleanvision": cleanvision}[sys.argv[1]](sys.argv[2])
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
