"""The subcommand ``patches``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.cli_common import DONE, PARTLY, Outcome, new_folder, opened, progress
from app.cli_parser import Common
from app.common.words import text

if TYPE_CHECKING:
    from app.datasets.patches import PatchPlan


def patches(common: Common, options: Namespace) -> Outcome:
    from app.datasets.patch_files import write_patches
    from app.datasets.patches import PatchOptions, plan_patches

    wanted = PatchOptions(
        options.per_disease, options.margin, options.seed, options.min_size, options.padding, options.encoding
    )
    out = new_folder(options.out, options.force)
    with opened(common) as (_, store):
        with store.read() as session:
            plan = plan_patches(session, wanted)
        result = write_patches(plan, out, progress)
    for told in _told(plan):
        sys.stderr.write(f"{told}\n")
    document: dict[str, Any] = {
        "patches": result.patches,
        "per_disease": result.per_disease,
        "patients": result.patients,
    }
    if result.failed:
        document["failed"] = [{"item": item, "error": error.as_json()} for item, error in result.failed]
    return Outcome(document, PARTLY if result.failed else DONE)


def _told(plan: PatchPlan) -> Iterator[str]:
    """The diseases with fewer boxes than wanted, and how many boxes cannot be patches."""
    for disease, have in plan.short.items():
        yield text("warning.too_few_boxes", disease=disease, have=have, wanted=plan.options.per_disease)
    if plan.left_out:
        yield text("warning.boxes_left_out", reasons=", ".join(f"{k} {n}" for k, n in plan.left_out.items()))
