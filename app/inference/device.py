"""Where to compute, and why there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.common.errors import UserError
from app.common.words import text


@dataclass(frozen=True)
class Device:
    """``name`` is "cpu" or "cuda:0"; ``reason`` is a word's key (``device.<reason>``) that says why it is the CPU."""

    name: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"device": self.name, "device_reason": self.reason}


def choose_device(wanted: str = "auto") -> Device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UserError: ``no_cuda`` or ``no_cuda_build`` when ``cuda`` is wanted and there is none.
    """
    if wanted == "cpu":
        return Device("cpu", "chosen")
    import torch

    if torch.cuda.is_available():
        return Device("cuda:0")
    reason = "no_gpu" if torch.version.cuda else "no_cuda_build"
    if wanted == "cuda":
        raise UserError("no_cuda") if reason == "no_gpu" else UserError("no_cuda_build")
    return Device("cpu", reason)


def reason_text(reason: str) -> str:
    """The sentence behind ``Device.reason``, in the present language."""
    return {
        "no_gpu": text("device.no_gpu"),
        "no_cuda_build": text("device.no_cuda_build"),
        "gpu_memory": text("device.gpu_memory"),
        "chosen": text("device.chosen"),
    }.get(reason, "")
