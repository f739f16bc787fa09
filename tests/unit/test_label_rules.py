"""Diagnoses against the record: the pack's rules, negations and doubts, and pathology that wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cleaning.comparing import Context
from app.cleaning.examining import Examined, Photo
from app.cleaning.label_rules import broken_rules, conflict, find, says
from app.cleaning.subject import LabelledBox
from app.common.case_words import sites
from app.common.geometry import Box
from app.common.packs import load_pack
from app.common.phantoms import DISEASES, make_patient
from app.common.words import set_language

PACK = load_pack()
KINDS = [*DISEASES]


def photo(label: str | None, boxes: tuple[str, ...] = (), **facts: Any) -> Photo:
    drawn = tuple(LabelledBox(Box(n, 0, n + 9, 9), b) for n, b in enumerate(boxes))
    return Photo(1, Path("a.jpg"), "a.jpg", drawn, label=label, facts=facts)


def keys(label: str, **facts: Any) -> list[str]:
    return [rule.key for rule in broken_rules(label, facts, PACK)]


def test_rules_name_what_exists_and_can_hold() -> None:
    labels = {d.key for d in PACK.diseases}
    for rule in PACK.rules:
        assert labels.issuperset(rule.labels), rule.key
        assert labels.issuperset(rule.unless), rule.key
        assert set(sites()).issuperset(rule.sites), rule.key
        assert {"pathology", "history"}.issuperset(rule.where), rule.key
        assert bool(rule.words) == bool(rule.where), rule.key
        assert rule.words or rule.sites or rule.ages, rule.key
        assert 0 < rule.score <= 1
    assert len({rule.key for rule in PACK.rules}) == len(PACK.rules)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Psoriasis vulgaris.", True),
        ("符合银屑病", True),
        ("Parapsoriasis.", False),
        ("副银屑病", False),
        ("psoriasis-like hyperplasia", False),
        ("银屑病样皮炎", False),
        ("No signs of psoriasis.", False),
        ("not psoriasis, but eczema", False),
        ("No fungi; psoriasis.", True),
        ("角化不全，不规则棘层肥厚，符合银屑病", True),
        ("未见银屑病改变", False),
        ("银屑病待排", False),
        ("需与银屑病鉴别", False),
        ("psoriasis?", False),
        ("psoriasis vs. eczema", False),
        ("psoriasis or eczema", False),
    ],
)
def test_a_word_counts_only_where_nobody_doubts_it(text: str, there: bool) -> None:
    assert says(text, ["psoriasis", "银屑病"], ["副银屑病"]) is there


@pytest.mark.parametrize(
    ("label", "facts", "first"),
    [
        ("eczema", {"pathology": "符合银屑病。"}, "named_psoriasis"),
        ("psoriasis", {"pathology": "Chronic eczema."}, "named_eczema"),
        ("psoriasis", {"pathology": "见Pautrier微脓肿，考虑蕈样肉芽肿"}, "mycosis_fungoides"),
        ("psoriasis", {"pathology": "PAS: hyphae in the horny layer"}, "tinea"),
        ("eczema", {"pathology": "颗粒层楔形增厚，基底层液化变性"}, "signs_lichen_planus"),
        ("eczema", {"site": "口腔"}, "mouth_never"),
        ("parapsoriasis", {"age": 4}, "parapsoriasis_child"),
        ("lupus_erythematosus", {"age": 3}, "lupus_small_child"),
        ("psoriasis", {"sex": "male", "history": "孕期加重"}, "record_of_a_woman"),
        ("eczema", {"history": "刮除后点状出血（Auspitz征）"}, "auspitz"),
    ],
)
def test_what_speaks_against_a_diagnosis(label: str, facts: dict[str, Any], first: str) -> None:
    assert keys(label, **facts)[:1] == [first]


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("psoriasis", {}),
        ("psoriasis", {"pathology": "Psoriasis.", "site": "mouth", "age": 0}),
        ("parapsoriasis", {"pathology": "副银屑病，表皮内少量无异型淋巴细胞"}),
        ("psoriasis", {"pathology": "Psoriasis, not eczema. No hyphae (PAS)."}),
        ("lupus_erythematosus", {"age": 0, "site": "face"}),
        ("psoriasis", {"sex": "male", "history": "其妻子怀孕"}),
        ("eczema", {"pathology": None, "history": None, "site": None, "age": None, "sex": None}),
    ],
)
def test_what_does_not(label: str, facts: dict[str, Any]) -> None:
    assert keys(label, **facts) == []


def test_pathology_that_supports_the_diagnosis_does_not_hide_another_disease() -> None:
    assert keys("psoriasis", pathology="Psoriasis. Basal cell carcinoma.", site="mouth") == ["tumour"]


def test_boxes_that_say_another_disease_than_the_case() -> None:
    all_of_them = conflict(photo("eczema", ("psoriasis", "psoriasis")), PACK)
    some = conflict(photo("eczema", ("psoriasis", "eczema")), PACK)
    assert all_of_them is not None
    assert some is not None
    assert all_of_them.score > some.score
    assert len(all_of_them.boxes) == 2
    assert some.boxes == (Box(0, 0, 9, 9),)
    assert conflict(photo("eczema", ("eczema", "other")), PACK) is None


def test_who_has_no_diagnosis_has_no_conflict() -> None:
    facts = {"pathology": "psoriasis"}
    assert conflict(photo(None, **facts), PACK) is None
    assert conflict(photo("other", **facts), PACK) is None


def test_a_label_that_the_pack_does_not_know_is_shown_by_its_key() -> None:
    found = conflict(photo("psoriais", ("eczema",)), PACK)
    assert found is not None
    assert "psoriais" in found.reason


def test_the_reason_is_told_in_both_languages() -> None:
    examined = Examined(photo("eczema", pathology="psoriasis"), "a" * 64, 9, 9, {})
    finding = find([examined], Context(PACK))[1][0]
    assert finding.reason == "Diagnosis: Eczema. The pathology report names psoriasis."
    set_language("zh")
    assert finding.reason == "诊断为湿疹。病理报告诊断为银屑病。"


def facts_of(n: int) -> tuple[str, dict[str, Any]]:
    p = make_patient(8, n, "A")
    texts = {"history": f"{p.history}\n{p.history_zh}", "pathology": f"{p.pathology}\n{p.pathology_zh}"}
    return p.disease, {"age": p.age, "sex": p.sex, "site": p.site.replace("_", " "), **texts}


def test_records_of_phantoms_fit_their_diagnosis() -> None:
    wrong = [
        (label, rule.key)
        for label, facts in map(facts_of, range(300))
        for rule in broken_rules(label, facts, PACK)
        if rule.score >= 0.5
    ]
    assert len(wrong) <= 3, wrong


def test_swapped_diagnoses_of_phantoms_are_found_where_the_pathology_tells() -> None:
    found = n = 0
    for index in range(300):
        label, facts = facts_of(index)
        if label == "parapsoriasis":  # its pathology tells nothing
            continue
        swapped = KINDS[(KINDS.index(label) + 1 + index % 4) % 5]
        n += 1
        found += any(rule.score >= 0.5 for rule in broken_rules(swapped, facts, PACK))
    assert found / n >= 0.7
