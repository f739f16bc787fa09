"""Renderer B (for now A's picture)."""
from .a_render import render_a as render_b

__all__ = ["render_b"]
