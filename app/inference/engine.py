"""The engine process: requests as JSON lines on stdin, answers as JSON lines on stdout.

Requests (``id`` is the client's):
    ``{"op": "diagnose", "id", "image", "path" | "pixels", "boxes", "min_score", "detect", "priority", "deadline_s"}``:
        the lower the priority, the sooner; ``pixels`` is ``{"file", "rows", "columns", "width", "height"}``, a file of
        uint8 RGB that is mapped; ``deadline_s`` counts from the arrival here.
    ``{"op": "swap", "id", "detector", "classifier"}``: load, warm up, check, then use; calls under way finish on the
        old models.
    ``{"op": "drop", "id"}``; ``{"op": "stop"}``.
Answers: ``ready``, ``started``, ``answer``, ``refused`` (an error), ``dropped``; see ``engine_client``.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO

from app.common.errors import UserError
from app.common.geometry import Box
from app.inference.portable import pack_diagnosis, pack_error

if TYPE_CHECKING:
    from app.common.images import Photo
    from app.inference.diagnose import Diagnoser

Load = Callable[[str | None, str | None], "Diagnoser"]
"""Detector and classifier by name (None: the pack's default) -> ready, warmed up and checked."""
_STOP = -(1 << 30)


class Engine:
    """One queue, one worker, one reference to the models in use."""

    def __init__(self, out: BinaryIO, load: Load, at_end: Callable[[], None] = lambda: None) -> None:
        """``at_end`` is called in the reading thread when there is nobody left to answer."""
        self._out = out
        self._load = load
        self._at_end = at_end
        self._writing = threading.Lock()
        self._jobs: queue.PriorityQueue[tuple[int, int, dict[str, Any]]] = queue.PriorityQueue()
        self._dropped: set[int] = set()
        self._diagnoser: Diagnoser | None = None
        self._problem: UserError | None = None

    def run(self, lines: Iterable[bytes], detector: str | None, classifier: str | None) -> None:
        """Serve until a ``stop`` or the end of ``lines``; loads the models first, while requests already queue."""
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        start = perf_counter()
        try:
            self._diagnoser = self._load(detector, classifier)
        except UserError as error:
            self._problem = error
        self.say(event="ready", load_ms=1000 * (perf_counter() - start), **self._state())
        while (job := self._jobs.get())[0] != _STOP:
            self._answer(job[2])

    def say(self, **message: Any) -> None:
        line = json.dumps(message, ensure_ascii=True).encode() + b"\n"
        with self._writing:
            self._out.write(line)
            self._out.flush()

    def _read(self, lines: Iterable[bytes]) -> None:
        for arrival, line in enumerate(lines):
            request = json.loads(line)
            if request["op"] == "stop":
                break
            self._take(request, arrival)
        self._jobs.put((_STOP, 0, {}))
        self._at_end()

    def _take(self, request: dict[str, Any], arrival: int) -> None:
        if request["op"] == "drop":
            self._dropped.add(request["id"])
        elif request["op"] == "swap":
            threading.Thread(target=self._swap, args=(request,), daemon=True).start()
        elif request["op"] == "diagnose":
            request["until"] = monotonic() + (request.get("deadline_s") or float("inf"))
            self._jobs.put((request.get("priority", 0), arrival, request))

    def _answer(self, request: dict[str, Any]) -> None:
        number = request["id"]
        if number in self._dropped or monotonic() > request["until"]:
            reason = "asked" if number in self._dropped else "deadline"
            self._dropped.discard(number)
            self.say(event="dropped", id=number, reason=reason)
            return
        self.say(event="started", id=number)
        try:
            self.say(event="answer", id=number, result=self._diagnose(request), **self._state())
        except UserError as error:
            self.say(event="refused", id=number, error=pack_error(error))
        except (RuntimeError, MemoryError) as error:  # what torch raises for whatever went wrong inside
            traceback.print_exc()
            failed = UserError("engine_failed", reason=type(error).__name__)
            self.say(event="refused", id=number, error=pack_error(failed))
        self._dropped.discard(number)

    def _diagnose(self, request: Mapping[str, Any]) -> dict[str, Any]:
        diagnoser = self._diagnoser
        if diagnoser is None:
            raise self._problem or UserError("engine_failed", reason="-")
        boxes = [Box(*(float(v) for v in box)) for box in request.get("boxes", ())]
        options: dict[str, Any] = {k: request[k] for k in ("min_score", "detect") if k in request}
        if "pixels" in request:
            with _Mapped(request["pixels"]) as photo:
                found = diagnoser.diagnose(photo, boxes, **options)
        else:
            found = diagnoser.diagnose(Path(request["path"]), boxes, **options)
        return pack_diagnosis(found, str(request.get("image", "")))

    def _swap(self, request: Mapping[str, Any]) -> None:
        try:
            self._diagnoser = self._load(request.get("detector"), request.get("classifier"))
        except UserError as error:
            self.say(event="refused", id=request["id"], error=pack_error(error))
            return
        self._problem = None
        self.say(event="answer", id=request["id"], result={}, **self._state())

    def _state(self) -> dict[str, Any]:
        diagnoser = self._diagnoser
        if diagnoser is None:
            return {"problem": pack_error(self._problem)} if self._problem else {}
        models = {role: manifest.identity() for role, manifest in diagnoser.models.items()}
        return {**diagnoser.device.as_json(), "models": models}


class _Mapped:
    """A photo in a file that the window owns, mapped while it is used."""

    def __init__(self, place: Mapping[str, Any]) -> None:
        self._place = place

    def __enter__(self) -> Photo:
        import mmap

        import numpy as np

        from app.common.images import Photo

        place = self._place
        rows, columns = int(place["rows"]), int(place["columns"])
        try:
            with Path(place["file"]).open("rb") as file:
                self._map = mmap.mmap(file.fileno(), rows * columns * 3, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise UserError("engine_failed", reason=type(error).__name__) from error
        pixels = np.frombuffer(self._map, np.uint8).reshape(rows, columns, 3)
        return Photo(pixels, int(place["width"]), int(place["height"]))

    def __exit__(self, *_: object) -> None:
        import contextlib

        with contextlib.suppress(BufferError):  # still seen by an array: goes with it
            self._map.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve stdin and stdout; ``argv`` behind the word ``engine``."""
    parser = argparse.ArgumentParser(prog="engine")
    for option in ("--workspace", "--detector", "--classifier"):
        parser.add_argument(option)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(sys.argv[2:] if argv is None else argv)

    def load(detector: str | None, classifier: str | None) -> Diagnoser:
        return load_models(options.workspace, detector, classifier, options.device)

    # The window is gone or wants no more: nothing here is worth finishing, and torch's threads are not waited for.
    engine = Engine(own_stdout(), load, at_end=lambda: os._exit(0))
    engine.run(sys.stdin.buffer, options.detector, options.classifier)
    return 0


def load_models(workspace: str | None, detector: str | None, classifier: str | None, device: str) -> Diagnoser:
    """The diagnoser that these options mean, warmed up and checked.

    Raises:
        UserError: as ``find_model``, ``load_diagnoser`` and ``check``.
    """
    from app.common.workspace import open_workspace
    from app.inference.diagnose import check, load_diagnoser
    from app.inference.models import find_model

    place = open_workspace(workspace) if workspace else None
    found = load_diagnoser(find_model(detector, "detect", place), find_model(classifier, "classify", place), device)
    check(found)
    return found


def own_stdout() -> BinaryIO:
    """The real stdout for answers alone; whatever else prints, in Python or in a library, goes to stderr."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers
