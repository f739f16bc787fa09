"""Skin tone by the individual typology angle (ITA), in Chardon's six groups. Pure; safe before the first paint.

ITA = atan((L* - 50) / b*) in degrees, of healthy skin in CIELAB under D65; groups after Chardon, Cretois and Hourseau
(1991). A photo's angle moves with its light: groups count people roughly, over a set, and are no fact of one photo.
"""

from __future__ import annotations

import math

from app.common.words import text

LOWEST = {"very_light": 55.0, "light": 41.0, "intermediate": 28.0, "tan": 10.0, "brown": -30.0, "dark": -90.0}
"""Group -> the angle in degrees above which it begins, the lightest first."""
GROUPS = tuple(LOWEST)

NAMES = {
    "very_light": "tone.very_light",
    "light": "tone.light",
    "intermediate": "tone.intermediate",
    "tan": "tone.tan",
    "brown": "tone.brown",
    "dark": "tone.dark",
}


def typology_angle(lightness: float, yellowness: float) -> float:
    """ITA in degrees, -90..90, of CIELAB's L* and b*."""
    return math.degrees(math.atan2(lightness - 50, yellowness)) if yellowness > 0 else math.copysign(90, lightness - 50)


def tone_group(ita: float) -> str:
    """The group of an angle in degrees; a bound belongs to the darker group."""
    return next((group for group, lowest in LOWEST.items() if ita > lowest), GROUPS[-1])


def tone_name(group: str) -> str:
    return text(NAMES[group])


def tone_limits() -> str:
    """What the numbers cannot say, for whoever reads them."""
    return text("tone.limits")
