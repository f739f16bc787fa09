"""Packs of a workspace: made of a file's classes, or a shipped one with labels that people added."""

from __future__ import annotations

import pytest

from app.common.errors import UserError
from app.common.own_packs import add_labels, aliases_in, new_pack, resolver
from app.common.packs import DEFAULT_PACK, load_pack, pack_keys
from app.common.places import ROOT
from app.common.workspace import Workspace


def test_a_new_pack_has_the_classes_in_the_order_and_words_of_the_file(workspace: Workspace) -> None:
    made = new_pack("血细胞", workspace.packs, ["RBC", "WBC", " Platelets ", "RBC", "Other"])
    assert made.keys == ("RBC", "WBC", "Platelets")
    assert load_pack("血细胞", workspace.packs) == made
    assert made.resolve("rbc") == "RBC"
    assert made.resolve("OTHER") == "other"
    assert len({d.colour for d in made.labels}) == 4
    assert "血细胞" in pack_keys(workspace.packs)
    assert "血细胞" not in pack_keys()


@pytest.mark.parametrize(
    ("key", "code"), [("../x", "bad_pack_key"), ("", "bad_pack_key"), (DEFAULT_PACK.upper(), "pack_exists")]
)
def test_a_key_that_cannot_be_is_refused(workspace: Workspace, key: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        new_pack(key, workspace.packs, ["a"])
    assert caught.value.code == code
    assert not workspace.packs.exists()


def test_an_added_label_is_a_persons_answer_and_no_class_of_a_model(workspace: Workspace) -> None:
    shipped = load_pack()
    grown = add_labels(DEFAULT_PACK, workspace.packs, ["玫瑰糠疹", "PSO", "tinea", "玫瑰糠疹"])
    assert grown.keys == shipped.keys
    assert [d.key for d in grown.more] == ["玫瑰糠疹", "tinea"]
    assert [d.key for d in grown.labels][-1] == "other"
    again = add_labels(DEFAULT_PACK, workspace.packs, ["drug_eruption"])
    assert [d.key for d in again.more] == ["玫瑰糠疹", "tinea", "drug_eruption"]
    assert len({d.colour for d in again.labels}) == len(again.labels)
    assert load_pack() == shipped


def test_labels_are_added_to_a_pack_of_ones_own(workspace: Workspace) -> None:
    new_pack("cells", workspace.packs, ["RBC"])
    grown = add_labels("cells", workspace.packs, ["artefact"])
    assert (grown.keys, [d.key for d in grown.more]) == (("RBC",), ["artefact"])


def test_a_key_from_outside_leads_to_no_other_file(workspace: Workspace) -> None:
    for key in ("../squama", "/etc/passwd", ""):
        with pytest.raises(UserError) as caught:
            load_pack(key, workspace.packs)
        assert caught.value.code == "no_such_pack"


def test_aliases_lead_to_the_packs_keys() -> None:
    aliases = aliases_in(ROOT / "docs" / "aliases-example.toml")
    assert resolver(load_pack(), aliases) == {
        "psoriasis_vulgaris": "psoriasis",
        "斑块状银屑病": "psoriasis",
        "1": "eczema",
    }
    with pytest.raises(UserError) as caught:
        resolver(load_pack(), {"x": "no disease"})
    assert caught.value.code == "unknown_disease"
