"""The photo with its boxes."""

from app.views.canvas.canvas import PhotoCanvas, Reading

__all__ = ["PhotoCanvas", "Reading"]
