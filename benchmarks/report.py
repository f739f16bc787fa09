"""Writes the results that lie in ``benchmarks/results`` into the table of ``benchmarks/README.md``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.common import HERE, RESULTS

Row = tuple[str, str, str]  # figure, target, measured
Result = Mapping[str, Any]


def share(value: Result) -> str:
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}], n = {value['n']}"


def with_interval(figures: Result, name: str) -> str:
    low, high = figures["intervals"][name]
    return f"{figures[name]:.3f} [{low:.3f}, {high:.3f}]"


def phantom_scores(r: Result) -> list[Row]:
    rows: list[Row] = [
        ("Baseline SIFT + colour + SVM, test patients of A", "0.35-0.70", f"{r['baseline_top1']['A']:.3f}")
    ]
    for renderer, top1, ap in (("A", ">= 0.90", ">= 0.80"), ("B", ">= 0.75", "")):
        name = f"{renderer} (unseen patients)" if renderer == "A" else "B (never trained on)"
        part = r[renderer]
        rows += [
            (f"{name}: top-1 of true boxes", top1, with_interval(part["classifier"], "top1")),
            (f"{name}: mAP@0.5 of the detector", ap, with_interval(part["detector"], "map50_voc")),
            (
                f"{name}: mAP@0.5, boxes named by the classifier",
                "",
                with_interval(part["detector_boxes_named_by_classifier"], "map50_voc"),
            ),
        ]
    for state in ("off", "all"):
        figures = r[f"A_nuisances_{state}"]["detector"]
        rows.append((f"A, nuisances {state}: mAP@0.5", "", with_interval(figures, "map50_voc")))
    return rows


def clinical(r: Result) -> list[Row]:
    name = f"Clinical photos, {r['part']}"
    chance = r["chance"]
    return [
        (f"{name}: top-1 (chance {chance['top1']:.2f}, majority {r['majority_share']:.2f})", "", share(r["top1"])),
        (f"{name}: top-3 (chance {chance['top3']:.2f})", "", share(r["top3"])),
        (f"{name}: photos with a box", "", share(r["photos_with_box"])),
        (f"{name}: called unlike the training data", "", share(r["unlike_training"])),
    ]


def lesion_recall(r: Result) -> list[Row]:
    found = r["recall_at_iou50_by_min_score"]
    return [
        (f"ISIC 2016, kept half: recall of lesion boxes at IoU 0.5, score >= {s}", "", (f"{share(v)}; "
         f"{r['boxes_per_photo'][s]:.2f} boxes a photo")) for s, v in found.items()
    ]  # fmt: skip


def unlike(r: Result) -> list[Row]:
    rows: list[Row] = [
        ("Unlike training: false alarms on unseen phantoms of A", "0.05", share(r["false_alarms_on_unseen_phantoms"]))
    ]
    for name in ("blood_cells", "dermoscopy", "documents", "everyday", "phantoms_b", "clinical_development"):
        if name in r:
            rows.append((f"Unlike training: AUROC, {name.replace('_', ' ')}", "",
                         f"{r[name]['auroc']:.3f}; flagged {share(r[name]['flagged'])}"))  # fmt: skip
    return rows


def start_up(r: Result) -> list[Row]:
    first, empty = r["first_paint_ms"], r["empty_window_first_paint_ms"]
    ratio = f"{r['first_paint_ratio']:.2f} x ({first:.0f} / {empty:.0f} ms)"
    rows: list[Row] = [
        ("First paint against an empty PySide6 window", "<= 1.5 x", ratio),
        ("Usable (database open, page stands)", "<= 2 s", f"{r['usable_ms'] / 1000:.2f} s"),
    ]
    for phase, name, target in (("loading", "the engine loads", "<= 50 ms"), ("furnishing", "the page is built", "")):
        stall = r["longest_stall_ms"][phase]
        measured = f"median {stall['median']:.0f} ms, worst {stall['worst']:.0f} ms"
        rows.append((f"Longest stall of the event loop while {name}", target, measured))
    return [*rows, ("Engine ready", "", f"{r['engine_ready_ms'] / 1000:.1f} s")]


def diagnose_speed(r: Result) -> list[Row]:
    ours, plain = r["squama_ms"], r["plain_ms"]
    return [
        (
            f"{r['photo']} to boxes, {stage}: plain eager PyTorch against Squama",
            "> 1 x" if stage == "total" else "",
            f"{r['plain_over_squama'][stage]:.1f} x ({plain[stage]:.0f} / {ours[stage]:.0f} ms)",
        )
        for stage in ours
    ]


def generic(r: Result) -> list[Row]:
    """Benchmarks that give their own ``rows``: ``[[figure, target, measured], ...]``."""
    return [(figure, target, measured) for figure, target, measured in r["rows"]]


def label_suspects(r: Result) -> list[Row]:
    rows: list[Row] = []
    for part, target in (("kept half", ">= 0.80"), ("all", ">= 0.80")):
        figures = r["ham10000"][part]
        for kind, words in (("alike", "to any diagnosis alike"), ("frequent", "to frequent diagnoses")):
            for tool, found in figures[kind].items():
                name = f"HAM10000, {part} (n = {figures['n']}), 5 % of labels swapped {words}, {tool}"
                told = f"{found['auroc']:.3f} (lowest of {found['seeds']} seeds {found['lowest_auroc']:.3f})"
                worst = f"lift in the worst 5 %: {found['lift_worst_5']:.1f}"
                own = f"own threshold: precision {found['precision']:.2f}, recall {found['recall']:.2f}"
                rows.append((f"{name}: AUROC", target if tool == "squama" else "", f"{told}; {worst}; {own}"))
    return rows


def box_suspects(r: Result) -> list[Row]:
    rows: list[Row] = [(f"Phantom boxes: {kind}, found", "", share(found)) for kind, found in r["recall"].items()]
    rows.append(("Phantom boxes as they are: false alarms", "", share(r["false_alarms"])))
    tone = r["tone"]
    told = f"{tone['spearman_with_skin_type']:.2f}, n = {tone['n']} of {tone['of']}"
    return [*rows, ("Phantoms: skin tone (ITA) by skin type, rank correlation", "", told)]


def duplicates(r: Result) -> list[Row]:
    rows: list[Row] = []
    for name, found in r["sets"].items():
        of = f"{name}, {r['part']}: copies planted"
        kinds = ", ".join(f"{kind} {k['hits']}/{k['n']}" for kind, k in found["recall"].items() if kind != "all")
        rows.append((f"{of}, recall", ">= 0.90", f"{share(found['recall']['all'])}; {kinds}"))
        rows.append((f"{of}, precision", ">= 0.90", share(found["precision"])))
        for peer, theirs in found["peers"].items():
            told = f"recall {theirs['recall']['all']['value']:.3f}, precision {theirs['precision']['value']:.3f}"
            rows.append((f"{of}, {peer}", "", told))
    same = r["same_lesion"]
    told = f"recall {share(same['recall'])}; precision {share(same['precision'])}"
    return [*rows, (f"HAM10000, {r['part']}: photos of one lesion found by sight", "", told)]


def duplicate_search(r: Result) -> list[Row]:
    return [
        (
            f"Duplicates: candidates among {row['photos']:,} photos ({r['data']})",
            "< 10 s" if row["photos"] == 150_000 else "",
            f"{row['seconds']} s ({row['processor_seconds']} s of a processor), {row['peak_memory_mb']} MB",
        )
        for row in r["sizes"]
    ]


def faces(r: Result) -> list[Row]:
    rows: list[Row] = []
    for what, found in r["table"].items():
        kind = "false alarms" if any(name.startswith("false alarms") for name in found) else "recall"
        told = "; ".join(f"{name.partition('/')[2]} {v['hits']} of {v['n']}" for name, v in found.items())
        rows.append((f"Faces, {what}: {kind}", "", told))
    speed = r["speed"]
    told = f"{speed['share']:.2f} x ({speed['check_ms']:.0f} / {speed['full_decode_ms']:.0f} ms)"
    return [*rows, ("Faces in a 12-megapixel photo, against one full decode", "", told)]


def cover(r: Result) -> list[Row]:
    return [
        (f"Hair and cloth, {name}: {what}", "", share(value))
        for name in ("phantoms", "ham10000_small")
        for what, value in r.get(name, {}).items()
        if isinstance(value, dict)
    ]


def blood_cells(r: Result) -> list[Row]:
    part = f"Blood cells (BCCD), its own lists, {r['part']} ({r['photos']} photos)"
    rows: list[Row] = []
    for row in r["rows"]:
        low, high = row["interval"]
        classes = ", ".join(f"{key} {value:.2f}" for key, value in row["per_class"].items())
        minutes = ", ".join(f"{seconds / 60:.0f}" for seconds in row["seconds"])
        told = f"{row['map50']:.3f} [{low:.3f}, {high:.3f}], seeds {row['seeds']}; {classes}; {minutes} min on a CPU"
        target = ">= 0.84 by one CPU run" if r["part"] == "test" and not r.get("pairs") else ""
        rows.append((f"{part}: mAP@0.5 of {row['network']}, {r['epochs']} epochs", target, told))
    for pair in r.get("pairs", ()):
        told = f"{pair['difference']:+.3f} {pair['interval']}" if pair["seeds"] else "not run"
        rows.append((f"{part}: {pair['a']} minus {pair['b']}", "whatever the sign", told))
    rows += [(f"{part}: {name}", "", "not run") for name in r["not_run"]]
    return rows


def own_boxes(r: Result) -> list[Row]:
    rows: list[Row] = []
    for row in r["rows"]:
        low, high = row["interval"]
        learnt = f"{row['photos']} photos, {row['boxes']} boxes, {r['steps']} steps" if row["photos"] else "as it is"
        told = f"{row['map50']:.3f} [{low:.3f}, {high:.3f}] on {r['held_out']['photos']} held-out photos"
        rows.append((f"Own boxes, {r['material']}: mAP@0.5 from {row['start']}, {learnt}", "", told))
    return rows


def ham_recipes(r: Result) -> list[Row]:
    rows: list[Row] = []
    for name, found in r["rows"].items():
        told = "not run"
        if found != "not run":
            told = (
                f"{found['balanced_accuracy']:.3f} [{found['low']:.3f}, {found['high']:.3f}], {found['seconds']:.0f} s"
            )
        target = "< 300 s" if not rows else ""
        rows.append((f"HAM10000, {r['folds']} folds by lesion: balanced accuracy, {name}", target, told))
    return rows


def training_speed(r: Result) -> list[Row]:
    ours = r["images_per_second"]["ours"]
    rows = [(f"Images learnt a second, {name}", ">= 1.0 x", f"{value:.2f} x") for name, value in r["ratios"].items()]
    told = f"{r['ahead']:.1f} x the {ours:.1f} images/s that the network takes"
    return [*rows, ("Pictures prepared by one thread", "> 1 x", told), ("The same on a GPU", "", r["gpu"])]


READERS: dict[str, Callable[[Result], list[Row]]] = {
    "phantom-scores": phantom_scores,
    "clinical-development": clinical,
    "clinical-test": clinical,
    "lesion-recall": lesion_recall,
    "unlike": unlike,
    "start-up": start_up,
    "diagnose-speed": diagnose_speed,
    "label-suspects": label_suspects,
    "box-suspects": box_suspects,
    "duplicates-development": duplicates,
    "duplicates-test": duplicates,
    "duplicate-search": duplicate_search,
    "faces-test": faces,
    "cover": cover,
    "ham-recipes": ham_recipes,
    "training-speed": training_speed,
    "own-boxes-phantoms": own_boxes,
    "own-boxes-blood-cells": own_boxes,
    **{f"bccd-{kind}-{part}": blood_cells for kind in ("train", "compare") for part in ("val", "test")},
}


def kept_names() -> list[str]:
    """Those with a reader in its order, then the others by name."""
    found = {file.stem.removesuffix("-quick") for file in RESULTS.glob("*.json")}
    return [n for n in READERS if n in found] + sorted(found - set(READERS))


def table() -> str:
    lines = ["| figure | target | measured | when |", "|---|---|---|---|"]
    for name in kept_names():
        file = RESULTS / f"{name}.json"
        if not file.exists():
            file = RESULTS / f"{name}-quick.json"
        result = json.loads(file.read_text(encoding="utf-8"))
        when = result["date"] + ("" if result["full"] else ", quick")
        lines += [f"| {a} | {b} | {c} | {when} |" for a, b, c in READERS.get(name, generic)(result)]
    return "\n".join(lines)


def main() -> None:
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    marked = re.sub(
        r"(<!-- results -->\n).*?(<!-- end of results -->)", lambda m: f"{m[1]}{table()}\n{m[2]}", text, flags=re.DOTALL
    )
    readme.write_text(marked, encoding="utf-8")


if __name__ == "__main__":
    main()
