"""cleanvision at its defaults, run by a Python that has it: ``peer_cleanvision.py FOLDER OUT.json [ISSUE...]``.

OUT: ``{"version", "issues", "seconds", "flagged": {file name: [issue, ...]}}``. Imports nothing of Squama's.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from pathlib import Path


def main(folder: str, out: str, *wanted: str) -> None:
    cleanvision = importlib.import_module("cleanvision")
    start = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        lab = cleanvision.Imagelab(data_path=folder)
        lab.find_issues({name: {} for name in wanted} or None, verbose=False)
    seconds = time.perf_counter() - start
    names = [c for c in lab.issues.columns if c.startswith("is_") and c.endswith("_issue")]
    flagged = {
        Path(path).name: [n.removeprefix("is_").removesuffix("_issue") for n in names if row[n]]
        for path, row in lab.issues[names].iterrows()
    }
    version = importlib.import_module("importlib.metadata").version("cleanvision")
    issues = [n.removeprefix("is_").removesuffix("_issue") for n in names]
    found = {"version": version, "issues": issues, "seconds": seconds, "flagged": flagged}
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
