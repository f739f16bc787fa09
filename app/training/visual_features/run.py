"""A plan with ``network = "svm-..."`` as a run: fitted on the train part, answers on the validation part.

Its result is scores and answers. Support vectors are no network that the workstation diagnoses with, so no model is
installed, and the run's result names none.
"""

from __future__ import annotations

import numpy as np

from app.common.errors import UserError
from app.common.files import write_atomically
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.evaluation import classification as c
from app.evaluation.predictions import CasePrediction, case_table
from app.training.events import Events
from app.training.plan import Plan
from app.training.visual_features.machine import fit
from app.training.visual_features.patches import features_of


def learn_machine(plan: Plan, dataset: FrozenDataset, events: Events, workspace: Workspace) -> dict[str, float]:
    """The scores on the validation part; its answers go to ``predictions.csv`` in the run's folder.

    Raises:
        UserError: ``no_training_images``, ``one_class_only``, and those of reading photos and writing.
    """
    images = {image.id: image for image in dataset.images}
    events.write("started", task=plan.task, network=plan.network, dataset=dataset.full_name, seed=plan.seed, epochs=1)
    patches = features_of(plan, dataset, workspace)
    parts = np.array([images[int(i)].split for i in patches.images])
    train, val = (np.flatnonzero(parts == part) for part in ("train", "val"))
    if len(train) == 0 or len(val) == 0:
        raise UserError("no_training_images", dataset=dataset.full_name)
    events.write("loaded", pieces=len(train), val=len(val), classes=len(dataset.classes))
    groups = [images[int(patches.images[n])].group for n in train]
    machine = fit(plan, patches, train, groups, len(dataset.classes))
    p, truth = machine.probabilities(patches, val), patches.labels[val]
    scores = {
        "accuracy": c.accuracy(truth, p.argmax(1)),
        "balanced_accuracy": c.balanced_accuracy(truth, p.argmax(1), len(dataset.classes)),
        "macro_auc": c.macro_auc(truth, p),
        "ece": c.ece(truth, p),
    }
    events.write("calibrated", temperature=machine.temperature, C=machine.cost, **scores)
    rows = []
    for n, label, chances in zip(val, truth, p, strict=True):
        image = images[int(patches.images[n])]
        case = f"{image.id}:{patches.numbers[n]}"
        of = dataset.classes[int(label)]
        rows.append(
            CasePrediction(case, str(image.path), image.patient or "", plan.name, of, tuple(map(float, chances)))
        )
    write_atomically(events.run / "predictions.csv", case_table(rows, dataset.classes).encode())
    return scores
