"""A cell of the second and third table: a network, trained by the same functions as a run's, its model not kept."""

from __future__ import annotations

from pathlib import Path

from app.common.errors import UserError
from app.common.files import write_error
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.training.events import STOP_FILE, Events
from app.training.experiments.cells import Answers
from app.training.experiments.folds import Fold, seen_through
from app.training.gpu import gpu_alone
from app.training.plan import Plan


def answer_cases(plan: Plan, dataset: FrozenDataset, fold: Fold, workspace: Workspace, scratch: Path) -> Answers:
    """Calibrated probabilities for each patch of the fold.

    Raises:
        UserError: ``experiment_empty_fold``, ``no_pretrained_weights`` and those of training.
    """
    import torch

    from app.inference.networks.classifiers import build_classifier
    from app.training.learning.calibration import softmax
    from app.training.learning.classify import Normal, predict
    from app.training.learning.samples import load_pieces, squares
    from app.training.learning.session import pick_device
    from app.training.learning.whole import learn_classifier

    seen, normal = _divided(dataset, fold), Normal(*_normal(plan.network))
    events = _events(scratch)
    with gpu_alone(plan.device, events):
        learned = learn_classifier(plan, seen, normal, events, workspace, resume=True)
    device = pick_device(plan)
    model = build_classifier(plan.network, len(dataset.classes))
    model.load_state_dict({k: v for k, v in learned.state.items() if k in model.state_dict()})
    model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    pieces = load_pieces(seen.part("test"), dataset.classes, plan.size, plan.margin, whole=False)
    rows = softmax(predict(model, normal, squares(pieces, plan.size), device) / learned.temperature)
    cases, numbers = [], dict[int, int]()
    for piece, p in zip(pieces, rows, strict=True):
        image, truth = piece.image, dataset.classes[piece.label]
        number = numbers.get(image.id, 0)
        numbers[image.id] = number + 1
        cases.append((image.id, number, str(image.path), image.patient or image.group, truth, tuple(map(float, p))))
    return Answers(tuple(cases), facts={f"val_{k}": float(v) for k, v in learned.scores.items()})


def answer_boxes(plan: Plan, dataset: FrozenDataset, fold: Fold, workspace: Workspace, scratch: Path) -> Answers:
    """The detections in each photo of the fold, in pixels of the upright photo.

    Raises:
        UserError: as :func:`answer_cases`.
    """
    from app.inference.networks.detectors import DetectorSettings, build_detector
    from app.training.learning.classify import Normal
    from app.training.learning.detect import detect_all
    from app.training.learning.samples import load_scenes
    from app.training.learning.session import pick_device
    from app.training.learning.whole import learn_detector

    seen, normal = _divided(dataset, fold), Normal(*_normal(plan.network.split("-")[1]))
    events = _events(scratch)
    with gpu_alone(plan.device, events):
        learned = learn_detector(plan, seen, normal, events, workspace, resume=True)
    device = pick_device(plan)
    model = build_detector(plan.network, len(dataset.classes), DetectorSettings.from_json(learned.parameters))
    model.load_state_dict(learned.state)
    model.eval().to(device)
    scenes = load_scenes(seen.part("test"), dataset.classes, plan.size)
    boxes = []
    for scene, one in zip(scenes, detect_all(model, normal, scenes, device), strict=True):
        assert scene.image is not None  # only photos of a lesion source have none
        for corners, label, score in zip(one.boxes / scene.scale, one.labels, one.scores, strict=True):
            x0, y0, x1, y1 = (float(v) for v in corners)
            boxes.append((scene.image.id, x0, y0, x1, y1, dataset.classes[int(label)], float(score)))
    return Answers(boxes=tuple(boxes), facts={f"val_{k}": float(v) for k, v in learned.scores.items()})


def _divided(dataset: FrozenDataset, fold: Fold) -> FrozenDataset:
    seen = seen_through(dataset, fold)
    if not all(seen.part(part) for part in ("train", "val", "test")):
        raise UserError("experiment_empty_fold", fold=fold.fold + 1, repeat=fold.repeat + 1)
    return seen


def _normal(backbone: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    from app.inference.networks.classifiers import default_preprocessing

    usual = default_preprocessing(backbone)
    return tuple(usual["mean"]), tuple(usual["std"])  # type: ignore[arg-type, return-value]


def _events(scratch: Path) -> Events:
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / STOP_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise write_error(error, scratch) from error
    return Events(scratch)
