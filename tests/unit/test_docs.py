"""The examples in ``docs/`` are what the program reads."""

from __future__ import annotations

import re

import pytest

from app.common.packs import read_pack
from app.common.places import ROOT
from app.inference.manifest import read_manifest

DOCS = ROOT / "docs"


def test_the_example_of_a_pack_is_a_pack() -> None:
    pack = read_pack(DOCS / "pack-example.toml")
    assert pack.keys == ("psoriasis", "eczema")
    assert pack.other.key == "other"
    assert [str(c) for c in pack.diseases[0].excludes] == ["tinea capitis (look for fungi)"]
    assert pack.resolve("pso") == "psoriasis"
    assert [(rule.key, rule.ages) for rule in pack.rules] == [("fungi", None), ("psoriasis_baby", (0, 1))]


def test_the_example_of_a_manifest_is_a_manifest() -> None:
    manifest = read_manifest(DOCS / "model-example")
    assert manifest.task == "classify"
    assert manifest.label == "example-classifier:1.0.0"
    assert manifest.preprocessing.size == 160


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "docs/README.md", "benchmarks/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    links = re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8"))
    missing = [link for link in links if not (file.parent / link).exists()]
    assert missing == []
