"""The model card: what a person should know before trusting a model, written beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.inference.manifest import Manifest
from app.training.plan import Plan, plan_as_toml

WHAT = {
    "classify": "names the disease of a boxed lesion (or a whole photo): one probability per disease of the pack",
    "detect": "finds lesions in a photo: boxes with a disease and a score",
}


def card(manifest: Manifest, plan: Plan) -> str:
    """CARD.md of a model that was trained by ``plan``."""
    lines = [
        f"# {manifest.label}",
        "",
        f"Research use only. Not a diagnosis. This model {WHAT[manifest.task]}.",
        "",
        f"- Network: `{manifest.architecture}`; pack `{manifest.pack}`; classes: {', '.join(manifest.classes)}",
        f"- Licence: {manifest.licence}; seed {manifest.seed}",
        f"- Input: {manifest.preprocessing.size} px"
        + (
            f" square around the box with a margin of {plan.margin:g}" if manifest.task == "classify" else " short side"
        ),
        "",
        "## Data",
        "",
        *_listed(manifest.trained_on),
        "",
        "## Scores on the validation part (patients not trained on)",
        "",
        *_listed(manifest.scores.get("val", {})),
        "",
        "## Limits",
        "",
        plan.limits or "Not stated. Test it on your own photos before you rely on it.",
        "",
        "## The plan",
        "",
        "```toml",
        _without_places(plan).rstrip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def _listed(facts: Mapping[str, Any]) -> list[str]:
    return [f"- {key.replace('_', ' ')}: {_plain(value)}" for key, value in facts.items() if value not in ([], "")] or [
        "- none"
    ]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(str(v) for v in value) if isinstance(value, (list, tuple)) else str(value)


def _without_places(plan: Plan) -> str:
    """The plan without folders of the machine it ran on, and without what the card says already."""
    sources = tuple(
        s.model_copy(update={"images": "/".join(s.images.split("/")[-2:]), "masks": "/".join(s.masks.split("/")[-2:])})
        for s in plan.lesion_only
    )
    return plan_as_toml(plan.model_copy(update={"lesion_only": sources, "limits": ""}))
