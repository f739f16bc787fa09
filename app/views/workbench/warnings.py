"""The warnings of an answer as sentences in the present language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.common.words import text
from app.inference.diagnosis import Caution
from app.inference.portable import read_caution


def warnings_of(answer: Mapping[str, Any], photo_warnings: Sequence[str], number: int | None) -> tuple[str, ...]:
    """ "Unlike the training data" first; what two say stands once; of lesions only ``number``."""
    said = [text("diagnosis.unlike")] if answer.get("unlike_training", {}).get("flag") else []
    cautions = [*map(Caution, photo_warnings), *map(read_caution, answer.get("warnings", ()))]
    said += [c.text for c in cautions if c.facts.get("number", number) == number]
    return tuple(dict.fromkeys(said))
