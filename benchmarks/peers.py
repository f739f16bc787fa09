"""Squama beside labelImg, labelme and X-AnyLabeling, in one run, by ``peerbench``'s tests and definitions.

``PEERBENCH_ROOT=FOLDER python -m benchmarks.peers [--full] [--only folder,next,...] [--programs squama,labelimg]``.
FOLDER is what peerbench's ``setup.sh`` made (environments and inputs); its scripts lie beside the checkout
(``../shared/peerbench``, or ``PEERBENCH_SCRIPTS``). Test by test the programs take turns, each in a fresh process under
Xvfb. How Squama is driven, and what differs for it: :mod:`benchmarks.peer_squama`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import HERE, keep

SCRIPTS = Path(os.environ.get("PEERBENCH_SCRIPTS", HERE.parents[1] / "shared" / "peerbench"))
TESTS = ("start", "folder", "next", "boxes", "save", "edge", "probe")
PROGRAMS = {
    "labelimg": ("labelImg", "venv_labelimg", "bench_labelimg.py"),
    "labelme": ("labelme", "venv_labelme", "bench_labelme.py"),
    "xanylabeling": ("X-AnyLabeling", "venv_xany", "bench_xanylabeling.py"),
    "squama": ("Squama", "", ""),
}
SCREEN = "-screen 0 1920x1080x24"
Results = dict[str, dict[str, Any]]


def call(program: str, root: Path) -> list[str]:
    _, environment, script = PROGRAMS[program]
    if not environment:
        return [sys.executable, str(HERE / "peer_squama.py")]
    return [str(root / environment / "bin" / "python"), str(SCRIPTS / script)]


def run_all(root: Path, programs: list[str], tests: list[str], full: bool) -> tuple[Results, dict[str, float]]:
    results: Results = {name: {} for name in programs}
    spent: dict[str, float] = {}
    environment = {**os.environ, "PEERBENCH_ROOT": str(root), "PEERBENCH_SCRIPTS": str(SCRIPTS)}
    with tempfile.TemporaryDirectory() as place:
        for test in tests:
            for name in programs:
                out = Path(place) / f"{name}.json"
                options = ["--only", test, "--sizes", "100000", "--reps", "7" if full else "3", "--out", str(out)]
                start = time.monotonic()
                print(f"{test}: {name}", file=sys.stderr, flush=True)
                xvfb = ["xvfb-run", "-a", "-s", SCREEN]
                subprocess.run(
                    [*xvfb, *call(name, root), *options],
                    cwd=root,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    check=False,
                )
                spent[f"{test} {name}"] = round(time.monotonic() - start, 1)
                results[name] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else results[name]
    return results, spent


# -- words for the table -------------------------------------------------------------------------------------------
def figure(result: Mapping[str, Any], *path: str) -> Any:
    """What lies at that path of a program's results; how the program ended where it did not get that far."""
    value: Any = result
    for key in path:
        if not isinstance(value, dict) or key not in value:
            ended = value.get("crash") or value.get("error") if isinstance(value, dict) else None
            return ended or "-"
        value = value[key]
    return value


FIGURES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("start to window, s", "", ("start", "visible_s")),
    ("folder of 100,000: first photo painted, s", "<= 0.2", ("folder_100000", "first_paint_s")),
    ("folder of 100,000: idle, s", "", ("folder_100000", "idle_s")),
    ("folder of 100,000: through in the background, s", "", ("folder_100000", "background_done_s")),
    ("folder of 100,000: longest stall meanwhile, ms", "<= 50", ("folder_100000", "worst_stall_ms_meanwhile")),
    ("folder of 100,000: memory, MB", "", ("folder_100000", "rss_mb")),
    ("folder of 100,000: next photo p50, ms", "", ("folder_100000", "next_ms", "p50")),
    ("next 24 MP, at once: p50, ms", "", ("next_24mp", "total_ms", "p50")),
    ("next 24 MP, after a pause: p50, ms", "", ("next_24mp", "paced_ms", "p50")),
    ("next 24 MP, after a pause: painted p95, ms", "<= 30", ("next_24mp", "paced_paint_ms", "p95")),
    ("2,000 boxes on 2 MP: opened, s", "", ("boxes_2000_on_2mp", "open_s")),
    ("2,000 boxes on 2 MP: repaint p50, ms", "", ("boxes_2000_on_2mp", "repaint_at_fit_ms", "p50")),
    ("2,000 boxes on 2 MP: zoom step p95, ms", "<= 16", ("boxes_2000_on_2mp", "zoom_step_ms", "p95")),
    ("2,000 boxes on 2 MP: drag step p95, ms", "<= 16", ("boxes_2000_on_2mp", "drag_1px_ms", "p95")),
    ("2,000 boxes on 24 MP: zoom step p95, ms", "<= 16", ("boxes_2000_on_24mp", "zoom_step_ms", "p95")),
    ("2,000 boxes on 24 MP: drag step p95, ms", "<= 16", ("boxes_2000_on_24mp", "drag_1px_ms", "p95")),
    ("save 20 boxes: p50, ms", "", ("save_20_boxes", "save_ms", "p50")),
)


def _passes(case: Mapping[str, Any], step: str, name: str) -> str:
    state = case.get(step, {})
    if not state:
        return str(case.get("crash", "-"))
    said = "says why" if any(part["dialogs"] for part in case.values() if isinstance(part, dict)) else "silent"
    return f"{said}; next passes" if name in state["title"] and state["image"] else f"{said}; trapped"


def _truncated(case: Mapping[str, Any]) -> str:
    opened = case.get("open", {})
    said = "says so" if opened.get("dialogs") else "without a word"
    return f"shown, {said}" if opened.get("image") else f"refused, {said}"


def _sidecar(case: Mapping[str, Any]) -> str:
    opened = case.get("open", {})
    shown = "photo shown" if opened.get("image") else "photo not shown"
    said = "reported" if opened.get("dialogs") else "silent"
    kept = case.get("sidecar_after_save", case.get("sidecar_after_open_and_next"))
    passes = "" if case.get("next", {}).get("image") else ", trapped"
    return f"{shown}, {said}{passes}; file {'overwritten' if kept == 'written' else 'kept'}"


def _chinese(case: Mapping[str, Any]) -> str:
    if not case.get("open", {}).get("image"):
        return "not shown"
    return f"shown, boxes {'saved' if case.get('sidecar_after_save') == 'written' else 'not saved'}"


def _turned(case: Mapping[str, Any]) -> str:
    size = case.get("open", {}).get("image")
    turned = {"480x640": "upright", "640x480": "raw"}.get(str(size), str(size))
    return f"{turned}, asks" if case.get("open", {}).get("dialogs") else turned


def _huge(case: Mapping[str, Any]) -> str:
    opened = case.get("open", {})
    if not opened:
        return str(case.get("crash") or case.get("error") or "-")
    what = "shown" if opened.get("image") else "refused"
    said = "" if opened.get("image") or opened.get("dialogs") else " without a word"
    passes = "" if case.get("next", {}).get("image") else ", trapped"
    return f"{what}{said}, {opened['ms'] / 1000:.1f} s, {opened['peak_mb']:,} MB{passes}"


def _survives(case: Mapping[str, Any]) -> str:
    if not case.get("ok"):
        return str(case.get("crash") or case.get("error") or "-")
    return "works" if case["boxes"] >= case["boxes_before"] else "loses boxes"


ODD: tuple[tuple[str, str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("an empty file first", "edge_zero_byte", lambda c: _passes(c, "next", "zz_good")),
    ("text called .jpg first", "edge_text_as_jpg", lambda c: _passes(c, "next", "zz_good")),
    ("an empty file in the middle", "edge_bad_in_middle", lambda c: _passes(c, "next_4", "zz_good")),
    ("a JPEG cut in half", "edge_truncated", _truncated),
    ("a damaged file of boxes", "edge_corrupt_sidecar", _sidecar),
    ("a Chinese path", "edge_chinese_path", _chinese),
    ("EXIF orientation 6", "edge_exif6", _turned),
    ("a PNG of 20,000 x 20,000", "edge_huge_png", _huge),
    ("Ctrl + wheel", "probe_ctrl_wheel", _survives),
    ("a box drawn with the mouse", "probe_draw_box", _survives),
)


def rows_of(results: Results) -> list[list[str]]:
    names = " / ".join(PROGRAMS[name][0] for name in results)
    rows = []
    for what, target, path in FIGURES:
        found = [figure(result, *path) for result in results.values()]
        if any(value != "-" for value in found):
            rows.append([f"{names}: {what}", target, " / ".join(str(value) for value in found)])
    for what, key, say in ODD:
        if any(key in result for result in results.values()):
            answers = [say(result[key]) if key in result else "-" for result in results.values()]
            rows.append([f"{names}: {what}", "", " / ".join(answers)])
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="", help=f"of {','.join(TESTS)}")
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    options = parser.parse_args()
    root = os.environ.get("PEERBENCH_ROOT")
    if not root or not SCRIPTS.is_dir() or not shutil.which("xvfb-run"):
        print("not run: PEERBENCH_ROOT, peerbench's scripts and xvfb-run are needed", file=sys.stderr)
        return 0
    programs = options.programs.split(",")
    tests = options.only.split(",") if options.only else [t for t in TESTS if options.full or t != "start"]
    results, spent = run_all(Path(root).resolve(), programs, tests, options.full)
    keep("peers", {"rows": rows_of(results), "seconds": spent, "results": results}, options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
