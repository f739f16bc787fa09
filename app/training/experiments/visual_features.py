"""A cell of the first table: a machine on visual features."""

from __future__ import annotations

import numpy as np

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.datasets.freezing.frozen import FrozenDataset
from app.training.experiments.cells import Answers
from app.training.experiments.folds import Fold, seen_through
from app.training.plan import Plan
from app.training.visual_features.machine import fit
from app.training.visual_features.patches import features_of


def answer_features(plan: Plan, dataset: FrozenDataset, fold: Fold, workspace: Workspace) -> Answers:
    """Vocabulary, scaling, C and support vectors come from the other folds alone.

    Raises:
        UserError: ``experiment_empty_fold``, ``one_class_only`` and those of reading photos.
    """
    patches = features_of(plan, dataset, workspace)
    images = {i.id: i for i in seen_through(dataset, fold).images}
    here = np.array([int(i) in images for i in patches.images], bool)
    tested = np.array([h and images[int(i)].split == "test" for h, i in zip(here, patches.images, strict=True)], bool)
    learnt, asked = np.flatnonzero(here & ~tested), np.flatnonzero(tested)
    if len(asked) == 0 or len(learnt) == 0:
        raise UserError("experiment_empty_fold", fold=fold.fold + 1, repeat=fold.repeat + 1)
    groups = [images[int(patches.images[n])].group for n in learnt]
    machine = fit(plan, patches, learnt, groups, len(dataset.classes))
    cases = []
    for n, p in zip(asked, machine.probabilities(patches, asked), strict=True):
        image = images[int(patches.images[n])]
        truth = dataset.classes[int(patches.labels[n])]
        number = int(patches.numbers[n])
        cases.append((image.id, number, str(image.path), image.patient or image.group, truth, tuple(map(float, p))))
    return Answers(tuple(cases), facts={"C": machine.cost, "temperature": machine.temperature})
