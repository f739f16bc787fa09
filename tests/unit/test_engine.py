"""The engine: order, deadlines, drops and swaps with a stand-in for the models; one real child with untrained ones."""

from __future__ import annotations

import io
import json
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.common.errors import UserError
from app.common.images import Photo
from app.common.places import ROOT
from app.common.workspace import Workspace
from app.inference import engine as engine_room
from app.inference.device import Device
from app.inference.engine import Engine
from app.inference.engine_client import EngineClient, Event, SharedPixels

MANIFEST = SimpleNamespace(identity=lambda: {"name": "m", "version": "1", "sha256": "0"})


class StandIn:
    """Answers as told; ``hold`` keeps it busy until it is released."""

    def __init__(self, name: str = "old") -> None:
        self.models = {"detector": MANIFEST, "classifier": MANIFEST}
        self.device = Device("cpu", "chosen")
        self.name = name
        self.hold = threading.Event()
        self.busy = threading.Event()
        self.hold.set()

    def diagnose(self, source: Path | Photo, boxes: Any, **options: Any) -> Any:
        self.busy.set()
        assert self.hold.wait(30)
        if isinstance(source, Photo):
            return SimpleNamespace(image=f"{source.pixels.sum()} {source.width}x{source.height}")
        if source.name == "refused":
            raise UserError("file_missing", file="refused")
        if source.name == "broken":
            raise RuntimeError("inside torch")
        return SimpleNamespace(image=self.name)


class Wire(io.RawIOBase):
    """Both pipes of an engine, in this process."""

    def __init__(self) -> None:
        self.said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def write(self, data: Any) -> int:
        self.said.put(json.loads(bytes(data)))
        return len(data)

    def ask(self, **request: Any) -> None:
        self.lines.put(json.dumps(request).encode())

    def diagnose(self, number: int, path: str = "a", **more: Any) -> None:
        self.ask(op="diagnose", id=number, path=path, **more)

    def __iter__(self) -> Iterator[bytes]:  # type: ignore[override]
        while (line := self.lines.get(timeout=30)) is not None:
            yield line

    def hear(self, event: str) -> dict[str, Any]:
        while (message := self.said.get(timeout=30))["event"] != event:
            pass
        return message


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def load(stand_in: StandIn) -> Callable[..., Any]:
    def loaded(detector: str | None, classifier: str | None) -> Any:
        if detector == "damaged":
            raise UserError("weights_missing", model="damaged")
        return StandIn("new") if detector == "new" else stand_in

    return loaded


@pytest.fixture
def wire(load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setattr(engine_room, "pack_diagnosis", lambda found, image: {"image": found.image})
    made = Wire()
    thread = threading.Thread(target=Engine(made, load).run, args=(made, None, None))  # type: ignore[arg-type]
    thread.start()
    yield made
    made.ask(op="stop")
    thread.join(30)
    assert not thread.is_alive()


def test_it_says_when_it_is_ready_and_what_with(wire: Wire) -> None:
    ready = wire.hear("ready")
    assert (ready["device"], ready["device_reason"]) == ("cpu", "chosen")
    assert set(ready["models"]) == {"detector", "classifier"}


def test_the_urgent_go_first_the_dropped_and_the_late_not_at_all(wire: Wire, stand_in: StandIn) -> None:
    stand_in.hold.clear()
    wire.diagnose(1)
    assert stand_in.busy.wait(30)
    wire.diagnose(2, priority=5)
    wire.diagnose(3, priority=1)
    wire.diagnose(4, priority=3)
    wire.diagnose(5, priority=2, deadline_s=1e-9)
    wire.ask(op="drop", id=4)
    wire.ask(op="swap", id=6, detector="damaged")
    assert wire.hear("refused")["id"] == 6  # everything before it has been read
    stand_in.hold.set()
    heard = [wire.said.get(timeout=30) for _ in range(7)]
    order = [(m["event"], m["id"]) for m in heard if m["event"] != "started"]
    assert order == [("answer", 1), ("answer", 3), ("dropped", 5), ("dropped", 4), ("answer", 2)]


def test_refused_and_broken_requests_leave_it_running(wire: Wire) -> None:
    wire.diagnose(1, "refused")
    assert wire.hear("refused")["error"]["code"] == "file_missing"
    wire.diagnose(2, "broken")
    assert wire.hear("refused")["error"]["code"] == "engine_failed"
    wire.diagnose(3)
    assert wire.hear("answer")["id"] == 3


def test_a_swap_lets_calls_under_way_finish_on_the_old_models(wire: Wire, stand_in: StandIn) -> None:
    stand_in.hold.clear()
    wire.diagnose(1)
    assert stand_in.busy.wait(30)
    wire.ask(op="swap", id=2, detector="new")
    assert wire.hear("answer")["id"] == 2
    wire.diagnose(3)
    stand_in.hold.set()
    assert wire.hear("answer")["result"]["image"] == "old"
    assert wire.hear("answer")["result"]["image"] == "new"


def test_a_swap_to_damaged_models_keeps_the_old(wire: Wire) -> None:
    wire.ask(op="swap", id=1, detector="damaged")
    assert wire.hear("refused")["error"]["code"] == "weights_missing"
    wire.diagnose(2)
    assert wire.hear("answer")["result"]["image"] == "old"


def test_without_models_every_request_says_why_and_a_swap_helps(
    load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "pack_diagnosis", lambda found, image: {"image": found.image})
    wire = Wire()
    thread = threading.Thread(target=Engine(wire, load).run, args=(wire, "damaged", None))  # type: ignore[arg-type]
    thread.start()
    assert wire.hear("ready")["problem"]["code"] == "weights_missing"
    wire.diagnose(1)
    assert wire.hear("refused")["error"]["code"] == "weights_missing"
    wire.ask(op="swap", id=2, detector="new")
    wire.hear("answer")
    wire.diagnose(3)
    assert wire.hear("answer")["result"]["image"] == "new"
    wire.ask(op="stop")
    thread.join(30)


def test_pixels_come_by_a_mapped_file(wire: Wire, tmp_path: Path) -> None:
    file = tmp_path / "像素 1"
    file.write_bytes(np.arange(24, dtype=np.uint8).tobytes())
    place = {"file": str(file), "rows": 2, "columns": 4, "width": 8, "height": 4}
    wire.ask(op="diagnose", id=1, pixels=place)
    assert wire.hear("answer")["result"]["image"] == f"{sum(range(24))} 8x4"
    wire.ask(op="diagnose", id=2, pixels={**place, "rows": 200})
    assert wire.hear("refused")["id"] == 2


@pytest.mark.timeout(400)  # torch is imported three times, perhaps beside a training
def test_a_real_engine_answers_files_and_pixels_and_survives_its_death(workspace: Workspace, photo_file: Path) -> None:
    from app.inference.weights import write_untrained

    write_untrained(workspace.models, "detect", "d", size=64)
    write_untrained(workspace.models, "classify", "c", architecture="resnet18", size=64)
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    options = ["--workspace", str(workspace.root), "--detector", "d", "--classifier", "c", "--device", "cpu"]
    client = EngineClient(
        [sys.executable, str(ROOT / "main.py"), "engine", *options],
        heard.put,
        workspace.cache,
        workspace.logs / "engine.log",
    )
    client.start()
    number = client.submit({"op": "diagnose", "image": "a.jpg", "path": str(photo_file), "min_score": 0.0})
    ready = heard.get(timeout=180)
    assert (ready.kind, ready.error) == ("ready", None)
    client.kill()
    events = [heard.get(timeout=180)]
    while events[-1].number != number:
        events.append(heard.get(timeout=180))
    assert sum(e.kind == "message" for e in events) <= 1
    result = events[-1].payload["result"]
    assert (result["image"], result["width"], result["height"]) == ("a.jpg", 160, 120)
    pixels = SharedPixels(np.zeros((30, 40, 3), np.uint8), 30, 40, 160, 120)
    asked = client.submit({"op": "diagnose", "image": "b", "boxes": [[0, 0, 80, 80]], "detect": False}, pixels)
    event = heard.get(timeout=180)
    while event.number != asked:
        event = heard.get(timeout=180)
    assert event.payload["result"]["boxes"][0]["box"] == [0, 0, 80, 80]
    client.stop()
    assert not list(workspace.cache.iterdir())
