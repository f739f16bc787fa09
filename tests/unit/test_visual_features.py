"""Features made by hand, and the machine on top of them: what they count, and that nothing is learnt from a test."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.common.errors import UserError
from app.common.packs import load_pack
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset, FrozenImage
from app.evaluation.cases import read_case_table
from app.training.events import Events, read_events
from app.training.plan import Plan, VisualFeatures, make_plan
from app.training.visual_features import colour_names
from app.training.visual_features.features import (
    LOCAL,
    colour_histogram,
    hog,
    local_features,
    patch_features,
    uniform_lbp,
)
from app.training.visual_features.machine import Machine, counted, fit, vocabulary
from app.training.visual_features.patches import Patches, features_of, kind_of
from app.training.visual_features.run import learn_machine

CLASSES = load_pack().keys
KINDS = ("sift", "hog", "colour_histogram", "colour_names", "lbp", "sift_colour_names")


def plan_for(kind: str, **more: object) -> Plan:
    raw = {"name": "tiny", "task": "classify", "network": f"svm-{kind}", "dataset": "tiny", "size": 64, "margin": 0.0}
    return make_plan({**raw, "visual_features": {"words": 8, "strips": 3, "costs": [1.0, 10.0]}, **more})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> FrozenDataset:
    """36 photos of 12 patients: three diseases that differ in colour and in texture, each with two validating."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    images = []
    for n in range(36):
        kind, patient = n % 3, n // 3
        pixels = rng.integers(0, 60, (80, 80, 3)) + np.eye(3, dtype=int)[kind] * 150
        pixels[:: 4 + 4 * kind] = 20
        pixels[:, :: 20 - 6 * kind] = 230
        file = folder / f"{n}.png"
        file.write_bytes(cv2.imencode(".png", pixels.astype(np.uint8)[..., ::-1])[1].tobytes())
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        group, part = f"P{kind}-{patient}", "val" if patient >= 10 else "train"
        images.append(FrozenImage(n, file, CLASSES[kind], (), group, None, group, part, (), 80, 80, sha256))  # type: ignore[arg-type]
    return FrozenDataset("tiny", "0" * 16, CLASSES, tuple(images))


def test_the_colour_names_of_plain_colours() -> None:
    colours = {
        "red": (220, 20, 20),
        "brown": (110, 60, 20),
        "pink": (255, 150, 190),
        "white": (252, 252, 252),
        "black": (4, 4, 4),
        "grey": (128, 128, 128),
        "green": (30, 160, 40),
        "blue": (20, 40, 220),
        "yellow": (250, 240, 30),
        "orange": (250, 130, 10),
        "purple": (120, 20, 140),
    }
    assert set(colours) == set(colour_names.NAMES)
    shares = colour_names.named(np.array([list(colours.values())], np.uint8))[0]
    assert [colour_names.NAMES[k] for k in shares.argmax(1)] == list(colours)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-5)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_strips_of_any_picture(high: int, wide: int, strips: int) -> None:
    pixels = np.random.default_rng(high * wide).integers(0, 256, (high, wide, 3)).astype(np.uint8)
    found = colour_names.in_strips(pixels, strips).reshape(strips, 11)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-4)


def test_strips_run_from_the_top() -> None:
    pixels = np.zeros((30, 10, 3), np.uint8)
    pixels[20:] = (220, 20, 20)
    found = colour_names.in_strips(pixels, 3).reshape(3, 11)
    assert [colour_names.NAMES[k] for k in found.argmax(1)] == ["black", "black", "red"]


def test_hog_has_the_classic_length_and_sees_edges() -> None:
    flat, edged = np.full((90, 90, 3), 100, np.uint8), np.zeros((90, 90, 3), np.uint8)
    edged[:, 45:] = 255
    assert hog(flat).shape == (3780,)
    assert not hog(flat).any()
    assert hog(edged).any()


def test_the_histogram_uses_the_full_range_of_hue() -> None:
    magenta = colour_histogram(np.full((8, 8, 3), (255, 0, 255), np.uint8))
    assert magenta.shape == (768,)
    assert magenta[:256].argmax() in range(211, 215)  # 300 of 360 degrees are 213 of 256 bins
    np.testing.assert_allclose(magenta.reshape(3, 256).sum(1), 1)


@given(arrays(np.uint8, (9, 11, 3), elements=st.integers(0, 100)), st.integers(0, 100))
def test_patterns_do_not_depend_on_brightness(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], by: int) -> None:
    grey = np.repeat(pixels[..., :1], 3, axis=2)
    found = uniform_lbp(grey)
    assert found.shape == (59,)
    np.testing.assert_allclose(found.sum(), 1, rtol=1e-5)
    np.testing.assert_array_equal(found, uniform_lbp((grey + by).astype(np.uint8)))


def test_a_patch_without_keypoints_has_no_descriptor() -> None:
    flat = np.full((64, 64, 3), 120, np.uint8)
    assert local_features("sift", flat).shape == (0, 128)
    assert local_features("sift_colour_names", flat).shape == (0, 139)


def test_colour_names_stand_behind_their_descriptor() -> None:
    pixels = np.full((64, 64, 3), (220, 20, 20), np.uint8)
    cv2.circle(pixels, (32, 32), 8, (60, 0, 0), -1)
    sift, both = local_features("sift", pixels), local_features("sift_colour_names", pixels)
    assert len(sift) > 0
    np.testing.assert_array_equal(both[:, :128], sift)
    assert colour_names.NAMES[both[0, 128:].argmax()] in ("red", "brown", "black")


def test_a_vector_of_words_needs_a_vocabulary() -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        patch_features("sift", np.zeros((64, 64, 3), np.uint8), VisualFeatures())


def made_up(labels: list[int], seed: int = 0) -> Patches:
    """Patches of descriptors around a centre of their class; the last has none."""
    rng = np.random.default_rng(seed)
    each = [rng.integers(0, 40, (12, 128)) + 60 * label for label in labels[:-1]] + [np.zeros((0, 128))]
    starts = np.concatenate([[0], np.cumsum([len(e) for e in each])]).astype(np.int64)
    numbers = np.zeros(len(labels), np.int64)
    return Patches(
        np.concatenate(each).astype(np.uint8), starts, np.arange(len(labels)), numbers, np.array(labels, np.int64)
    )


def test_words_are_counted_and_a_patch_without_keypoints_is_nothing() -> None:
    patches = made_up([0, 1, 2] * 4)
    words = vocabulary(plan_for("sift"), patches, np.arange(9))
    table = counted(words, patches, np.arange(12))
    assert table.shape == (12, 8)
    np.testing.assert_allclose(table[:-1].sum(1), 1, rtol=1e-5)
    assert not table[-1].any()


def test_nothing_is_learnt_from_patches_that_are_not_for_learning() -> None:
    """The same vocabulary, scaling, C and answers, whatever the test patches look like."""
    labels, train = [0, 1, 2] * 6, np.arange(12)
    patches = made_up(labels)
    strange = replace(patches, rows=patches.rows.copy())
    strange.rows[patches.starts[12] :] = 255
    groups = [f"P{n // 3}" for n in train]
    one, other = (fit(plan_for("sift"), p, train, groups, 5) for p in (patches, strange))
    np.testing.assert_array_equal(one.words.cluster_centers_, other.words.cluster_centers_)
    assert (one.cost, one.temperature) == (other.cost, other.temperature)
    np.testing.assert_array_equal(one.probabilities(patches, train), other.probabilities(patches, train))


def test_a_disease_that_was_not_learnt_is_never_the_answer() -> None:
    patches = made_up([0, 2] * 6)
    train = np.arange(8)
    machine = fit(plan_for("sift"), patches, train, [f"P{n}" for n in train], 5)
    p = machine.probabilities(patches, np.arange(11))
    assert p.shape == (11, 5)
    np.testing.assert_allclose(p.sum(1), 1)
    assert p.argmax(1).tolist() == [0, 2] * 5 + [0]


def test_one_disease_is_too_few() -> None:
    patches = made_up([1] * 6)
    with pytest.raises(UserError) as refused:
        fit(plan_for("sift"), patches, np.arange(4), list("abcd"), 5)
    assert refused.value.code == "one_class_only"


def test_one_patient_of_a_disease_leaves_the_middle_cost() -> None:
    patches = made_up([0, 0, 1, 1, 0, 1])
    machine = fit(plan_for("sift"), patches, np.arange(5), ["a", "a", "b", "b", "a"], 5)
    assert (machine.cost, machine.temperature) == (10.0, 1.0)


def test_photos_without_any_keypoint_still_give_answers() -> None:
    empty = Patches(
        np.zeros((0, 128), np.uint8), np.zeros(7, np.int64), np.arange(6), np.zeros(6, np.int64), np.array([0, 1] * 3)
    )
    machine = fit(plan_for("sift"), empty, np.arange(4), list("abcd"), 5)
    np.testing.assert_allclose(machine.probabilities(empty, np.arange(4, 6)).sum(1), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_feature_from_plan_to_scores(
    kind: str, dataset: FrozenDataset, workspace: Workspace, tmp_path: Path
) -> None:
    plan = plan_for(kind)
    scores = learn_machine(plan, dataset, Events(tmp_path), workspace)
    assert scores.keys() == {"accuracy", "balanced_accuracy", "macro_auc", "ece"}
    assert scores["accuracy"] > 0.8  # three textures and colours that anybody tells apart
    cases, classes = read_case_table((tmp_path / "predictions.csv").read_text(encoding="utf-8"))
    assert classes == CLASSES
    assert len(cases) == 6
    assert [e["event"] for e in read_events(tmp_path)] == ["started", "loaded", "calibrated"]


def test_features_are_made_once(dataset: FrozenDataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_for("lbp")
    first = features_of(plan, dataset, workspace)
    monkeypatch.setattr("app.training.visual_features.patches._made", lambda *_: pytest.fail("made again"))
    again = features_of(plan, dataset, workspace)
    np.testing.assert_array_equal(first.rows, again.rows)
    with pytest.raises(pytest.fail.Exception):
        features_of(plan_for("lbp", size=48), dataset, workspace)
    with pytest.raises(pytest.fail.Exception):
        features_of(plan, replace(dataset, hash="1" * 16), workspace)


def test_a_damaged_file_in_the_cache_is_made_anew(dataset: FrozenDataset, workspace: Workspace) -> None:
    first = features_of(plan_for("lbp"), dataset, workspace)
    (file,) = (workspace.cache / "visual-features").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(features_of(plan_for("lbp"), dataset, workspace).rows, first.rows)


def test_keys_of_the_plan_act(dataset: FrozenDataset, workspace: Workspace) -> None:
    """words, strips, kernel, costs and rare each change what is fitted."""
    patches = features_of(plan_for("colour_names"), dataset, workspace)
    assert patches.rows.shape[1] == 33
    more = plan_for("colour_names", visual_features={"strips": 5})
    assert features_of(more, dataset, workspace).rows.shape[1] == 55
    train, groups = np.arange(30), [dataset.images[n].group for n in range(30)]

    def machine(**settings: object) -> Machine:
        rare = settings.pop("rare", "none")
        plan = plan_for("colour_names", visual_features={"strips": 3, "costs": [1.0], **settings}, rare=rare)
        return fit(plan, patches, train, groups, 5)

    assert machine().kernel.gamma is not None
    assert machine(kernel="linear").kernel.gamma is None
    assert machine(costs=[3.0]).cost == 3.0
    assert machine().vectors.class_weight is None
    assert machine(rare="class_weights").vectors.class_weight == "balanced"
    words = [
        vocabulary(plan_for("sift", visual_features={"words": n}), made_up([0, 1] * 4), np.arange(7)) for n in (3, 5)
    ]
    assert [w.n_clusters for w in words] == [3, 5]


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_the_machine_is_scikit_learn_own(kernel: str, dataset: FrozenDataset, workspace: Workspace) -> None:
    """The kernel that all C share changes nothing: the same decisions as a pipeline of scaler and SVC."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    plan = plan_for("colour_histogram", visual_features={"kernel": kernel, "costs": [1.0]})
    patches = features_of(plan, dataset, workspace)
    train, rest = np.arange(20), np.arange(20, 36)
    machine = fit(plan, patches, train, [dataset.images[n].group for n in train], 3)
    theirs = make_pipeline(StandardScaler(), SVC(C=1.0, kernel=kernel, class_weight="balanced"))
    theirs.fit(patches.rows[train], patches.labels[train])
    decided = theirs.decision_function(patches.rows[rest]) / machine.temperature
    expected = np.exp(decided) / np.exp(decided).sum(1, keepdims=True)
    np.testing.assert_allclose(machine.probabilities(patches, rest), expected, atol=1e-3)


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(UserError) as refused:
        kind_of(plan_for("gist"))
    assert refused.value.code == "unknown_architecture"
    assert {"sift", "sift_colour_names"} == LOCAL
