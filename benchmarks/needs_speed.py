"""How quickly the next photo that needs a person is found among 100,000."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from sqlalchemy import insert, update

from app.common.packs import DEFAULT_PACK
from app.common.workspace import open_workspace
from app.datasets.needs import next_needing
from app.datasets.store import Store, open_store
from benchmarks.common import keep, median_ms
from db.tables import Image

PHOTOS = 100_000


def filled(folder: Path, photos: int) -> Store:
    store = open_store(open_workspace(folder))
    with store.write("benchmark") as session:
        rows = [{"name": f"{n}.jpg", "path": f"{n}.jpg", "pack": DEFAULT_PACK, "meta": {}} for n in range(photos)]
        session.execute(insert(Image), rows)
    return store


def mark(store: Store, verified: bool, *but: int) -> None:
    with store.write("benchmark") as session:
        session.execute(update(Image).values(verified=verified))
        session.execute(update(Image).where(Image.id.in_(but)).values(verified=not verified))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    photos = PHOTOS if full else PHOTOS // 10
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder) / "ws", photos)
        ids = list(range(1, photos + 1))
        times = {}
        with store.read() as session:
            times["the next one needs somebody"] = median_ms(lambda: next_needing(session, ids, 1))
        mark(store, True, photos // 2)
        with store.read() as session:
            times["one only, behind all others"] = median_ms(lambda: next_needing(session, ids, photos // 2 + 1))
            times["none"] = median_ms(lambda: next_needing(session, ids, photos // 2))
        store.close()
    rows = [[f"Next photo that needs me, {photos:,} photos, {name}", "", f"{ms:.0f} ms"] for name, ms in times.items()]
    keep("needs-speed", {"rows": rows, "median_ms": times, "photos": photos}, full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
