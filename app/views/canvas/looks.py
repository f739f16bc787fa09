"""How the photo is shown, for looking only: the file, and what a model sees, stay as they are. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

BRIGHTEST = 12  # steps of brightness either way
CONTRAST = 10  # steps of contrast either way
GAMMA = (0.4, 2.5)
CLAHE = 4.0  # the highest clip limit
PLAIN_GAINS = (1.0, 1.0, 1.0)
_BRIGHTNESS_STEP = 1.12  # gain of one step
_CONTRAST_STEP = 1.1
_TILES = (8, 8)
_BURNT, _BLACK = 250, 5  # channels beyond these say nothing about the colour of the light
_MOST_GAIN = 2.0


@dataclass(frozen=True, slots=True)
class Looks:
    """``brightness`` in steps of 12 % (-12..12), one gain for all channels, so that red is not shifted; ``contrast`` in
    steps of 10 % about the middle grey (-10..10); ``gamma`` 0.4..2.5, above 1 lifts the shadows; ``clahe`` is the clip
    limit of the contrast-limited adaptive histogram equalisation of the lightness (0: off, 4 at most);
    ``white_balance`` makes the photo's mean grey (grey world).
    """

    brightness: int = 0
    contrast: int = 0
    gamma: float = 1.0
    clahe: float = 0.0
    white_balance: bool = False

    @property
    def plain(self) -> bool:
        return self == Looks()

    def clamped(self) -> Looks:
        return replace(
            self,
            brightness=round(_within(self.brightness, -BRIGHTEST, BRIGHTEST)),
            contrast=round(_within(self.contrast, -CONTRAST, CONTRAST)),
            gamma=_within(self.gamma, *GAMMA),
            clahe=_within(self.clahe, 0.0, CLAHE),
        )


def grey_world(pixels: Pixels) -> tuple[float, float, float]:
    """The gain of each channel that makes the photo's mean grey (Buchsbaum 1980), 0.5..2.

    ``pixels``: H x W x 3 or more channels; those that are burnt out or black are left out.
    """
    import numpy as np

    flat = pixels[..., :3].reshape(-1, 3)
    told = flat[(flat.max(axis=1) < _BURNT) & (flat.min(axis=1) > _BLACK)]
    if len(told) < len(flat) // 100 or not len(told):
        return PLAIN_GAINS
    means = told.mean(axis=0, dtype=np.float64)
    a, b, c = (_within(float(g), 1 / _MOST_GAIN, _MOST_GAIN) for g in means.mean() / means)
    return a, b, c


def looked(pixels: Pixels, looks: Looks, gains: tuple[float, float, float] = PLAIN_GAINS) -> Pixels:
    """The pixels (H x W x 4, uint8, blue first, fourth channel kept) as they look; ``gains`` in their channels' order.

    White balance comes first, then the equalisation, then contrast, brightness and gamma. A new array.
    """
    import cv2
    import numpy as np

    balance = _tables(np.outer(np.array(gains if looks.white_balance else PLAIN_GAINS), np.arange(256.0)))
    tone = _tables(np.broadcast_to(_tone(looks), (3, 256)))
    if not looks.clahe:
        return _mapped(pixels, np.stack([t[b] for t, b in zip(tone, balance, strict=True)]))
    balanced = _mapped(pixels, balance) if looks.white_balance else pixels
    lab: Pixels = cv2.cvtColor(balanced, cv2.COLOR_BGR2Lab)  # type: ignore[assignment]
    lightness = np.ascontiguousarray(lab[..., 0])
    lab[..., 0] = cv2.createCLAHE(looks.clahe, _TILES).apply(lightness)
    back: Pixels = cv2.cvtColor(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), cv2.COLOR_BGR2BGRA)  # type: ignore[assignment]
    return _mapped(back, tone)


def _tone(looks: Looks) -> NDArray[np.float64]:
    """What 0..255 becomes."""
    import numpy as np

    values = np.arange(256.0)
    values = (values - 127.5) * _CONTRAST_STEP**looks.contrast + 127.5
    values = np.clip(values * _BRIGHTNESS_STEP**looks.brightness, 0, 255)
    toned: NDArray[np.float64] = 255 * (values / 255) ** (1 / looks.gamma)
    return toned


def _tables(values: NDArray[np.float64]) -> Pixels:
    import numpy as np

    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def _mapped(pixels: Pixels, tables: Pixels) -> Pixels:
    """Each of the three channels through its own table."""
    import cv2
    import numpy as np

    table = np.empty((1, 256, 4), np.uint8)
    table[0, :, :3] = tables.T
    table[0, :, 3] = np.arange(256)
    mapped: Pixels = cv2.LUT(pixels, table)  # type: ignore[assignment]
    return mapped


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
