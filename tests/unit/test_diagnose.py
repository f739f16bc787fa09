"""Photo in, the contract's answer out, with untrained weights: everything but whether it is right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import Photo, encode_jpeg, read_photo
from app.common.packs import load_pack
from app.common.words import set_language
from app.common.workspace import Workspace
from app.inference import models as models_room
from app.inference.device import choose_device
from app.inference.diagnose import SAME_LESION, Diagnoser, check, load_diagnoser
from app.inference.diagnosis import Diagnosis
from app.inference.manifest import MANIFEST_FILE, WEIGHTS_FILE, Preprocessing, parse_manifest
from app.inference.models import InstalledModel, find_model, list_models, show_model
from app.inference.overlay import overlay_png
from app.inference.pixels import detector_size
from app.inference.portable import pack_diagnosis, pack_error, read_caution, read_error
from app.inference.unlike import fit_unlike, read_unlike
from app.inference.weights import load_network, read_weights, save_model, write_untrained

KEYS = load_pack().keys
torch.set_num_threads(1)  # two threads wait for each other where other tests run beside


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> tuple[InstalledModel, InstalledModel]:
    folder = tmp_path_factory.mktemp("models")
    detector = write_untrained(folder, "detect", "test-detector", size=96)
    return detector, write_untrained(folder, "classify", "test-classifier", architecture="resnet18", size=128)


@pytest.fixture(scope="session")
def diagnoser(untrained: tuple[InstalledModel, InstalledModel]) -> Diagnoser:
    return load_diagnoser(*untrained, "cpu")


@pytest.fixture(scope="session")
def spotted() -> bytes:
    """A JPEG of 1200 x 900."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:900, 0:1200]
    spots = sum(np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 5000) for cx, cy in rng.uniform(100, 800, (6, 2)))
    pixels = np.stack([200 - 20 * spots, 170 - 90 * spots, 150 - 80 * spots], -1).clip(0, 255).astype(np.uint8)
    return encode_jpeg(pixels)


def answer_of(diagnoser: Diagnoser, photo: bytes, *boxes: Box, min_score: float = 0.05) -> Diagnosis:
    return diagnoser.diagnose(photo, boxes, min_score)


def test_an_answer_says_what_the_contract_wants(diagnoser: Diagnoser, spotted: bytes) -> None:
    raw = json.loads(json.dumps(answer_of(diagnoser, spotted).as_json("a.jpg")))
    assert (raw["image"], raw["width"], raw["height"], raw["device"]) == ("a.jpg", 1200, 900, "cpu")
    assert set(raw["models"]) == {"detector", "classifier"}
    assert set(raw["timings_ms"]) == {"decode", "detect", "classify", "total"}
    assert raw["timings_ms"]["total"] >= raw["timings_ms"]["detect"]
    assert raw["lesions"]
    assert [lesion["number"] for lesion in raw["lesions"]] == list(range(1, len(raw["lesions"]) + 1))
    scores = [lesion["score"] for lesion in raw["lesions"]]
    assert scores == sorted(scores, reverse=True)
    for lesion in raw["lesions"]:
        x0, y0, x1, y1 = lesion["box"]
        assert 0 <= x0 < x1 <= 1200
        assert 0 <= y0 < y1 <= 900
        assert lesion["disease"] == lesion["top3"][0]["disease"]
        probabilities = [t["probability"] for t in lesion["top3"]]
        assert len(probabilities) == 3
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1 + 1e-9
        assert {t["disease"] for t in lesion["top3"]} <= set(KEYS)
    assert raw["top3_of"] == "lesion"
    assert raw["top3"] == raw["lesions"][0]["top3"]
    assert raw["unlike_training"] == {"flag": False, "score": 0.0, "threshold": 0.0, "method": "none"}


def test_one_lesion_is_one_box_whatever_its_classes(diagnoser: Diagnoser, spotted: bytes) -> None:
    from app.common.geometry import iou

    boxes = [lesion.box for lesion in answer_of(diagnoser, spotted).lesions]
    assert all(iou(a, b) <= SAME_LESION for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_photos_top3_is_the_single_boxs_else_the_lesions_else_the_photos(
    diagnoser: Diagnoser, spotted: bytes
) -> None:
    box = Box(100, 100, 300, 300)
    assert answer_of(diagnoser, spotted, box).top3_of == "box"
    assert answer_of(diagnoser, spotted, box, box.moved(50, 0)).top3_of == "lesion"
    none = answer_of(diagnoser, spotted, min_score=1.0)
    assert (none.top3_of, none.lesions) == ("photo", ())
    assert answer_of(diagnoser, spotted, box, min_score=1.0).top3 == answer_of(diagnoser, spotted, box).boxes[0].top3


def test_a_higher_min_score_leaves_out_and_changes_nothing_else(diagnoser: Diagnoser, spotted: bytes) -> None:
    every = answer_of(diagnoser, spotted).lesions
    limit = every[len(every) // 2].score
    fewer = answer_of(diagnoser, spotted, min_score=limit).lesions
    assert [(x.number, x.box, x.score) for x in fewer] == [
        (x.number, x.box, x.score) for x in every if x.score >= limit
    ]


def test_a_box_is_clipped_and_one_outside_is_refused(diagnoser: Diagnoser, spotted: bytes) -> None:
    answer = answer_of(diagnoser, spotted, Box(-50, -50, 200, 5000))
    assert answer.boxes[0].box == Box(0, 0, 200, 900)
    for outside in (Box(1300, 0, 1400, 100), Box(5, 5, 5, 50), Box(float("nan"), 0, 1, 1)):
        with pytest.raises(UserError) as refused:
            answer_of(diagnoser, spotted, outside)
        assert refused.value.code == "box_outside"


def test_only_asking_for_boxes_finds_none_and_answers_the_same(diagnoser: Diagnoser, spotted: bytes) -> None:
    box = Box(100, 100, 300, 300)
    quick = diagnoser.diagnose(spotted, [box], detect=False)
    assert quick.lesions == ()
    assert quick.boxes[0].top3[0].disease == answer_of(diagnoser, spotted, box).boxes[0].top3[0].disease


def test_a_decoded_photo_and_its_file_get_the_same_answer(diagnoser: Diagnoser, spotted: bytes) -> None:
    a = answer_of(diagnoser, spotted)
    b = diagnoser.diagnose(read_photo(spotted, 512), min_score=0.05)
    assert a.lesions == b.lesions


def test_small_lesions_are_seen_at_the_photos_own_scale(
    diagnoser: Diagnoser, spotted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def spy(source: Path | bytes, short_side: int | None = None) -> Photo:
        asked.append(short_side)
        photo = read_photo(source)
        return (
            Photo(np.ascontiguousarray(photo.pixels[::2, ::2]), photo.width, photo.height) if len(asked) == 1 else photo
        )

    monkeypatch.setattr("app.inference.diagnose.read_photo", spy)
    answer = diagnoser.diagnose(spotted, [Box(10, 10, 70, 70)], detect=False)
    assert asked == [512, None]
    monkeypatch.undo()
    assert answer.boxes == diagnoser.diagnose(read_photo(spotted), [Box(10, 10, 70, 70)], detect=False).boxes


@pytest.mark.parametrize("shape", [(1, 1), (5, 700), (700, 3), (31, 33)])
def test_photos_of_odd_shapes(diagnoser: Diagnoser, shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 128, np.uint8)
    answer = diagnoser.diagnose(Photo(pixels, shape[1], shape[0]), min_score=0.0)
    assert answer.top3


@given(st.integers(1, 20000), st.integers(1, 20000))
def test_the_detectors_size_keeps_its_limits(width: int, height: int) -> None:
    wide, high = detector_size(width, height, Preprocessing(320))
    assert 1 <= min(wide, high) <= 320
    assert max(wide, high) <= 640


def test_the_graphics_cards_memory_running_out_is_said_and_the_processor_takes_over(
    untrained: tuple[InstalledModel, InstalledModel], spotted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load_diagnoser(*untrained, "cpu")
    object.__setattr__(made.device, "name", "cuda:0")  # as if; nothing is moved there
    real = made._diagnose

    def fails_on_cuda(*args: object) -> Diagnosis:
        if made.device.name != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(made, "_diagnose", fails_on_cuda)
    answer = made.diagnose(spotted)
    assert answer.device == "cpu"
    assert [w.code for w in answer.warnings][:1] == ["gpu_out_of_memory"]
    assert made.device.reason == "gpu_memory"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_without_a_graphics_card_is_refused_and_auto_says_why() -> None:
    with pytest.raises(UserError) as refused:
        choose_device("cuda")
    assert refused.value.code == ("no_cuda" if torch.version.cuda else "no_cuda_build")
    assert choose_device("auto").reason


def test_a_warning_and_an_error_cross_to_the_window_and_follow_its_language(
    diagnoser: Diagnoser, spotted: bytes
) -> None:
    answer = answer_of(diagnoser, spotted)
    disagreeing = [lesion for lesion in answer.lesions if lesion.detector_disease != lesion.disease]
    raw = json.loads(json.dumps(pack_diagnosis(answer, "a")))
    assert len(raw["warnings"]) == len(disagreeing) > 0
    caution = read_caution(raw["warnings"][0])
    assert caution.code == "detector_disagrees"
    assert caution.text == raw["warnings"][0]["text"]
    set_language("zh")
    assert "皮损" in caution.text
    error = UserError("box_outside", box="1,2,3,4", width=5, height=6)
    assert read_error(json.loads(json.dumps(pack_error(error)))).what == error.what


def test_models_whose_answers_are_no_numbers_are_refused(untrained: tuple[InstalledModel, InstalledModel]) -> None:
    made = load_diagnoser(*untrained, "cpu")
    check(made)
    torch.nn.init.constant_(made.classifier.net.get_classifier().bias, float("nan"))  # type: ignore[operator]
    with pytest.raises(UserError) as refused:
        check(made)
    assert refused.value.code == "model_answers_wrong"


def test_the_overlay_is_the_photo_with_notes_below(diagnoser: Diagnoser, spotted: bytes, tmp_path: Path) -> None:
    import io

    from PIL import Image

    answer = answer_of(diagnoser, spotted, Box(0, 0, 60, 60))
    set_language("zh")
    with Image.open(io.BytesIO(overlay_png(spotted, answer))) as picture:
        assert picture.width == 1200
        assert 900 < picture.height < 1000
        assert len(set(picture.convert("L").crop((0, 900, 1200, picture.height)).tobytes())) > 1


# -- models on disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    return write_untrained(tmp_path, "classify", "m", "1.2.0", architecture="resnet18")


def refusal(model: InstalledModel) -> str:
    with pytest.raises(UserError) as refused:
        load_network(model)
    assert refused.value.what
    assert refused.value.remedy
    return refused.value.code


def test_a_model_comes_back_as_it_was_written(model: InstalledModel) -> None:
    manifest = parse_manifest(json.loads((model.folder / MANIFEST_FILE).read_text(encoding="utf-8")))
    assert manifest == model.manifest
    assert (model.folder / "CARD.md").read_text(encoding="utf-8").startswith("# m:1.2.0")
    network, statistics = load_network(model)
    assert statistics == {}
    assert not network.training


def test_one_flipped_bit_in_the_weights_is_refused(model: InstalledModel) -> None:
    file = model.folder / WEIGHTS_FILE
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert refusal(model) == "weights_hash_mismatch"


def test_missing_weights_are_refused(model: InstalledModel) -> None:
    (model.folder / WEIGHTS_FILE).unlink()
    assert refusal(model) == "weights_missing"


def test_unknown_architecture_other_classes_and_unfitting_weights_are_refused(model: InstalledModel) -> None:
    def like(**changes: object) -> InstalledModel:
        return replace(model, manifest=replace(model.manifest, **changes))  # type: ignore[arg-type]

    assert refusal(like(architecture="resnet9000")) == "unknown_architecture"
    assert refusal(like(classes=KEYS[::-1])) == "classes_mismatch"
    assert refusal(like(classes=(*KEYS, "other"))) == "classes_mismatch"
    assert refusal(like(architecture="resnet34")) == "weights_do_not_fit"
    assert refusal(like(task="detect", architecture="fpn-resnet50", parameters={"stride": "x"})) == "manifest_damaged"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"task": "paint"}',
        "清单".encode(),
        b"\xff\xfe",
        b"[" * 200_000,
    ],
)
def test_a_damaged_manifest_is_said_and_hides_no_other_model(
    model: InstalledModel, workspace: Workspace, damage: bytes
) -> None:
    write_untrained(workspace.models, "classify", "good", architecture="resnet18")
    broken = write_untrained(workspace.models, "classify", "broken", architecture="resnet18")
    (broken.folder / MANIFEST_FILE).write_bytes(damage)
    assert [m.manifest.name for m in list_models(workspace) if not m.shipped] == ["good"]
    with pytest.raises(UserError) as refused:
        find_model("broken", "classify", workspace)
    assert refused.value.code == "manifest_damaged"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "squama-light-classifier"},
        {"version": "9.9.9"},
        {"seed": float("inf")},
        {"preprocessing": {"size": 64, "mean": [0, 0, 0], "std": [1, 1, 1], "long_side": 10**9}},
    ],
)
def test_a_tampered_manifest_is_said_and_hides_no_other_model(workspace: Workspace, change: dict[str, object]) -> None:
    broken = write_untrained(workspace.models, "classify", "broken", architecture="resnet18")
    file = broken.folder / MANIFEST_FILE
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    assert [m for m in list_models(workspace) if not m.shipped] == []
    with pytest.raises(UserError) as refused:
        find_model("broken", "classify", workspace)
    assert refused.value.code == "manifest_damaged"


def test_a_network_too_large_for_the_machine_is_refused(model: InstalledModel) -> None:
    parameters = {"channels": 10**9}
    manifest = replace(model.manifest, task="detect", architecture="fpn-resnet50", parameters=parameters)
    assert refusal(replace(model, manifest=manifest)) == "manifest_damaged"


def test_models_are_found_by_name_and_version(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(models_room, "SHIPPED_MODELS", tmp_path / "none")
    for version in ("1.2.0", "1.10.0", "1.9.0"):
        write_untrained(workspace.models, "classify", "m", version, architecture="resnet18")
    assert find_model("m", "classify", workspace).manifest.version == "1.10.0"
    assert find_model("m:1.9.0", "classify", workspace).manifest.version == "1.9.0"
    assert show_model("m", workspace).as_json()["model"] == "m:1.10.0"
    for spec, code in (("m:3", "no_such_model"), ("n", "no_such_model"), (None, "no_such_model")):
        with pytest.raises(UserError) as refused:
            find_model(spec, "classify", workspace)
        assert refused.value.code == code
    with pytest.raises(UserError) as refused:
        find_model("m", "detect", workspace)
    assert refused.value.code == "wrong_task"


def test_two_models_of_different_packs_do_not_go_together(untrained: tuple[InstalledModel, InstalledModel]) -> None:
    detector, classifier = untrained
    other = replace(classifier, manifest=replace(classifier.manifest, classes=KEYS[:3]))
    with pytest.raises(UserError) as refused:
        load_diagnoser(detector, other, "cpu")
    assert refused.value.code == "models_do_not_match"


# -- unlike the training data -----------------------------------------------------------------------------------------


def traits(seed: int, count: int, family: int = 0) -> torch.Tensor:
    """Rows of 64 that six causes explain, but for a little noise; another family has other causes."""
    causes = torch.randn(6, 64, generator=torch.Generator().manual_seed(1000 + family))
    made = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=made) @ causes + 0.1 * torch.randn(count, 64, generator=made)


def test_strange_photos_score_higher_and_the_threshold_keeps_its_rate() -> None:
    fitted = fit_unlike(traits(0, 800), traits(1, 400), rate=0.05)
    familiar, strange = fitted.score(traits(2, 400)), fitted.score(traits(3, 400, family=1))
    assert float((familiar > fitted.threshold).float().mean()) < 0.12
    assert float((strange > fitted.threshold).float().mean()) > 0.95


def test_strangeness_travels_with_the_model(
    model: InstalledModel, untrained: tuple[InstalledModel, InstalledModel]
) -> None:
    network, _ = load_network(model)
    with torch.inference_mode():
        seen = network.traits(torch.randn(20, 3, 64, 64, generator=torch.Generator().manual_seed(0)))  # type: ignore[operator]
    fitted = fit_unlike(seen, seen)
    manifest = replace(model.manifest, unlike=fitted.as_json())
    saved = save_model(model.folder, manifest, {**network.state_dict(), **fitted.tensors()}, "card")
    again = InstalledModel(saved, model.folder, False)
    _, tensors = load_network(again)
    back = read_unlike(saved.unlike, tensors)
    assert back is not None
    assert torch.allclose(back.score(seen), fitted.score(seen), atol=1e-3)
    answer = load_diagnoser(untrained[0], again, "cpu").diagnose(Photo(np.zeros((64, 64, 3), np.uint8), 64, 64))
    assert answer.unlike_training.method == "pca_residual"
    assert answer.unlike_training.flag == (answer.unlike_training.score > answer.unlike_training.threshold)
    assert len(read_weights(again)) == len(network.state_dict()) + 3
