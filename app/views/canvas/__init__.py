"""The photo with its boxes."""

from app.views.canvas.canvas import PhotoCanvas, Reading
from app.views.canvas.looks import Looks

__all__ = ["Looks", "PhotoCanvas", "Reading"]
