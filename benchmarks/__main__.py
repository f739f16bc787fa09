"""``make bench``: every benchmark in its quick form (20 minutes); ``--full`` the whole. Each is its own process."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks import report
from benchmarks.common import HERE

WITH_FULL = (
    "phantom_scores",
    "unlike",
    "diagnose_speed",
    "start_up",
    "canvas_speed",
    "photo_list_speed",
    "folder_open",
    "next_photo",
    "peers",
    "kills",
    "format_import",
    "needs_speed",
    "format_speed",
    "format_fuzz",
    "freezing",
    "pixel_checks",
    "cleaning_speed",
    "training_speed",
    "training_stall",
)
PLAIN = ("lesion_recall", "tighten")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    calls = [(name, ["--full"] if full else []) for name in WITH_FULL] + [(name, []) for name in PLAIN]
    calls.append(("clinical", ["--part", "development"]))
    calls.append(("duplicates", ["--part", "development"]))
    calls.append(("duplicate_search", []))
    failed = []
    for name, options in calls:
        start = time.monotonic()
        print(f"== {name} {' '.join(options)}", flush=True)
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], cwd=HERE.parent).returncode
        print(f"== {name}: exit {code}, {time.monotonic() - start:.0f} s", flush=True)
        if code:
            failed.append(name)
    report.main()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
