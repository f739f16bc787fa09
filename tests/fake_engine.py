"""An engine that starts in milliseconds, for tests of its client. What it does hangs on the request's ``image``.

``python fake_engine.py [never-ready] [stray-prints]``
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    if "never-ready" in sys.argv:
        os._exit(3)
    say(event="ready", device="cpu", device_reason="chosen", models={})
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "stop":
            return
        if request["op"] == "drop":
            continue
        say(event="started", id=request["id"])
        image = request.get("image", "")
        if image == "crash":
            os._exit(1)
        if image == "half a line":
            sys.stdout.write('{"event": "answer", "id": ')
            sys.stdout.flush()
            os._exit(1)
        if image == "hang":
            continue
        result: dict[str, Any] = {"image": image, "pid": os.getpid()}
        if "pixels" in request:
            result["sum"] = sum(Path(request["pixels"]["file"]).read_bytes())
        say(event="answer", id=request["id"], result=result)


if __name__ == "__main__":
    main()
