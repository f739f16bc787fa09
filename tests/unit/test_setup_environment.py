"""The set-up's decisions; installing itself is what `.ci/run` does in a fresh clone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from app.common.places import ROOT

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system packages are Linux' matter")


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import setup_environment

    return setup_environment


@linux_only
def test_missing_packages_are_named_where_they_may_not_be_installed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "_loads", lambda library: "xcb" not in library)
    monkeypatch.setattr(setup, "_has_chinese_font", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not setup._system_packages()
    told = capsys.readouterr().out
    assert "apt-get install" in told
    assert "libxcb-cursor0" in told
    assert "fonts-wqy-microhei" in told
    assert "libgl1" not in told


@linux_only
def test_root_installs_what_is_missing(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def apt(command: list[str], **_: object) -> None:
        ran.append(command)

    monkeypatch.setattr(setup, "_loads", lambda library: bool(ran) or library != "libGL.so.1")
    monkeypatch.setattr(setup, "_has_chinese_font", lambda: True)
    monkeypatch.setattr(setup.shutil, "which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", apt)
    assert setup._system_packages()
    assert ran[-1][-1] == "libgl1"


def test_a_library_that_is_there_loads_and_another_does_not(setup: ModuleType) -> None:
    assert not setup._loads("libsquama-no-such-thing.so.9")


def test_a_change_of_the_pins_asks_for_a_new_set_up(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("a")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    before = setup._fingerprint("")
    assert before == setup._fingerprint("")
    (tmp_path / "constraints.txt").write_text("b")
    assert before != setup._fingerprint("")


def test_a_plain_target_keeps_a_cpu_only_set_up(setup: ModuleType) -> None:
    import argparse

    plain, cpu = argparse.Namespace(torch_index=""), argparse.Namespace(torch_index="there")
    assert setup._same(setup._fingerprint("there"), setup._fingerprint(""), plain)
    assert not setup._same(setup._fingerprint(""), setup._fingerprint("there"), cpu)


def test_every_pin_is_a_plain_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert lines
    assert all("==" in line and "/" not in line and "@" not in line for line in lines)
