"""The window's end of the engine process. Knows neither Qt nor torch; events come from a thread of its own."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from app.common.errors import UserError
from app.inference.portable import pack_error, read_error

Kind = Literal["ready", "answer", "refused", "dropped", "message"]
MOST_CRASHES = 3
"""A request that was being answered at so many crashes is refused."""
MOST_FALSE_STARTS = 3
"""After so many deaths in a row without ever getting ready the engine is given up; ``start`` tries anew."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0


@dataclass(frozen=True)
class Event:
    """Something that the engine says.

    ``ready``: the models are loaded; ``payload`` has ``device, device_reason, models, load_ms``, or ``problem`` (an
        error) when there are none to use.
    ``answer``: of request ``number``; ``payload["result"]`` (the contract's record, see ``portable``), and the device
        and models.
    ``refused``: ``error`` says why. ``dropped``: its deadline passed.
    ``message``: the engine died and starts again, or cannot; ``error`` says it. One such event for each death.
    """

    kind: Kind
    number: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> UserError | None:
        """The error of ``refused``, ``message``, and of ``ready`` without models."""
        raw = self.payload.get("error") or self.payload.get("problem")
        return read_error(raw) if raw else None


@dataclass(frozen=True, eq=False)
class SharedPixels:
    """uint8 RGB pixels for the engine: ``data`` is any C-contiguous buffer of rows x columns x 3 bytes.

    ``width`` and ``height`` are the upright photo's at full scale.
    """

    data: Any
    rows: int
    columns: int
    width: int
    height: int


@dataclass(eq=False)
class _Pending:
    request: dict[str, Any]
    pixels: SharedPixels | None
    crashes: int = 0
    file: Path | None = None


class EngineClient:
    """Starts the engine, keeps it alive, and carries requests over its deaths.

    A request that was given before a crash is given again after it. Every method may be called from any thread and
    returns at once, except ``stop``.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_event: Callable[[Event], None],
        folder: Path | None = None,
        log: Path | None = None,
    ) -> None:
        """``folder``: where pixels lie while the engine reads them (None: the system's); ``log``: takes its stderr."""
        self._command = list(command)
        self._on_event = on_event
        self._parent = folder
        self._log = log
        self._lock = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._last = 0
        self._running: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._outbox: queue.SimpleQueue[dict[str, Any] | None] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._folder: Path | None = None

    def start(self) -> None:
        """Start the engine unless it runs. ``ready`` follows."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stopping.clear()
            self._thread = threading.Thread(target=self._supervise, name="engine-client", daemon=True)
            self._thread.start()

    def submit(
        self,
        request: Mapping[str, Any],
        pixels: SharedPixels | None = None,
        priority: int = 0,
        deadline_s: float | None = None,
    ) -> int:
        """Ask (``{"op": "diagnose", ...}`` or ``{"op": "swap", ...}``, see ``engine``); the request's number."""
        with self._lock:
            self._last += 1
            number = self._last
            asked = {**request, "id": number, "priority": priority, "deadline_s": deadline_s}
            self._pending[number] = _Pending(asked, pixels)
            if self._outbox is not None:
                self._outbox.put(asked)
        return number

    def drop(self, number: int) -> None:
        """Forget a request: no event of it comes any more."""
        with self._lock:
            dropped = self._pending.pop(number, None)
            if dropped is not None and self._outbox is not None:
                self._outbox.put({"op": "drop", "id": number})
        if dropped is not None:
            _remove(dropped.file)

    def stop(self, patience_s: float = 5.0) -> None:
        """End the engine, by force after ``patience_s``; pending requests are forgotten."""
        self._stopping.set()
        with self._lock:
            self._pending.clear()
            outbox, thread = self._outbox, self._thread
        if outbox is not None:
            outbox.put({"op": "stop"})
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience_s)
            self.kill()
            thread.join(patience_s)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """End the process at once, as a crash would (for one that hangs); it starts again unless stopping."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    @property
    def process_id(self) -> int | None:
        with self._lock:
            return self._process.pid if self._process is not None else None

    def _supervise(self) -> None:
        false_starts, pause = 0, FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                process = self._spawn()
            except OSError as error:
                self._give_up(UserError("engine_cannot_start", reason=error.strerror or type(error).__name__))
                return
            got_ready, got_answers = self._listen(process)
            refused = self._bury(process)
            if self._stopping.is_set():
                return
            false_starts = 0 if got_ready else false_starts + 1
            pause = FIRST_PAUSE if got_answers else min(2 * pause, LONGEST_PAUSE)
            if false_starts >= MOST_FALSE_STARTS:
                self._give_up(UserError("engine_given_up"))
                return
            self._tell("message", error=UserError("engine_restarted"))
            for number in refused:
                self._tell("refused", number, error=UserError("engine_crashed"))
            self._stopping.wait(pause)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as files:
            stderr: int | IO[bytes] = subprocess.DEVNULL
            if self._log is not None:
                stderr = files.enter_context(self._log.open("ab"))
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0,
            )
        outbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._lock:
            self._process, self._outbox, self._running = process, outbox, None
            for pending in self._pending.values():
                outbox.put(pending.request)
        threading.Thread(target=self._write, args=(process, outbox), name="engine-writer", daemon=True).start()
        if self._stopping.is_set():
            process.kill()
        return process

    def _write(self, process: subprocess.Popen[bytes], outbox: queue.SimpleQueue[dict[str, Any] | None]) -> None:
        """Off the caller's thread: a full pipe or 36 MB of pixels must not stall the window."""
        assert process.stdin is not None
        while (message := outbox.get()) is not None:
            try:
                process.stdin.write(json.dumps(self._with_pixels(message)).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                if isinstance(error, BrokenPipeError) or process.poll() is not None:
                    break  # it died; whoever listens to it sees that too
                self._finish(message.get("id"))
                self._tell("refused", message.get("id"), error=UserError("engine_pixels", reason=str(error.strerror)))
        with contextlib.suppress(OSError):
            process.stdin.close()

    def _with_pixels(self, message: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            pending = self._pending.get(message["id"]) if message["op"] == "diagnose" else None
        if pending is None or pending.pixels is None:
            return message
        shared = pending.pixels
        if pending.file is None:
            pending.file = self._shared_file(message["id"], shared)
        place = {"file": str(pending.file), "rows": shared.rows, "columns": shared.columns}
        return {**message, "pixels": {**place, "width": shared.width, "height": shared.height}}

    def _shared_file(self, number: int, shared: SharedPixels) -> Path:
        import mmap

        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="engine-", dir=self._parent))
        file = self._folder / f"{number}.pixels"
        size = shared.rows * shared.columns * 3
        with file.open("w+b") as opened:
            opened.truncate(size)
            with mmap.mmap(opened.fileno(), size) as mapped:
                mapped[:] = memoryview(shared.data).cast("B")
        return file

    def _listen(self, process: subprocess.Popen[bytes]) -> tuple[bool, bool]:
        """Pass on what the engine says until it ends; whether it got ready, and whether it answered anything."""
        assert process.stdout is not None
        ready = answered = False
        for line in process.stdout:
            try:
                said = json.loads(line)
            except ValueError:  # half a line: it died while writing
                continue
            event, number = said.pop("event"), said.pop("id", None)
            if event == "ready":
                ready = True
                self._on_event(Event("ready", None, said))
            elif event == "started":
                with self._lock:
                    self._running = number
            elif self._finish(number):
                answered = True
                self._on_event(Event(event, number, said))
        return ready, answered

    def _finish(self, number: int | None) -> bool:
        """Whether somebody still waited for the request; its pixels go."""
        with self._lock:
            if number == self._running:
                self._running = None
            pending = self._pending.pop(number, None) if number is not None else None
        if pending is None:
            return False
        _remove(pending.file)
        return True

    def _bury(self, process: subprocess.Popen[bytes]) -> list[int]:
        """After the process ended: the requests that have now killed it too often."""
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        with self._lock:
            if self._outbox is not None:
                self._outbox.put(None)
            self._process = self._outbox = None
            guilty, self._running = self._running, None
            pending = self._pending.get(guilty) if guilty is not None else None
            if guilty is None or pending is None:
                return []
            pending.crashes += 1
            if pending.crashes < MOST_CRASHES:
                return []
            del self._pending[guilty]
        _remove(pending.file)
        return [guilty]

    def _give_up(self, error: UserError) -> None:
        with self._lock:
            waiting, self._pending = self._pending, {}
        self._tell("message", error=error)
        for number, pending in waiting.items():
            _remove(pending.file)
            self._tell("refused", number, error=error)

    def _tell(self, kind: Kind, number: int | None = None, *, error: UserError) -> None:
        self._on_event(Event(kind, number, {"error": pack_error(error)}))


def _remove(file: Path | None) -> None:
    """Windows keeps a file that is still mapped: then it goes with the folder."""
    if file is not None:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
