"""The checks as a process of their own, for the window: ``main.py cleaning --workspace DIR --actor NAME``.

Says on stdout, a JSON line each: ``{"event": "progress", "stage", "done", "whole", "new", "seconds_left"}``, at the end
``{"event": "done", "photos", "examined", "stopped"}`` or ``{"event": "failed", "error"}``. The line ``stop`` on stdin,
or its end, cancels.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK, load_pack
from app.common.workspace import open_workspace

NICE = 10


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--actor", required=True)
    parser.add_argument("--checks")
    options = parser.parse_args(argv)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # what a library prints is no event
    if hasattr(os, "nice"):
        os.nice(NICE)
    stopping = threading.Event()
    threading.Thread(target=_listen, args=(stopping,), daemon=True).start()
    try:
        _clean(options, out, stopping)
    except UserError as error:
        from app.inference.portable import pack_error

        _say(out, event="failed", error=pack_error(error))
        return 2
    return 0


def _clean(options: argparse.Namespace, out: BinaryIO, stopping: threading.Event) -> None:
    from app.cleaning.run import clean_workspace
    from app.datasets.store import open_store

    workspace = open_workspace(options.workspace)
    store = open_store(workspace)
    with contextlib.closing(store):
        summary = clean_workspace(
            store,
            load_pack(DEFAULT_PACK, workspace.packs),
            options.actor,
            options.checks.split(",") if options.checks else None,
            lambda progress: _say(out, event="progress", **asdict(progress)),
            stopping.is_set,
        )
    _say(out, event="done", **asdict(summary))


def _listen(stopping: threading.Event) -> None:
    with contextlib.suppress(OSError):
        os.read(0, 1)  # not sys.stdin: a thread inside its lock would abort Python at the end
    stopping.set()


def _say(out: BinaryIO, **message: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the window is gone: what is found is stored all the same
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()
