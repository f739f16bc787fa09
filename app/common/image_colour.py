"""Colour profiles: wide-gamut cameras' photos into sRGB, since a doctor judges redness. Imported on first use only."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_NOTICEABLE = 3  # levels of 255: profiles that call sRGB by another name differ by less


def to_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """uint8 RGB pixels (H x W x 3) of the ICC ``profile`` in sRGB; as they are where it is sRGB's own, or damaged."""
    transform = _transform(profile, "RGB")
    if transform is None or not _changes_colours(profile):
        return pixels
    return np.array(ImageCms.applyTransform(Image.fromarray(pixels), transform))


def cmyk_to_srgb(picture: Image.Image) -> Image.Image:
    """A CMYK picture by its own profile; without one, as ink on white paper would look roughly."""
    transform = _transform(picture.info.get("icc_profile") or b"", "CMYK")
    if transform is None:
        return picture.convert("RGB")
    converted = ImageCms.applyTransform(picture, transform)
    assert converted is not None  # it is only in place that nothing comes back
    return converted


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != mode:
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None


@lru_cache(maxsize=16)
def _changes_colours(profile: bytes) -> bool:
    levels = np.array([0, 64, 128, 192, 255], np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(5, 25, 3)
    transform = _transform(profile, "RGB")
    if transform is None:
        return False
    seen = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return bool(np.abs(seen.astype(int) - cube.astype(int)).max() > _NOTICEABLE)
