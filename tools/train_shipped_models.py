"""Train the shipped models anew: phantom photos, both trainings at once, then copies into resources.

    python tools/train_shipped_models.py FOLDER

FOLDER becomes a workspace of 3,000 phantom photos (seed 1). The plans are ``resources/training/light-*.toml``; their
``minutes`` are bounds for a machine of two cores, so another machine gives other numbers. Needs the lesion photos that
the detector's plan names. The runs' events are kept in ``resources/training/logs``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = ROOT / "resources"
PLANS = ("light-classifier", "light-detector")
PHOTOS, SEED = "3000", "1"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder.resolve()
    if not folder.exists():
        squama("demo", str(folder), "--photos", PHOTOS, "--seed", SEED).wait()
    runs = [
        squama(
            "train",
            str(RESOURCES / "training" / f"{plan}.toml"),
            "--out",
            str(folder / "runs" / plan),
            "--workspace",
            str(folder),
        )
        for plan in PLANS
    ]
    codes = [run.wait() for run in runs]
    if any(codes):
        return 1
    for plan in PLANS:
        keep(folder, plan)
    return 0


def squama(*arguments: str) -> subprocess.Popen[bytes]:
    """One thread each: two trainings that share two cores lose most of their time waiting for each other's threads."""
    return subprocess.Popen(
        [sys.executable, "main.py", *arguments], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def keep(folder: Path, plan: str) -> None:
    """Copy the newest version of the plan's model, and the run's events."""
    models = folder / "models" / f"squama-{plan}"
    newest = max(models.iterdir(), key=lambda version: [int(n) for n in version.name.split(".")])
    shutil.copytree(newest, RESOURCES / "models" / models.name / newest.name, dirs_exist_ok=True)
    logs = RESOURCES / "training" / "logs"
    logs.mkdir(exist_ok=True)
    shutil.copyfile(folder / "runs" / plan / "events.jsonl", logs / f"{models.name}-{newest.name}.jsonl")


if __name__ == "__main__":
    sys.exit(main())
