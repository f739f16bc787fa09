"""A model's folder: written whole, and read only when it is what its manifest says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.common.errors import UserError
from app.common.files import write_atomically, write_error
from app.common.packs import DEFAULT_PACK, load_pack
from app.inference.manifest import (
    CARD_FILE,
    MANIFEST_FILE,
    WEIGHTS_FILE,
    Manifest,
    Preprocessing,
    Task,
    check_classes,
)
from app.inference.models import InstalledModel

if TYPE_CHECKING:
    from torch import Tensor, nn

UNLIKE = "unlike."
"""Tensors under this prefix are the statistics of "unlike the training data", not the network's."""


def save_model(folder: Path, manifest: Manifest, state: dict[str, Tensor], card: str) -> Manifest:
    """Write weights, card and then the manifest with the weights' hash and the time (UTC); the manifest as written.

    Raises:
        UserError: as for writing any file (``disk_full``, ``folder_read_only``, ...).
    """
    from safetensors.torch import save

    data = save({key: value.detach().cpu().contiguous() for key, value in state.items()})
    created = manifest.created or datetime.now(UTC).isoformat(timespec="seconds")
    manifest = replace(manifest, sha256=hashlib.sha256(data).hexdigest(), created=created)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    write_atomically(folder / WEIGHTS_FILE, data)
    write_atomically(folder / CARD_FILE, card.encode())
    write_atomically(folder / MANIFEST_FILE, manifest_bytes(manifest))
    return manifest


def manifest_bytes(manifest: Manifest) -> bytes:
    import json

    return (json.dumps(manifest.as_json(), indent=2, ensure_ascii=False) + "\n").encode()


def read_weights(model: InstalledModel) -> dict[str, Tensor]:
    """All tensors of the weights file, in single precision.

    Raises:
        UserError: ``weights_missing``, ``weights_unreadable``, ``weights_hash_mismatch``, ``weights_damaged``.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    label = model.manifest.label
    try:
        data = (model.folder / WEIGHTS_FILE).read_bytes()
    except FileNotFoundError as error:
        raise UserError("weights_missing", model=label) from error
    except OSError as error:
        raise UserError("weights_unreadable", model=label, reason=error.strerror or type(error).__name__) from error
    if hashlib.sha256(data).hexdigest() != model.manifest.sha256:
        raise UserError("weights_hash_mismatch", model=label)
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError("weights_damaged", model=label) from error
    return {k: v.float() if v.dtype in (torch.float16, torch.bfloat16) else v for k, v in tensors.items()}


def load_network(model: InstalledModel) -> tuple[nn.Module, dict[str, Tensor]]:
    """The network with its weights, in evaluation mode on the CPU, and the tensors of "unlike the training data".

    Raises:
        UserError: ``classes_mismatch, unknown_architecture, manifest_damaged, weights_do_not_fit``, and those of
            ``read_weights``.
    """
    manifest = model.manifest
    check_classes(manifest, model.pack())
    network = build_network(manifest)
    tensors = read_weights(model)
    own = {key: value for key, value in tensors.items() if not key.startswith(UNLIKE)}
    try:
        network.load_state_dict(own)
    except RuntimeError as error:
        raise UserError("weights_do_not_fit", model=manifest.label, architecture=manifest.architecture) from error
    return network.eval(), {k.removeprefix(UNLIKE): v for k, v in tensors.items() if k.startswith(UNLIKE)}


def build_network(manifest: Manifest) -> nn.Module:
    """The untrained network that a manifest names.

    Raises:
        UserError: ``unknown_architecture``, or ``manifest_damaged`` for parameters that make no network.
    """
    from app.inference.networks.classifiers import build_classifier
    from app.inference.networks.detectors import build_detector

    try:
        if manifest.task == "classify":
            return build_classifier(manifest.architecture, len(manifest.classes))
        return build_detector(manifest.architecture, len(manifest.classes), manifest.parameters)
    except (TypeError, ValueError, KeyError) as error:
        raise UserError("manifest_damaged", model=manifest.label, reason=str(error)) from error
    except (RuntimeError, MemoryError) as error:  # a network too large for this machine
        raise UserError(
            "manifest_damaged", model=manifest.label, reason=f"parameters: {type(error).__name__}"
        ) from error


def write_untrained(
    folder: Path,
    task: Task,
    name: str,
    version: str = "0.0.0",
    architecture: str = "",
    pack: str = DEFAULT_PACK,
    seed: int = 0,
    size: int = 0,
) -> InstalledModel:
    """A model with random weights in ``folder/name/version``: for tests, and to see the whole way before training."""
    import torch

    architecture = architecture or {"classify": "efficientnet_lite0", "detect": "fused-efficientnet_lite0-135"}[task]
    size = size or {"classify": 128, "detect": 320}[task]
    manifest = Manifest(
        name,
        version,
        task,
        architecture,
        pack,
        load_pack(pack).keys,
        Preprocessing(size),
        seed=seed,
        licence="Apache-2.0",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = build_network(manifest).state_dict()
    place = folder / name / version
    card = f"# {manifest.label}\n\nUntrained: random weights. Its answers mean nothing.\n"
    return InstalledModel(save_model(place, manifest, state, card), place, shipped=False)
