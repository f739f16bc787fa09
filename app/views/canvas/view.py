"""Where the photo lies in the widget: a scale and an offset, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from app.common.geometry import Box

Size = tuple[float, float]
MARGIN = 8.0  # ground left around a fitted photo
OVERSCROLL = 64.0  # how far the photo's edge may be pushed inside, to see what lies at the very edge
SMALLEST, LARGEST = 0.01, 40.0  # zoom


@dataclass(frozen=True, slots=True)
class Place:
    """Where the photo lies on a picture of the screen, in its whole pixels, and how many of them a photo pixel has."""

    x: int
    y: int
    scale: float


@dataclass(frozen=True, slots=True)
class View:
    """``scale``: widget pixels per photo pixel; the photo's origin is drawn at ``x, y``."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def place(self, ratio: float) -> Place:
        """On a screen with so many pixels for each of the widget's."""
        return Place(round(self.x * ratio), round(self.y * ratio), self.scale * ratio)

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.scale, self.y + y * self.scale

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.x) / self.scale, (y - self.y) / self.scale

    def placed(self, box: Box) -> Box:
        """The box in widget pixels."""
        return box.scaled(self.scale).moved(self.x, self.y)

    def zoomed(self, scale: float, at: tuple[float, float]) -> View:
        """Another scale, with the photo's point under the widget's point ``at`` staying there."""
        px, py = self.to_photo(*at)
        return View(scale, at[0] - px * scale, at[1] - py * scale)

    def panned(self, dx: float, dy: float) -> View:
        return View(self.scale, self.x + dx, self.y + dy)

    def kept_in(self, photo: Size, widget: Size) -> View:
        """Centred where the photo is smaller than the widget; elsewhere its edge comes in by the overscroll at most."""
        return View(
            self.scale,
            _kept(self.x, photo[0] * self.scale, widget[0]),
            _kept(self.y, photo[1] * self.scale, widget[1]),
        )


def _kept(at: float, length: float, room: float) -> float:
    if length + 2 * MARGIN <= room + 1e-6:
        return (room - length) / 2
    return min(max(at, room - length - OVERSCROLL), OVERSCROLL)


def fitted(photo: Size, widget: Size, width_only: bool = False) -> View:
    """The whole photo (or its whole width) in the widget, centred; a photo that fits width-only starts at its top."""
    across = max(widget[0] - 2 * MARGIN, 1) / photo[0]
    down = max(widget[1] - 2 * MARGIN, 1) / photo[1]
    scale = across if width_only else min(across, down)
    y = MARGIN if width_only and photo[1] * scale > widget[1] else (widget[1] - photo[1] * scale) / 2
    return View(scale, (widget[0] - photo[0] * scale) / 2, y)
