"""Annotation files damaged at random, by a seed: bytes flipped, cut, doubled, moved, put in from a list of traps."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.annotation.formats import FORMATS, Context, Format, Page, Shape, files_of, fresh, label_of, read_classes

PEERS = Path(__file__).parents[1] / "fixtures" / "peers"
SIZE = (320, 240)
CLASSES = ("psoriasis", "湿疹", "红斑狼疮 & x")
CONTEXT = Context(CLASSES, dict.fromkeys(("a", "phantom 1", "体模_2"), SIZE), {"a": "a.jpg"}, label_of(None))
NUMBERS = (b"-1", b"0", b"0.0", b"1e3", b"1e999", b"9" * 400, b"NaN", b"-Infinity", b"0x10", b"\xd9\xa3", b"null",
           b"true", b"-0", b"1.", b"99", b"400", b"1" * 5000, b'"1"', b"[]")  # fmt: skip
TRAPS = (
    *NUMBERS, b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"]" * 40, b"[" * 3000, b"{" * 3000, b"<a>" * 3000,
    b"</object>", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"<!ENTITY e SYSTEM 'file:///etc/passwd'>", b"&e;", b"&amp;",
    b"<![CDATA[", b"<!--", b"../../../../etc/passwd", b"C:\\x\\..\\..\\y.jpg", b"/dev/zero", b'"\\ud800"', b'"', b"\\",
    b",", b":", b"\n", b"\r", b"  ", b"{}", b'"counts": [1, 2]', b'{"size": [9999999, 9999999], "counts": "0"}',
    b'"mask": "iVBORw0KGgo="', b'"points": []', b'"shape_type": "circle"', b'"shape_type": "mask"', b'"bbox": null',
    b"<bndbox>", b"<object>", b"<polygon><x1>1</x1></polygon>",
)  # fmt: skip


_NUMBER = re.compile(rb"-?[0-9]+(?:\\.[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z_]{3,}")


@dataclass(frozen=True)
class Specimen:
    format: Format
    name: str
    data: bytes


def specimens() -> list[Specimen]:
    """Good files: ours and those of the other programs."""
    ring = ((10.0, 10.0), (60.0, 20.0), (30.0, 60.0))
    shapes = (
        Shape("psoriasis", (10, 10, 60, 60), outline=(ring,)),
        Shape("湿疹", (1, 2, 30.5, 40), difficult=True, score=0.5),
        Shape("红斑狼疮 & x", (100, 100, 320, 240)),
    )
    pages = [Page("a.jpg", *SIZE, shapes, verified=True), Page("b.jpg", *SIZE)]
    found = []
    for format in FORMATS:
        name, data = next(iter(fresh(format, pages, Context(CLASSES)).items()))
        found.append(Specimen(format, name, data))
    for folder, format in (
        ("labelimg/voc", "voc"), ("labelimg/yolo", "yolo"), ("labelimg/createml", "createml"), ("labelme", "labelme"),
        ("xanylabeling/json", "xanylabeling"), ("xanylabeling/voc", "voc"), ("xanylabeling/coco", "coco"),
        ("pycocotools", "coco"),
    ):  # fmt: skip
        found += [Specimen(format, f.name, f.read_bytes()) for f in files_of(PEERS / folder, format)]  # type: ignore[arg-type]
    found.append(Specimen("yolo", "a.txt", b"0 0.1 0.1 0.2 0.1 0.2 0.2\r\n1 0.5 0.5 0.1 0.1 0.9\r\n"))
    assert read_classes((PEERS / "labelimg" / "yolo" / "classes.txt").read_bytes(), "classes.txt") == CLASSES
    return found


def mutants(count: int, seed: int) -> Iterator[Specimen]:
    """``count`` damaged files; the same for the same seed."""
    rng = random.Random(seed)
    good = specimens()
    for _ in range(count):
        one = rng.choice(good)
        data = one.data
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            data = _mutated(data, rng, good)
        yield Specimen(one.format, one.name, data)


def _mutated(data: bytes, rng: random.Random, good: list[Specimen]) -> bytes:
    at, size = rng.randint(0, len(data)), rng.randint(1, 60)
    kind = rng.randrange(14)
    if kind >= 11:  # still well-formed, mostly
        found = list(_NUMBER.finditer(data)) or [None]
        match = rng.choice(found)
        return data if match is None else data[: match.start()] + rng.choice(NUMBERS) + data[match.end() :]
    if kind >= 9:
        words = list(_WORD.finditer(data)) or [None]
        match = rng.choice(words)
        return data if match is None else data[: match.start()] + rng.choice(TRAPS) + data[match.end() :]
    if kind >= 7:
        lines = data.splitlines(keepends=True)
        place = rng.randrange(len(lines)) if lines else 0
        lines[place : place + 1] = lines[place : place + 1] * rng.choice((0, 2, 3))
        return b"".join(lines)
    if kind == 0:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[at + size :]
    if kind == 2:
        return data[:at] + data[max(at - size, 0) :]
    if kind == 3:
        return data[:at] if rng.random() < 0.3 else data[:at] + rng.choice(TRAPS) + data[at:]
    if kind == 4:
        return data[:at] + rng.choice(TRAPS) + data[at + size :]
    if kind == 5:
        other = rng.choice(good).data
        start = rng.randint(0, len(other))
        return data[:at] + other[start : start + size] + data[at:]
    to = rng.randint(0, len(data))
    return data[:at] + data[to : to + size] + data[at + size :]
