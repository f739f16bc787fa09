"""The models on this machine: shipped ones in the resources, trained and imported ones in the workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.common.errors import UserError
from app.common.packs import DEFAULT_PACK, Pack, load_pack
from app.common.places import SHIPPED_MODELS
from app.common.workspace import Workspace
from app.inference.manifest import MANIFEST_FILE, Manifest, Task, read_manifest


@dataclass(frozen=True)
class InstalledModel:
    """A model version and the folder that holds it (manifest, weights, card)."""

    manifest: Manifest
    folder: Path
    shipped: bool

    def pack(self) -> Pack:
        """The diseases it knows: of a pack of the workspace that it lies in, or a shipped one.

        Raises:
            UserError: ``no_such_pack``, ``damaged_pack``.
        """
        return load_pack(self.manifest.pack, None if self.shipped else self.folder.parents[2] / "packs")

    def as_json(self) -> dict[str, Any]:
        """A row of ``models list``: the pack's default models are those in use."""
        m = self.manifest
        return {
            "model": m.label,
            "task": m.task,
            "state": "active" if m.name in default_names(m.pack) else "candidate",
            "created": m.created,
            "classes": list(m.classes),
            "scores": dict(m.scores),
            "sha256": m.sha256,
        }


def list_models(workspace: Workspace | None = None) -> tuple[InstalledModel, ...]:
    """Every model whose manifest can be read, by name, newest version first; a damaged one shows when asked for."""
    found = []
    for folder, shipped in _folders(workspace):
        try:
            found.append(_read(folder, shipped))
        except UserError:
            continue
    return tuple(found)


def find_model(
    spec: str | None, task: Task, workspace: Workspace | None = None, pack: str = DEFAULT_PACK
) -> InstalledModel:
    """The model called ``NAME:VERSION`` or ``NAME`` (its newest version); None: the pack's default for ``task``.

    Raises:
        UserError: ``no_such_model``, ``wrong_task``, ``manifest_damaged``.
    """
    return _find(spec or dict(zip(("detect", "classify"), default_names(pack), strict=True))[task], task, workspace)


def show_model(spec: str, workspace: Workspace | None = None) -> InstalledModel:
    """The model called ``spec``, whatever its task.

    Raises:
        UserError: ``no_such_model``, ``manifest_damaged``.
    """
    return _find(spec, None, workspace)


def _find(spec: str, task: Task | None, workspace: Workspace | None) -> InstalledModel:
    name, _, version = spec.partition(":")
    for folder, shipped in _folders(workspace):
        if folder.parent.name == name and version in ("", folder.name):
            model = _read(folder, shipped)
            if task not in (None, model.manifest.task):
                raise UserError("wrong_task", model=model.manifest.label)
            return model
    known = sorted({m.manifest.label for m in list_models(workspace) if task in (None, m.manifest.task)})
    raise UserError("no_such_model", model=spec, known=", ".join(known) or "-")


def default_names(pack: str = DEFAULT_PACK) -> tuple[str, str]:
    """The names of the pack's detector and classifier."""
    try:
        chosen = load_pack(pack)
    except UserError:
        return "", ""
    return chosen.default_detector, chosen.default_classifier


def _read(folder: Path, shipped: bool) -> InstalledModel:
    """The model in ``NAME/VERSION``; a manifest that gives another name would answer under it."""
    manifest = read_manifest(folder)
    place = f"{folder.parent.name}:{folder.name}"
    if manifest.label != place:
        raise UserError("manifest_damaged", model=place, reason=f"name, version: {manifest.label}")
    return InstalledModel(manifest, folder, shipped)


def _folders(workspace: Workspace | None) -> list[tuple[Path, bool]]:
    """Model folders, the workspace's before the shipped, each name's newest version first."""
    roots = [(workspace.models, False)] if workspace else []
    found = []
    for root, shipped in [*roots, (SHIPPED_MODELS, True)]:
        folders = [m.parent for m in root.glob(f"*/*/{MANIFEST_FILE}")]
        found += [(f, shipped) for f in sorted(folders, key=_age)]
    return sorted(found, key=lambda item: (item[0].parent.name, *_age(item[0])[1:]))


def _age(folder: Path) -> tuple[str, tuple[int, ...], str]:
    numbers = tuple(-int(n) for n in re.findall(r"\d+", folder.name))
    return folder.parent.name, numbers, folder.name
