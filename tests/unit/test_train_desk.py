"""What the Train page asks for behind the window: fields out of the plan, plans out of choices, answers, looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.common.errors import UserError
from app.common.words import LANGUAGE, set_language
from app.common.workspace import Workspace
from app.inference.networks.classifiers import CLASSIFIERS
from app.training.plan import Plan
from app.views.training import desk, mistakes
from app.views.training.fields import ELSEWHERE
from app.views.training.plan_words import NETWORKS, TASK_ONLY, key_words
from app.views.training.words import event_words, left_words, score_figure, time_words


def choices(**changed: Any) -> desk.Choices:
    return desk.Choices("classify", "resnet18", "set@0123", "scratch", "default", 3, changed=changed)


def test_every_key_of_a_plan_that_a_field_can_hold_has_words() -> None:
    unnamed = [f.key for f in desk.plan_fields() if f.key not in ELSEWHERE and key_words(f.key) == f.key]
    assert unnamed == []


def test_fields_follow_the_plans_own_limits() -> None:
    fields = {field.key: field for field in desk.plan_fields()}
    assert (fields["size"].kind, fields["size"].low, fields["size"].high) == ("whole", 32, 1024)
    assert fields["rare"].options == ("balanced_sampling", "class_weights", "logit_adjustment", "none")
    assert fields["minutes"].optional
    assert fields["augment.flip"].kind == "yes_no"
    assert "lesion_only" not in fields  # lists are left to plan files
    assert set(TASK_ONLY) <= set(fields)


def test_the_networks_of_the_page_are_those_that_can_be_built() -> None:
    assert {n for n in NETWORKS["classify"] if not n.startswith("svm-")} == set(CLASSIFIERS)


def test_a_plan_is_the_recipe_with_what_was_changed() -> None:
    plan = desk.plan_of(choices(**{"learning_rate": 0.01, "augment.flip": False}))
    assert (plan.learning_rate, plan.augment.flip, plan.seed) == (0.01, False, 3)
    before = desk.plan_of(choices())
    differs = {k for k, v in desk.values_of(plan).items() if desk.values_of(before)[k] != v}
    assert differs == {"learning_rate", "augment.flip"}


def test_taking_something_back_to_no_limit_is_a_plan_too() -> None:
    assert desk.plan_of(choices(minutes=None)).minutes is None


def test_what_cannot_be_is_said_with_its_key() -> None:
    with pytest.raises(UserError) as caught:
        desk.plan_of(choices(name="Not A Name"))
    assert (caught.value.code, caught.value.facts["where"]) == ("plan_wrong", "name")


def test_mistakes_come_the_most_sure_first(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text(
        "case,image,patient,rater,fold,repeat,truth,p_a,p_b\n"
        "1,one.jpg,,m,,,a,0.4,0.6\n2,two.jpg,,m,,,a,0.9,0.1\n3,three.jpg,,m,,,b,0.95,0.05\n",
        encoding="utf-8",
    )
    wrong = mistakes.wrong_cases(tmp_path)
    assert [(answer.path.name, answer.top[0]) for answer in wrong] == [
        ("three.jpg", ("a", 0.95)),
        ("one.jpg", ("b", 0.6)),
    ]


def test_samples_of_both_tasks(tmp_path: Path, photo_file: Path) -> None:
    classified = {
        "image": 1,
        "path": str(photo_file),
        "box": [16, 12, 80, 60],
        "truth": "a",
        "top3": [["b", 0.7], ["a", 0.3]],
    }
    found = {
        "image": 2, "path": str(photo_file), "truth": [{"box": [0, 0, 160, 120], "label": "a"}],
        "lesions": [{"box": [0, 0, 80, 60], "disease": "a", "score": 0.8}],
    }  # fmt: skip
    (tmp_path / "samples.json").write_text(json.dumps([classified, found]), encoding="utf-8")
    one, two = desk.samples(tmp_path)
    assert (one.right, one.boxes[0].x0, one.boxes[0].y1) == (False, 0.1, 0.5)
    assert two.right
    assert [box.score for box in two.boxes] == [None, 0.8]


def test_a_run_without_samples_has_none(tmp_path: Path) -> None:
    assert desk.samples(tmp_path) == ()
    (tmp_path / "samples.json").write_text("[{", encoding="utf-8")  # being written
    assert desk.samples(tmp_path) == ()


def make_run(workspace: Workspace, name: str) -> Path:
    from app.training.plan import plan_as_toml

    folder = workspace.runs / name
    folder.mkdir(parents=True)
    plan = Plan(name=name, task="classify", network="resnet18", dataset="set@0123")
    (folder / "plan.toml").write_text(plan_as_toml(plan), encoding="utf-8")
    return folder


def test_looks_at_a_test_part_are_counted_over_all_runs(workspace: Workspace) -> None:
    for name, part in (("one", "test"), ("two", "test"), ("three", "val")):
        place = desk.new_test(make_run(workspace, name))
        place.mkdir(parents=True)
        (place / "report.json").write_text(json.dumps({"dataset": "set@0123", "part": part}), encoding="utf-8")
    assert desk.looks(workspace, "set@0123") == 2
    assert desk.looks(workspace, "other@0123") == 0
    assert desk.new_test(workspace.runs / "one").name == "002"


def test_the_queue_is_put_into_another_order(workspace: Workspace) -> None:
    from app.training.runs import queue

    for order, name in enumerate(("one", "two", "three")):
        mark = {"order": order, "actor": "doctor"}
        (make_run(workspace, name) / "queued").write_text(json.dumps(mark), encoding="utf-8")
    desk.move(workspace, "three", -1)
    assert [folder.name for folder in queue(workspace)] == ["one", "three", "two"]
    desk.move(workspace, "one", -1)  # it is the first already
    assert [folder.name for folder in queue(workspace)] == ["one", "three", "two"]


def test_nothing_is_read_where_no_run_is(workspace: Workspace) -> None:
    assert desk.look(workspace, {}) == desk.Seen((), {}, {})


def test_a_look_reads_only_what_is_new(workspace: Workspace) -> None:
    folder = make_run(workspace, "one")
    file = folder / "events.jsonl"
    file.write_text('{"event": "started", "time": "2026-01-01T00:00:00+00:00"}\n', encoding="utf-8")
    first, end = desk.look(workspace, {"one": 0}).events["one"]
    assert [event["event"] for event in first] == ["started"]
    with file.open("a", encoding="utf-8") as more:
        more.write('{"event": "epoch", "epoch": 0, "loss": 1.5}\n')
    assert [event["event"] for event in desk.look(workspace, {"one": end}).events["one"][0]] == ["epoch"]


def test_events_are_said_in_both_languages() -> None:
    event = {"event": "epoch", "epoch": 0, "loss": 1.25, "val_loss": 1.5, "val_balanced_accuracy": 0.625}
    assert event_words(event, 30) == "Epoch 1 of 30 · Loss 1.250 · Validation loss 1.500 · Balanced accuracy 62.5 %"
    set_language("zh")
    assert "平衡准确率" in event_words(event, 30)


def test_events_that_nobody_knows_yet_are_said_as_they_are() -> None:
    assert event_words({"event": "news", "time": "", "n": 3, "nothing": None, "nan": float("nan")}, 1) == "news: n 3"
    assert event_words({"event": "warning", "code": "no_such_code"}, 1) == "Note: no_such_code"


def test_times_and_scores_are_said_roughly() -> None:
    assert [time_words(s) for s in (0.2, 61, 600, 9000)] == ["1 s", "61 s", "10 min", "2.5 h"]
    assert score_figure("val_map50", 0.8412) == "84.1 %"
    assert score_figure("ece", 0.0312) == "0.031"


def test_what_is_over_says_how_long_it_took(workspace: Workspace) -> None:
    make_run(workspace, "one")
    (run,) = desk.look(workspace, {}).runs
    assert left_words(run) == "–"


def test_a_child_of_the_window_speaks_its_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workspace: Workspace
) -> None:
    from app.cli import main

    for language, word in (("zh", "没有"), ("en", "There is no")):
        monkeypatch.setenv(LANGUAGE, language)
        assert main(["--json", "--workspace", str(workspace.root), "runs", "show", "nothing"]) == 2
        assert word in json.loads(capsys.readouterr().out)["error"]["what"]
