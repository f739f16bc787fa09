"""The shipped models on real clinical photos: top-1, top-3 and photos with a box, with intervals, beside chance.

``python -m benchmarks.clinical --part development`` may be run at will; ``--part test --why "..."`` is a look at the 47
and is logged in ``looks.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import Any

from app.common.packs import load_pack
from benchmarks.clinical_split import FOLDER, photos
from benchmarks.common import Share, keep, log_look
from benchmarks.shipped import shipped


def measure(part: str, min_score: float = 0.5) -> dict[str, Any]:
    models = shipped()
    rows = []
    for path, truth in photos(part):
        answer = models.answer(path, min_score)
        order = [entry["disease"] for entry in answer["top3"]]
        rows.append(
            {
                "truth": truth,
                "top1": order[0] == truth,
                "top3": truth in order,
                "boxed": bool(answer["lesions"]),
                "answer": order[0],
                "unlike": bool(answer["unlike_training"]["flag"]),
            }
        )
    n, classes = len(rows), len(load_pack().keys)
    per_disease = {
        d: {"n": sum(r["truth"] == d for r in rows), "top1": sum(r["top1"] for r in rows if r["truth"] == d)}
        for d in sorted({r["truth"] for r in rows})
    }
    return {
        "part": part,
        "top1": Share(sum(r["top1"] for r in rows), n).as_json(),
        "top3": Share(sum(r["top3"] for r in rows), n).as_json(),
        "photos_with_box": Share(sum(r["boxed"] for r in rows), n).as_json(),
        "unlike_training": Share(sum(r["unlike"] for r in rows), n).as_json(),
        "chance": {"top1": 1 / classes, "top3": 3 / classes},
        "majority_share": max(Counter(r["truth"] for r in rows).values()) / n,
        "per_disease": per_disease,
        "answers": dict(Counter(r["answer"] for r in rows)),
        "models": models.names(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("development", "test"), default="development")
    parser.add_argument("--why", default="")
    options = parser.parse_args()
    if not FOLDER.exists():
        print("clinical photos are not beside this checkout: not run", file=sys.stderr)
        return 0
    if options.part == "test" and not options.why:
        parser.error("a look at the 47 test photos needs --why")
    result = measure(options.part)
    if options.part == "test":
        log_look(
            "clinical_sample, 47 test photos",
            options.why,
            f"top-1 {Share(result['top1']['hits'], result['top1']['n'])}, "
            f"top-3 {Share(result['top3']['hits'], result['top3']['n'])}, "
            f"with box {Share(result['photos_with_box']['hits'], result['photos_with_box']['n'])}",
            result["models"],
        )
    keep(f"clinical-{options.part}", result, full=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
