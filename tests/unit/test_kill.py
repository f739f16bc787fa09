"""SIGKILL from outside at seeded moments, also inside a write: every finished edit is there, and undo works on."""

from __future__ import annotations

from pathlib import Path

from benchmarks.kills import MOMENTS, kill, make_workspace

KILLS = 10


def test_no_finished_edit_is_lost_by_a_kill(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    found = [kill(tmp_path, seed) for seed in range(KILLS)]
    print(*found, sep="\n")  # noqa: T201
    assert sum(k.lost for k in found) == 0
    assert [k for k in found if k.faults] == []
    assert {k.moment for k in found} == set(MOMENTS)
    assert sum(k.done for k in found) > KILLS, "the child worked"
