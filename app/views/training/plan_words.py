"""The words of a plan's keys, options and networks; which keys stand together."""

from __future__ import annotations

from app.common.words import text

GROUPS: dict[str, tuple[str, ...]] = {
    "pictures": (
        "size",
        "margin",
        "whole_photos",
    ),
    "course": (
        "batch",
        "accumulate",
        "minutes",
        "head_epochs",
        "patience",
        "freeze",
        "frozen_norms",
        "cached_features",
        "feature_views",
    ),
    "optimiser": (
        "optimiser",
        "learning_rate",
        "start_rate_share",
        "weight_decay",
        "warm_up",
        "schedule",
        "average",
        "clip",
    ),
    "loss": (
        "loss",
        "focal_gamma",
        "rare",
        "label_smoothing",
        "dropout",
        "mixup",
        "cutmix",
    ),
    "augment": (
        "augment.flip",
        "augment.rotate",
        "augment.margin_jitter",
        "augment.scale",
        "augment.colour",
        "augment.illumination",
        "augment.blur",
        "augment.noise",
        "augment.jpeg",
        "augment.cutout",
        "augment.grey",
        "augment.randaugment",
        "augment.randaugment_strength",
    ),
    "features": (
        "visual_features.words",
        "visual_features.strips",
        "visual_features.kernel",
    ),
    "machine": (
        "device",
        "precision",
        "threads",
        "workers",
    ),
    "model": (
        "name",
        "licence",
        "limits",
    ),
}
"""The plan's keys as they stand together in the form; what is in none of them comes last."""
TASK_ONLY = {
    "margin": "classify",
    "whole_photos": "classify",
    "rare": "classify",
    "mixup": "classify",
    "cutmix": "classify",
    "dropout": "classify",
    "cached_features": "classify",
    "feature_views": "classify",
    "label_smoothing": "classify",
    "head_epochs": "classify",
    "loss": "classify",
    "focal_gamma": "classify",
    "augment.rotate": "classify",
    "augment.margin_jitter": "classify",
    "augment.cutout": "classify",
}
_GROUPS = {
    "pictures": "train.group.pictures",
    "course": "train.group.course",
    "optimiser": "train.group.optimiser",
    "loss": "train.group.loss",
    "augment": "train.group.augment",
    "features": "train.group.features",
    "machine": "train.group.machine",
    "model": "train.group.model",
    "more": "train.group.more",
}
_KEYS = {
    "size": "train.key.size",
    "margin": "train.key.margin",
    "whole_photos": "train.key.whole_photos",
    "minutes": "train.key.minutes",
    "batch": "train.key.batch",
    "accumulate": "train.key.accumulate",
    "workers": "train.key.workers",
    "threads": "train.key.threads",
    "precision": "train.key.precision",
    "device": "train.key.device",
    "optimiser": "train.key.optimiser",
    "learning_rate": "train.key.learning_rate",
    "start_rate_share": "train.key.start_rate_share",
    "weight_decay": "train.key.weight_decay",
    "warm_up": "train.key.warm_up",
    "schedule": "train.key.schedule",
    "head_epochs": "train.key.head_epochs",
    "patience": "train.key.patience",
    "average": "train.key.average",
    "clip": "train.key.clip",
    "loss": "train.key.loss",
    "focal_gamma": "train.key.focal_gamma",
    "rare": "train.key.rare",
    "mixup": "train.key.mixup",
    "cutmix": "train.key.cutmix",
    "label_smoothing": "train.key.label_smoothing",
    "dropout": "train.key.dropout",
    "freeze": "train.key.freeze",
    "frozen_norms": "train.key.frozen_norms",
    "cached_features": "train.key.cached_features",
    "feature_views": "train.key.feature_views",
    "augment.flip": "train.key.augment_flip",
    "augment.rotate": "train.key.augment_rotate",
    "augment.margin_jitter": "train.key.augment_margin_jitter",
    "augment.scale": "train.key.augment_scale",
    "augment.colour": "train.key.augment_colour",
    "augment.illumination": "train.key.augment_illumination",
    "augment.blur": "train.key.augment_blur",
    "augment.noise": "train.key.augment_noise",
    "augment.jpeg": "train.key.augment_jpeg",
    "augment.cutout": "train.key.augment_cutout",
    "augment.grey": "train.key.augment_grey",
    "augment.randaugment": "train.key.augment_randaugment",
    "augment.randaugment_strength": "train.key.augment_randaugment_strength",
    "visual_features.words": "train.key.visual_features_words",
    "visual_features.strips": "train.key.visual_features_strips",
    "visual_features.kernel": "train.key.visual_features_kernel",
    "name": "train.key.name",
    "licence": "train.key.licence",
    "limits": "train.key.limits",
}
_TIPS = {
    "size": "train.tip.size",
    "margin": "train.tip.margin",
    "whole_photos": "train.tip.whole_photos",
    "minutes": "train.tip.minutes",
    "batch": "train.tip.batch",
    "accumulate": "train.tip.accumulate",
    "workers": "train.tip.workers",
    "threads": "train.tip.threads",
    "precision": "train.tip.precision",
    "start_rate_share": "train.tip.start_rate_share",
    "warm_up": "train.tip.warm_up",
    "head_epochs": "train.tip.head_epochs",
    "patience": "train.tip.patience",
    "average": "train.tip.average",
    "clip": "train.tip.clip",
    "rare": "train.tip.rare",
    "mixup": "train.tip.mixup",
    "cutmix": "train.tip.cutmix",
    "label_smoothing": "train.tip.label_smoothing",
    "freeze": "train.tip.freeze",
    "frozen_norms": "train.tip.frozen_norms",
    "cached_features": "train.tip.cached_features",
    "feature_views": "train.tip.feature_views",
    "augment.colour": "train.tip.augment_colour",
    "augment.blur": "train.tip.augment_blur",
    "augment.noise": "train.tip.augment_noise",
    "augment.jpeg": "train.tip.augment_jpeg",
    "augment.cutout": "train.tip.augment_cutout",
    "augment.grey": "train.tip.augment_grey",
    "augment.randaugment": "train.tip.augment_randaugment",
    "visual_features.words": "train.tip.visual_features_words",
    "visual_features.strips": "train.tip.visual_features_strips",
    "name": "train.tip.name",
    "limits": "train.tip.limits",
}
_OPTIONS = {
    "auto": "train.option.auto",
    "cpu": "train.option.cpu",
    "cuda": "train.option.cuda",
    "adamw": "train.option.adamw",
    "sgd": "train.option.sgd",
    "cosine": "train.option.cosine",
    "constant": "train.option.constant",
    "cross_entropy": "train.option.cross_entropy",
    "focal": "train.option.focal",
    "balanced_sampling": "train.option.balanced_sampling",
    "class_weights": "train.option.class_weights",
    "logit_adjustment": "train.option.logit_adjustment",
    "none": "train.option.none",
    "rbf": "train.option.rbf",
    "linear": "train.option.linear",
}
_NETWORKS = {
    "efficientnet_lite0": "train.net.efficientnet_lite0",
    "resnet18": "train.net.resnet18",
    "resnet34": "train.net.resnet34",
    "resnet50": "train.net.resnet50",
    "efficientnet_b0": "train.net.efficientnet_b0",
    "convnext_tiny": "train.net.convnext_tiny",
    "densenet121": "train.net.densenet121",
    "inception_v3": "train.net.inception_v3",
    "inception_resnet_v2": "train.net.inception_resnet_v2",
    "xception": "train.net.xception",
}

FEATURES = ("sift", "hog", "colour_histogram", "colour_names", "lbp", "sift_colour_names")
BACKBONES = ("efficientnet_lite0", "mobilenet_v3_large", "resnet50", "vgg16")
STAGES = ("135", "345", "35", "5")
NETWORKS = {
    "classify": (*_NETWORKS, *(f"svm-{features}" for features in FEATURES)),
    "detect": (
        *(f"fused-{backbone}-{stages}" for backbone in BACKBONES for stages in STAGES),
        *(f"fpn-{backbone}" for backbone in BACKBONES),
    ),
}
"""What can be chosen, sensible first choices first; a plan file may name more sets of stages."""


def group_words(group: str) -> str:
    return text(_GROUPS[group])


def key_words(key: str) -> str:
    """A key's name; one that is newer than these words as it stands in a plan file."""
    return text(_KEYS[key]) if key in _KEYS else key


def key_tip(key: str, about: str) -> str:
    """``about``: what the plan's schema says, where the words have nothing."""
    said = text(_TIPS[key]) if key in _TIPS else key_words(key) if key in _KEYS else about or key
    return text("train.plan_key", about=said, name=key)


def option_words(option: str) -> str:
    return text(_OPTIONS[option]) if option in _OPTIONS else option


def network_words(network: str) -> str:
    """One line on what a network is good for."""
    if network.startswith("svm-"):
        return text("train.net.svm")
    if network.startswith("fused-"):
        return text("train.net.fused")
    if network.startswith("fpn-"):
        return text("train.net.fpn")
    return text(_NETWORKS[network]) if network in _NETWORKS else ""
