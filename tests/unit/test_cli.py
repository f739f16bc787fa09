"""The command line against its contract: schemas, exit codes, one JSON document whatever happens."""

from __future__ import annotations

import functools
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.cli_parser import parser, take_common
from app.common.errors import UserError
from app.common.images import encode_jpeg
from app.common.places import ROOT
from app.datasets.demo import make_demo
from tests.contract import CommandLine


@pytest.fixture
def squama(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return CommandLine(capsysbinary)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo workspace; tests do not change it."""
    return make_demo(tmp_path_factory.mktemp("cli") / "演示 🩺", photos=12).workspace


@pytest.fixture(scope="module")
def trained(demo: Path) -> tuple[str, str]:
    """Two models with random weights in the demo workspace: detector, classifier."""
    from app.inference.weights import write_untrained

    write_untrained(demo / "models", "detect", "finder", architecture="fused-mobilenet_v3_large-135")
    write_untrained(demo / "models", "classify", "namer", architecture="efficientnet_lite0")
    return "finder", "namer"


@pytest.fixture
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading the networks takes seconds: the same ones serve every call of these tests."""
    from app.inference import diagnose

    monkeypatch.setattr(diagnose, "load_diagnoser", functools.partial(_load_once, diagnose.load_diagnoser))


_diagnosers: dict[tuple[str, str, str], Any] = {}


def _load_once(load: Callable[..., Any], detector: Any, classifier: Any, device: str) -> Any:
    key = (detector.manifest.label, classifier.manifest.label, device)
    if key not in _diagnosers:
        _diagnosers[key] = load(detector, classifier, device)
    return _diagnosers[key]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two photos in natural order, a broken one, and a file that is none."""
    import numpy as np

    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for n, name in enumerate(("photo 2.jpg", "photo 10.jpg", "sub/photo 3.jpg")):
        (folder / name).write_bytes(encode_jpeg(np.full((40, 60, 3), 90 + n, np.uint8)))
    (folder / "text.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_version_needs_no_workspace(squama: CommandLine) -> None:
    found = squama("version", "version")
    assert found["database_schema"] == "0003"
    assert not Path(os.environ["SQUAMA_WORKSPACE"]).exists()


def test_demo(squama: CommandLine, tmp_path: Path) -> None:
    found = squama("demo", "demo", tmp_path / "d", "--photos", 2)
    assert (found["images"], found["workspace"]) == (2, str(tmp_path / "d"))
    assert squama.refused("demo", tmp_path / "d") == "output_exists"
    assert squama.refused("demo", tmp_path / "e", "--photos", 0) == "demo_photos"


def test_common_options_stand_anywhere(demo: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for line in (
        ["--json", "--workspace", str(demo), "dataset", "show", "phantom-a"],
        ["dataset", f"--workspace={demo}", "show", "--json", "phantom-a", "--actor", "li"],
    ):
        assert cli.main(line) == 0
        assert json.loads(capsysbinary.readouterr().out)["dataset"].startswith("phantom-a@")


def test_options_stand_between_the_photos_too() -> None:
    parsed = parser().parse_args(["diagnose", "a.jpg", "--device", "cpu", "b.jpg", "--min-score", "0.2"])
    assert (parsed.images, parsed.device, parsed.min_score) == (["a.jpg", "b.jpg"], "cpu", 0.2)
    assert parser().parse_args(["diagnose", "--", "-odd.jpg"]).images == ["-odd.jpg"]


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["fly"],
        ["version", "--loud"],
        ["dataset"],
        ["dataset", "freeze"],
        ["demo", "x", "--photos", "many"],
        ["diagnose", "a.jpg", "--box", "1,2,3"],
        ["diagnose", "a.jpg", "--box", "1,2,3,nan"],
        ["diagnose", "a.jpg", "--min-score", "2"],
        ["diagnose", "a.jpg", "--device", "abacus"],
        ["diagnose", "a.jpg", "--box"],
        ["version", "--workspace"],
        ["annotations", "export", "out", "--format", "papyrus"],
        ["dataset", "show", "--data", "x"],
        ["diagnose", ""],
        ["import", "a.jpg", ""],
        ["version", "--workspace", ""],
        ["version", "--workspace="],
        ["version", "--actor="],
    ],
)
def test_a_wrong_call_is_json_too(squama: CommandLine, line: list[str]) -> None:
    assert squama.refused(*line) == "wrong_call"


def test_help_is_json_too(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.main(["dataset", "freeze", "--help", "--json"]) == 0
    assert "--split" in json.loads(capsysbinary.readouterr().out)["help"]
    assert cli.main(["--help"]) == 0
    assert b"diagnose" in capsysbinary.readouterr().out


def test_without_json_an_error_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "x", "--photos", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "photos" in captured.err


def test_an_internal_error_is_told_and_logged(squama: CommandLine, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        print("noise of a library")  # noqa: T201
        raise RuntimeError("C:\\patients\\Li Ming.jpg")

    monkeypatch.setitem(cli._COMMANDS, "models list", lambda c, o: (cli.workspace_of(c), broken())[1])
    assert squama.refused("models", "list", "--workspace", demo, status=3) == "internal_error"
    log = (demo / "logs" / "command-line.log").read_text(encoding="utf-8")
    assert "RuntimeError" in log
    assert "Li Ming" not in log


def test_cancelling_is_130(squama: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._COMMANDS, "version", interrupted)
    assert squama.refused("version", status=130) == "cancelled"


def test_import_copies_once_and_tells_what_failed(squama: CommandLine, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "w"
    missing = tmp_path / "missing.jpg"
    found = squama("import", "import", photos, missing, "--workspace", place, status=1)
    assert (found["imported"], found["already_there"]) == (3, 0)
    failed = {f["item"]: f["error"]["code"] for f in found["failed"]}
    assert failed == {str(photos / "text.jpg"): "not_an_image", str(missing): "file_missing"}
    again = squama("import", "import", photos / "photo 2.jpg", photos / "sub", "--workspace", place)
    assert (again["imported"], again["already_there"]) == (0, 2)
    assert len(list((place / "media").rglob("*.jpg"))) == 3


def test_import_links(squama: CommandLine, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "w"
    (photos / "text.jpg").unlink()
    assert squama("import", "import", photos, "--link", "--workspace", place)["imported"] == 3
    assert squama("import", "import", photos, "--link", "--workspace", place)["already_there"] == 3
    assert not list((place / "media").rglob("*.jpg"))
    assert squama.refused("import", photos, "--pack", "nothing", "--workspace", place) == "no_such_pack"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file's name is text")
def test_a_file_whose_name_is_no_text_stops_no_other(squama: CommandLine, photos: Path, tmp_path: Path) -> None:
    """As an archive of another code page leaves them."""
    place = tmp_path / "w"
    (photos / "text.jpg").unlink()
    odd = os.fsencode(photos) + b"/\xd2\xf8\xd0\xbc.jpg"
    Path(os.fsdecode(odd)).write_bytes((photos / "photo 2.jpg").read_bytes() + b"x")
    linked = squama("import", "import", photos, "--link", "--workspace", place, status=1)
    assert linked["imported"] == 3
    assert [f["error"]["code"] for f in linked["failed"]] == ["name_not_text"]
    assert squama("import", "import", photos, "--workspace", place)["imported"] == 1
    assert squama.refused("dataset", "freeze", "a\udcff", "--workspace", place) == "bad_dataset_name"
    assert squama.refused("dataset", "show", "a\udcff", "--workspace", place) == "name_not_text"
    assert squama.refused("patient", "erase", "a\udcff", "--workspace", place) == "name_not_text"


def test_a_folder_that_cannot_be_opened_is_named_by_its_own_path(
    squama: CommandLine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "text.jpg").unlink()
    listed = os.listdir

    def refusing(path: Any) -> Any:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "listdir", refusing)
    found = squama("import", "import", photos, "--workspace", tmp_path / "w", status=1)
    assert found["imported"] == 2
    assert [(f["item"], f["error"]["code"]) for f in found["failed"]] == [(str(photos / "sub"), "folder_unreadable")]


def test_names_that_are_too_long(squama: CommandLine, demo: Path) -> None:
    long = "x" * 5000
    found = squama("import", "import", f"{long}.jpg", "--workspace", demo, status=1)
    assert [f["error"]["code"] for f in found["failed"]] == ["file_unreadable"]
    assert squama.refused("models", "list", "--workspace", long) == "write_failed"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("reader", ["full", "gone"])
def test_an_output_that_cannot_be_written_is_no_traceback(reader: str) -> None:
    with Path("/dev/full").open("wb") as full:
        program = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), "--help"],
            stdout=full if reader == "full" else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if program.stdout:
            program.stdout.close()
            program.stdout = None
        _, err = program.communicate(timeout=60)
    assert b"Traceback" not in err
    assert program.returncode == (3 if reader == "full" else 0)


def test_freeze_and_show(squama: CommandLine, demo: Path, tmp_path: Path) -> None:
    place = shutil.copytree(demo, tmp_path / "w")
    at = ("--workspace", place)
    made = squama("dataset_freeze", "dataset", "freeze", "phantom-a", "--folds", 2, "--repeats", 2, "--seed", 3, *at)
    shown = squama("dataset_show", "dataset", "show", made["dataset"], *at)
    assert shown["hash"] == made["hash"]
    assert len(shown["images"]) == made["images"] == sum(made["parts"].values())
    for image in shown["images"]:
        assert Path(image["image"]).is_file()
        assert len(image["folds"]) == 2
        assert (image["split"] == "test") == (image["folds"] == [None, None])
    assert squama("dataset_show", "dataset", "show", "phantom-a", *at) == shown
    assert squama.refused("dataset", "show", "nothing", *at) == "no_such_dataset"
    for wrong in (("--split", "1,2"), ("--split", "1e308,1e308,1e308"), ("--folds", 0), ("--folds", 1)):
        assert squama.refused("dataset", "freeze", "phantom-a", *wrong, *at) == "bad_split"
    assert squama.refused("dataset", "freeze", "phantom-a", "--folds", "500", *at) == "too_few_groups"


def test_a_new_name_freezes_the_whole_workspace_and_refuses_leaks(
    squama: CommandLine, demo: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(demo, tmp_path / "w")
    found = squama("dataset_freeze", "dataset", "freeze", "all", "--workspace", place)
    assert found["images"] == 12


def test_export_writes_voc(squama: CommandLine, demo: Path, tmp_path: Path) -> None:
    from app.annotation.formats import Context, read

    out = tmp_path / "voc"
    found = squama("annotations_export", "annotations", "export", out, "--format", "voc", "--workspace", demo)
    files = sorted(out.iterdir())
    pages = [read("voc", f.read_bytes(), f.name, Context()).pages[0] for f in files]
    assert found == {"images": len(files), "boxes": sum(len(p.shapes) for p in pages)}
    assert found["images"] > 0
    assert all(f"<path>{p.image}</path>".encode() in f.read_bytes() for f, p in zip(files, pages, strict=True))
    assert all(p.width in (600, 800) for p in pages)
    line = ("annotations", "export", out, "--format", "voc", "--workspace", demo)
    assert squama.refused(*line) == "output_exists"
    assert squama("annotations_export", *line, "--force") == found


@pytest.mark.usefixtures("_loaded_once")
def test_diagnose(squama: CommandLine, demo: Path, trained: tuple[str, str], photos: Path) -> None:
    models = ("--detector", trained[0], "--classifier", trained[1], "--workspace", demo, "--device", "cpu")
    found = squama("diagnose", "diagnose", photos, "--min-score", 0.2, *models, status=1)
    assert [f["image"] for f in found] == [
        str(photos / name) for name in ("photo 2.jpg", "photo 10.jpg", "sub/photo 3.jpg", "text.jpg")
    ]
    assert [f.get("error", {}).get("code") for f in found] == [None, None, None, "not_an_image"]
    assert sum(t["probability"] for t in found[0]["top3"]) <= 1 + 1e-9
    one = photos / "photo 2.jpg"
    (boxed,) = squama("diagnose", "diagnose", one, "--box", "-5,-5,20,20", *models)
    assert boxed["boxes"][0]["box"] == [0, 0, 20, 20]
    (whole,) = squama("diagnose", "diagnose", one, "--box", "-5,-5,1000,1000", *models)
    assert all(isinstance(v, float) for v in whole["boxes"][0]["box"]), whole["boxes"][0]["box"]
    assert boxed["top3_of"] == "box"
    (outside,) = squama("diagnose", "diagnose", one, "--box", "900,900,950,950", *models, status=1)
    assert outside["error"]["code"] == "box_outside"
    assert squama.refused("diagnose", photos, "--box", "1,1,9,9", *models) == "box_needs_one_photo"
    assert squama.refused("diagnose", one, "--detector", "nothing", "--workspace", demo) == "no_such_model"


@pytest.mark.usefixtures("_loaded_once")
def test_overlays(squama: CommandLine, demo: Path, trained: tuple[str, str], photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("app.inference.overlay")
    out = tmp_path / "overlays"
    models = ("--detector", trained[0], "--classifier", trained[1], "--device", "cpu")
    line = ("diagnose", photos / "photo 2.jpg", "--overlay", out, *models)
    squama("diagnose", *line, "--workspace", demo)
    assert [f.name for f in out.iterdir()] == ["photo 2.overlay.png"]
    assert squama.refused(*line, "--workspace", demo) == "output_exists"
    squama("diagnose", *line, "--workspace", demo, "--force")
    same = tmp_path / "photo 2.png"
    shutil.copy(photos / "photo 2.jpg", same)
    found = squama("diagnose", "diagnose", same, *line[1:], "--workspace", demo, "--force", status=1)
    assert [f.get("error", {}).get("code") for f in found] == [None, "overlay_twice"]


@pytest.mark.usefixtures("_loaded_once")
def test_a_photo_of_the_workspace_comes_with_its_id(
    squama: CommandLine, demo: Path, trained: tuple[str, str], photos: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(demo, tmp_path / "w")
    squama("import", "import", photos / "photo 2.jpg", photos / "text.jpg", "--link", "--workspace", place, status=1)
    known = {
        i["image"]: i["id"]
        for i in squama("dataset_show", "dataset", "show", "phantom-a", "--workspace", place)["images"]
    }
    inside = next(iter(known))
    before = {f: f.stat().st_mtime_ns for f in place.rglob("*")}
    models = ("--detector", trained[0], "--classifier", trained[1], "--device", "cpu", "--workspace", place)
    found = squama("diagnose", "diagnose", inside, photos / "photo 2.jpg", photos / "photo 10.jpg", *models)
    assert [f.get("id") for f in found] == [known[inside], 13, None]
    assert {f: f.stat().st_mtime_ns for f in place.rglob("*")} == before, "diagnose writes to no workspace"


@pytest.mark.usefixtures("_loaded_once")
def test_a_workspace_whose_database_is_damaged_still_diagnoses(
    squama: CommandLine, demo: Path, trained: tuple[str, str], photos: Path, tmp_path: Path
) -> None:
    place = tmp_path / "w"
    shutil.copytree(demo / "models", place / "models")
    (place / "squama.db").write_bytes(b"no database at all" * 100)
    models = ("--detector", trained[0], "--classifier", trained[1], "--device", "cpu", "--workspace", place)
    (found,) = squama("diagnose", "diagnose", photos / "photo 2.jpg", *models)
    assert "id" not in found


def test_models(squama: CommandLine, demo: Path, trained: tuple[str, str]) -> None:
    listed = squama("models_list", "models", "list", "--workspace", demo)
    assert {f"{name}:0.0.0" for name in trained} <= {m["model"] for m in listed}
    shown = squama("models_show", "models", "show", "namer", "--workspace", demo)
    assert shown in listed
    unknown = squama("error", "models", "show", "nobody", "--workspace", demo, status=2)["error"]
    assert unknown["code"] == "no_such_model"
    assert all(name in unknown["remedy"] for name in trained), "models of either task are named"


def test_training_wants_a_plan_or_options(squama: CommandLine, demo: Path, tmp_path: Path) -> None:
    at = ("--workspace", demo, "--out", tmp_path / "run")
    assert squama.refused("train", *at) == "plan_or_options"
    assert squama.refused("train", "plan.toml", "--epochs", 3, *at) == "plan_or_options"
    assert squama.refused("train", "missing.toml", *at) == "plan_missing"


@pytest.mark.timeout(300)  # two busy cores: loading and warming networks up takes most of it
def test_train_and_evaluate(squama: CommandLine, demo: Path, trained: tuple[str, str], tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('name = "tiny"\nsize = 32\nbatch = 4\nthreads = 1\n', encoding="utf-8")
    run, at = tmp_path / "run", ("--workspace", demo)
    options = ("--task", "classify", "--network", "efficientnet_lite0", "--dataset", "phantom-a", "--start", "scratch")
    line = ("train", *options, "--recipe", recipe, "--epochs", 1, "--out", run, *at)
    done = squama("train", *line)
    assert (done["run"], done["model"]) == (str(run), "tiny:1.0.0")
    assert squama.refused(*line) == "output_exists"
    out = tmp_path / "figures"
    found = squama("evaluate", "evaluate", "tiny", "--dataset", "phantom-a", "--part", "all", "--out", out, *at)
    assert found["task"] == "classify"
    assert sum(map(sum, found["confusion"])) == found["n"] > 0
    assert (out / "predictions.csv").is_file()
    found = squama("evaluate", "evaluate", trained[0], "--dataset", "phantom-b", "--part", "all", *at)
    assert found["task"] == "detect"
    assert squama.refused("evaluate", "nobody", "--dataset", "phantom-b", *at) == "no_such_model"
    assert squama.refused("evaluate", "tiny", "--dataset", "nothing", *at) == "no_such_dataset"


def test_common_options_are_taken_out() -> None:
    common, rest = take_common(["a", "--actor=li", "--json", "--box", "-1,2,3,4", "--", "--json"])
    assert (common.actor, common.json, rest) == ("li", True, ["a", "--box=-1,2,3,4", "--", "--json"])
    with pytest.raises(UserError):
        take_common(["--actor"])


@pytest.mark.parametrize(("value", "expected"), [(float("nan"), "null"), (0.5, "0.5"), ("病 \udcff", '"病 \udcff"')])
def test_json_is_always_json(value: object, expected: str) -> None:
    assert cli._json(value).strip() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_demo_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "demo", str(tmp_path / "d"), "--photos", "60", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while program.poll() is None and not list(tmp_path.rglob("*.jpg")):
        select.select([], [], [], 0.05)
    program.terminate()
    out, err = program.communicate(timeout=60)
    assert program.returncode == 130, err.decode()
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_the_real_program_prints_one_document_without_a_display(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "demo", str(tmp_path / "d"), "--photos", "2", "--json"],
        capture_output=True,
        env=environment,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["images"] == 2
