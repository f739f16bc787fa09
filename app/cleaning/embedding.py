"""What a network that knows ImageNet sees in a photo and in its boxes: frozen features, for comparing labels.

EfficientNet-lite0 of the offline package, never trained further, at 224 px: mean and spread of each map of its five
stages (colour and texture count as much as shapes; on HAM10000 that tells labels better than the last layer). ``blob``:
float16 rows of ``WIDTH``, a square around each of the ``MOST_BOXES`` largest boxes, ``measured["boxes"]`` their places
in the photo's list; of a photo without boxes one row, the whole photo squeezed into the square. Without the package's
weights there is no blob.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from app.cleaning.findings import Found
from app.cleaning.subject import Subject
from app.common.errors import UserError
from app.common.geometry import Box
from app.common.images import read_photo
from app.inference.crops import crop_region, cut_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 224
WIDTH = 1024
MOST_BOXES = 4
MARGIN = 0.1
"""Share of a box's longer side that is seen around it."""
LEAST = 4.0
"""Pixels, of the reduced photo, of the longer side of a box that is looked at."""
_loading = Lock()


def examine(subject: Subject) -> Found:
    """Raises UserError as decoding does."""
    pixels, scale = _pixels(subject)
    with _loading:
        network = _network()
    if network is None:
        return Found()
    height, width = pixels.shape[:2]
    boxes = [b.box.scaled(scale).clipped(width, height) for b in subject.boxes]
    chosen = largest(boxes)
    regions = [crop_region(boxes[place], MARGIN, width, height) for place in chosen]
    squares = [cut_square(pixels, region, SIZE) for region in regions]
    if not squares:
        squares = [np.asarray(cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)]
    return Found(measured={"boxes": list(chosen)}, blob=_features(network, squares).astype(np.float16).tobytes())


def largest(boxes: Sequence[Box]) -> tuple[int, ...]:
    """Places of the boxes that are looked at, in the list's order: the largest that can be seen at all."""
    seen = [n for n, box in enumerate(boxes) if max(box.width, box.height) >= LEAST]
    return tuple(sorted(sorted(seen, key=lambda n: -boxes[n].area)[:MOST_BOXES]))


def rows(blob: bytes) -> NDArray[np.float16]:
    """(N, WIDTH): the boxes that were seen, or the photo."""
    return np.frombuffer(blob, np.float16).reshape(-1, WIDTH)


def _pixels(subject: Subject) -> tuple[NDArray[np.uint8], float]:
    """The photo with a shorter side of at least ``SIZE`` where it has that, and its scale."""
    if min(subject.small.shape[:2]) >= SIZE or subject.scale == 1:
        return subject.small, subject.scale
    photo = read_photo(subject.data, SIZE)
    return photo.pixels, photo.scale


def _features(network: Any, squares: Sequence[Any]) -> NDArray[np.float32]:
    import torch

    stacked = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        maps = network.forward_intermediates(stacked, intermediates_only=True, output_fmt="NCHW")
        traits = [part for m in maps for part in (m.mean((2, 3)), m.std((2, 3), correction=0))]
        return np.asarray(torch.cat(traits, dim=1).numpy(), np.float32)


@cache
def _network() -> Any:
    """The network, one thread wide as photos are spread over threads; None where its weights are not installed."""
    import torch

    from app.inference.networks.classifiers import build_classifier
    from app.inference.networks.folding import folded
    from app.inference.networks.imagenet import lite0_state, load_matching

    try:
        state = lite0_state()
    except UserError:
        return None
    torch.set_num_threads(1)
    net = build_classifier("efficientnet_lite0", 1000).net
    load_matching(net, state)
    return folded(net.eval(), torch.zeros(1, 3, SIZE, SIZE))
