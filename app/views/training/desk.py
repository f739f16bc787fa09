"""What the Train page asks for, each function off the GUI thread: plans, runs, what a version holds, what was tested.

The rooms are imported inside, as they bring pydantic and SQLAlchemy along.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from app.common.workspace import Workspace
    from app.datasets.freezing.versions import DatasetRow
    from app.training.plan import Plan
    from app.training.runs import RunInfo

Task = Literal["classify", "detect"]
Mistake = Literal["false_alarm", "misnamed", "missed"]
TESTS = "tests"
"""Folder in a run: one folder for each look at a part, as ``evaluate --out`` fills it."""
REPORT = "report.json"
MOST_ERRORS = 200
LIVE = ("queued", "running")


# -- the plan --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Choices:
    """What a person chose on the left; ``changed``: the plan's keys that differ from the recipe, "augment.flip"."""

    task: Task
    network: str
    dataset: str
    start: str
    recipe: str
    seed: int
    epochs: int | None = None
    pack: str = ""
    changed: Mapping[str, Any] = field(default_factory=dict)


def plan_of(choices: Choices) -> Plan:
    """Raises UserError ``plan_wrong`` with the key and the reason."""
    from app.training.plan import make_plan, plan_of_options

    plan = plan_of_options(
        choices.task, choices.network, choices.dataset, choices.start, choices.recipe, choices.epochs, choices.seed
    )
    raw: dict[str, Any] = plan.model_dump(mode="json", exclude_none=True)
    if choices.pack:
        raw["pack"] = choices.pack
    for key, value in choices.changed.items():
        *parts, last = key.split(".")
        inner = raw
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return make_plan({k: v for k, v in raw.items() if v is not None})


def values_of(plan: Plan) -> dict[str, Any]:
    """The plan's keys flat, "augment.flip" for those of a part."""
    flat: dict[str, Any] = {}
    for key, value in plan.model_dump(mode="json").items():
        if isinstance(value, dict) and key != "architecture":
            flat.update({f"{key}.{inner}": v for inner, v in value.items()})
        else:
            flat[key] = value
    return flat


@dataclass(frozen=True)
class FieldSpec:
    """One key of a plan as a field: its kind and its limits, as the plan's own schema has them."""

    key: str
    kind: Literal["whole", "number", "yes_no", "choice", "words"]
    low: float | None = None
    high: float | None = None
    options: tuple[str, ...] = ()
    optional: bool = False
    about: str = ""


def plan_fields() -> tuple[FieldSpec, ...]:
    """Every key that a field can hold (lists and free tables are left to plan files)."""
    from app.training.plan import Plan

    schema = Plan.model_json_schema()
    return tuple(_fields(schema["properties"], schema.get("$defs", {}), ""))


def _fields(properties: Mapping[str, Any], parts: Mapping[str, Any], before: str) -> list[FieldSpec]:
    found: list[FieldSpec] = []
    for key, raw in properties.items():
        part = str(raw.get("$ref", "")).rpartition("/")[2]
        if part:
            found += _fields(parts[part]["properties"], parts, f"{before}{key}.")
            continue
        spec = _field(f"{before}{key}", raw)
        if spec is not None:
            found.append(spec)
    return found


def _field(key: str, raw: Mapping[str, Any]) -> FieldSpec | None:
    about = str(raw.get("description", ""))
    either = [one for one in raw.get("anyOf", ()) if one.get("type") != "null"]
    optional = "anyOf" in raw
    if len(either) == 1:
        raw = either[0]
    if "enum" in raw:
        return FieldSpec(key, "choice", options=tuple(raw["enum"]), optional=optional, about=about)
    kinds: dict[str, Literal["whole", "number", "yes_no", "words"]] = {
        "integer": "whole", "number": "number", "boolean": "yes_no", "string": "words",
    }  # fmt: skip
    kind = kinds.get(str(raw.get("type")))
    if kind is None:
        return None
    low = raw.get("minimum", raw.get("exclusiveMinimum"))
    high = raw.get("maximum", raw.get("exclusiveMaximum"))
    return FieldSpec(key, kind, low, high, optional=optional, about=about)


def recipes(task: Task) -> tuple[str, ...]:
    from app.training.recipes import recipe_names

    return tuple(recipe_names(task))


def own_models(workspace: Workspace, task: Task) -> tuple[str, ...]:
    """What a training can start from: this house's models of the task; a detector from a classifier's body too."""
    from app.inference.models import list_models

    models = [m.manifest for m in list_models(workspace)]
    return tuple(m.label for m in models if m.task == task or task == "detect")


def write_plan(workspace: Workspace, plan: Plan) -> Path:
    """The plan as a file for a child to read; it lies in the cache."""
    from app.common.files import write_atomically
    from app.training.plan import plan_as_toml

    file = workspace.cache / "plan-forecast.toml"
    write_atomically(file, plan_as_toml(plan).encode())
    return file


# -- what there is to learn from ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Facts:
    """What a version holds, for a person who chooses it; ``parts``: part -> photos."""

    dataset: str
    pack: str
    parts: Mapping[str, int]
    patients: int
    boxes: int


def versions(session: Any) -> tuple[DatasetRow, ...]:
    """Those that can be learnt from, the newest first."""
    from app.datasets.freezing.versions import list_datasets

    return tuple(row for row in list_datasets(session) if not row.reduced)


def facts(session: Any, version: str) -> Facts:
    from app.datasets.freezing.versions import find_dataset

    frozen = find_dataset(session, version)
    parts = {part: len(frozen.part(part)) for part in ("train", "val", "test")}
    people = len({image.group for image in frozen.images})
    return Facts(version, frozen.pack, parts, people, sum(len(image.boxes) for image in frozen.images))


# -- runs --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Seen:
    """One look at the folder of runs; ``events``: run -> what is new of it and where the file's end is now.

    ``were_live``: the runs that were queued or running at the look before, also of a window that was closed since.
    """

    runs: tuple[RunInfo, ...]
    events: Mapping[str, tuple[list[dict[str, Any]], int]]
    usage: Mapping[str, Mapping[str, Any]]
    were_live: tuple[str, ...] = ()


def look(workspace: Workspace, followed: Mapping[str, int]) -> Seen:
    """``followed``: run -> how far its events are known (bytes)."""
    if not workspace.runs.is_dir() or not any(workspace.runs.iterdir()):
        return Seen((), {}, {})
    from app.training.runs import list_runs, read_since

    runs = list_runs(workspace)
    folders = {run.name: run.folder for run in runs}
    events = {name: read_since(folders[name], offset) for name, offset in followed.items() if name in folders}
    usage = {name: _json_object(folders[name] / "usage.json") for name in events}
    return Seen(runs, events, usage, _remember(workspace, [run.name for run in runs if run.state in LIVE]))


def _remember(workspace: Workspace, live: Sequence[str]) -> tuple[str, ...]:
    """What was live at the look before; what is now is kept for the next one, in the cache."""
    from app.common.errors import UserError
    from app.common.files import write_atomically

    file = workspace.cache / "runs-live.json"
    raw = _json(file)
    before = tuple(map(str, raw)) if isinstance(raw, list) else ()
    if before != tuple(live):
        with contextlib.suppress(UserError):  # a full disk costs a notice, no more
            write_atomically(file, json.dumps(list(live)).encode())
    return before


def enqueue(workspace: Workspace, plans: Sequence[Plan], actor: str) -> tuple[RunInfo, ...]:
    """Into the queue, and the runner sees to it."""
    from app.training.runs import enqueue as put
    from app.training.runs import start_runner

    made = tuple(put(workspace, plan, actor) for plan in plans)
    start_runner(workspace)
    return made


def act(workspace: Workspace, run: str, what: Literal["pause", "resume", "cancel"], actor: str) -> None:
    """Raises UserError ``no_such_run``, ``run_over``, ``run_done``, and those of writing."""
    from app.training import runs

    if what == "resume":
        runs.resume_run(workspace, run, actor)
        runs.start_runner(workspace)
    elif what == "pause":
        runs.pause_run(workspace, run, actor)
    else:
        runs.cancel_run(workspace, run, actor)


def move(workspace: Workspace, run: str, by: int) -> None:
    """Earlier (-1) or later (1) in the queue."""
    from app.training.runs import queue, reorder

    names = [folder.name for folder in queue(workspace)]
    if run in names:
        at = names.index(run)
        names.insert(max(0, at + by), names.pop(at))
        reorder(workspace, names)


def class_names(session: Any, workspace: Workspace, plan: Plan) -> tuple[tuple[str, str, str], ...]:
    """(key, English, Chinese) of what the plan learns, in order; nothing where the pack or the version is gone."""
    from app.common.errors import UserError
    from app.common.packs import load_pack
    from app.datasets.freezing.versions import find_dataset

    try:
        pack = load_pack(plan.pack or find_dataset(session, plan.dataset).pack, workspace.packs)
    except UserError:
        return ()
    names = {label.key: label.name for label in pack.labels}
    return tuple((key, names[key].en, names[key].zh) for key in pack.keys)


@dataclass(frozen=True)
class BoxOn:
    """A box in shares of the photo's width and height; ``score`` None: it is the truth."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    score: float | None = None


@dataclass(frozen=True)
class Answer:
    """One picture, what it is, and what the model says, most likely first: (class, probability).

    Of a model that finds lesions: ``boxes``, the true ones and its own; ``truth`` is empty then. With a ``mistake`` it
    is about one box: ``truth`` is what lies there, if anything, and ``top`` what was said.
    """

    path: Path
    truth: str
    top: tuple[tuple[str, float], ...]
    boxes: tuple[BoxOn, ...] = ()
    mistake: Mistake | None = None

    @property
    def right(self) -> bool:
        """The likeliest class is the truth; of boxes: as many were found as there are."""
        if self.mistake:
            return False
        if not self.truth:
            return sum(b.score is None for b in self.boxes) == sum(b.score is not None for b in self.boxes)
        return bool(self.top) and self.top[0][0] == self.truth


def samples(folder: Path) -> tuple[Answer, ...]:
    """The run's answers to some photos of the validation part (``samples.json``)."""
    raw = _json(folder / "samples.json")
    return tuple(_answer(one) for one in raw) if isinstance(raw, list) else ()


def _answer(one: Mapping[str, Any]) -> Answer:
    """A classifier's: ``{path, box?, truth, top3: [[class, share]]}``; a detector's: ``{path, truth, lesions}``."""
    path, classified = Path(one["path"]), "top3" in one
    top = tuple((str(key), float(p)) for key, p in one["top3"]) if classified else ()
    truth = str(one["truth"]) if classified else ""
    if classified:
        boxes = [(one["box"], truth, None)] if one.get("box") else []
    else:
        boxes = [(b["box"], b["label"], None) for b in one["truth"]]
        boxes += [(b["box"], b["disease"], b["score"]) for b in one["lesions"]]
    return Answer(path, truth, top, _boxes(path, boxes))


def _boxes(path: Path, boxes: Sequence[tuple[Sequence[float], str, float | None]]) -> tuple[BoxOn, ...]:
    """In shares of the photo; none where it cannot be read any more."""
    from app.common.errors import UserError
    from app.common.images import photo_size

    try:
        width, height = photo_size(path) if boxes else (1, 1)
    except UserError:
        return ()
    return tuple(_box(raw, label, score, width, height) for raw, label, score in boxes)


def _box(raw: Sequence[float], label: str, score: float | None, width: int, height: int) -> BoxOn:
    x0, y0, x1, y1 = raw
    return BoxOn(x0 / width, y0 / height, x1 / width, y1 / height, label, score)


# -- testing a finished run --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tested:
    """What ``evaluate`` said (its report.json)."""

    folder: Path
    figures: Mapping[str, Any]

    @property
    def detects(self) -> bool:
        return self.figures.get("task") == "detect"


def looks(workspace: Workspace, dataset: str) -> int:
    """How often any run was tested on the test part of this version, from this window."""
    from app.training.runs import list_runs

    files = [file for run in list_runs(workspace) for file in (run.folder / TESTS).glob(f"*/{REPORT}")]
    told = [_json_object(file) for file in files]
    return sum(one.get("dataset") == dataset and one.get("part") == "test" for one in told)


def new_test(run: Path) -> Path:
    """A folder for one more look; it is made by who writes into it."""
    number = 1 + sum(1 for _ in (run / TESTS).glob("*"))
    return run / TESTS / f"{number:03d}"


def last_test(run: Path) -> Tested | None:
    """The newest look at the run's model; None where there was none."""
    for folder in sorted((run / TESTS).glob("*"), reverse=True):
        figures = _json_object(folder / REPORT)
        if figures:
            return Tested(folder, figures)
    return None


def _json_object(file: Path) -> Mapping[str, Any]:
    raw = _json(file)
    return raw if isinstance(raw, dict) else {}


def _json(file: Path) -> Any:
    """None where it is not there, or is being written."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
