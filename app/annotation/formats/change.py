"""What is to change in a file, found from what it says and what its pages are to say; formats only carry it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.annotation.formats.boxes import NEAR, box_of
from app.annotation.formats.sheet import Context, Page, Shape, Sheet, TargetPage


@dataclass(frozen=True)
class Change:
    """``shapes``: what the shape at a position becomes, None where it goes; it keeps the file's own word and corners
    where those did not change. ``added``: new shapes, by the page's place in the sheet. ``verified``: likewise, where
    the mark changes. ``sizes``: what is put in where a page does not say its photo's size. ``pages``: photos that the
    file does not know yet.
    """

    shapes: Mapping[int, Shape | None] = field(default_factory=dict)
    added: Mapping[int, tuple[Shape, ...]] = field(default_factory=dict)
    verified: Mapping[int, bool] = field(default_factory=dict)
    sizes: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    pages: tuple[Page, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.shapes or self.added or self.verified or self.sizes or self.pages)


def change_of(
    sheet: Sheet, targets: Sequence[TargetPage], context: Context, one_page: bool, marks: bool = True
) -> Change:
    """The steps from ``sheet`` to ``targets``. With ``one_page`` the file has but one photo, whatever its name there;
    ``marks``: whether the format can say that a page is verified.

    Raises:
        ValueError: for a position that the page does not have.
    """
    words = _Words(sheet, context)
    places = {page.image: number for number, page in enumerate(sheet.pages)}
    shapes: dict[int, Shape | None] = {}
    added: dict[int, tuple[Shape, ...]] = {}
    verified: dict[int, bool] = {}
    pages: list[Page] = []
    for target in targets:
        number = 0 if one_page else places.get(target.image)
        if number is None:
            new = tuple(words.of(shape) for _, shape in target.shapes)
            pages.append(Page(target.image, target.width, target.height, new, target.verified))
            continue
        page = sheet.pages[number]
        shapes |= _changed(page, target, context, words)
        extra = tuple(words.of(shape) for position, shape in target.shapes if position is None)
        if extra:
            added[number] = extra
        if marks and page.verified != target.verified:
            verified[number] = target.verified
    return Change(shapes, added, verified, pages=tuple(pages))


def _changed(page: Page, target: TargetPage, context: Context, words: _Words) -> dict[int, Shape | None]:
    here = {shape.position: shape for shape in page.shapes}
    wanted = {position: shape for position, shape in target.shapes if position is not None}
    if not wanted.keys() <= here.keys():
        raise ValueError(f"no such shapes: {sorted(wanted.keys() - here.keys())}")
    result: dict[int, Shape | None] = {}
    for position, old in here.items():
        new = wanted.get(position)
        if new is None:
            result[position] = None
            continue
        kept = _kept(old, new, target, context, words)
        if kept != old:
            result[position] = kept
    return result


def _kept(old: Shape, new: Shape, target: TargetPage, context: Context, words: _Words) -> Shape:
    """``old`` with what truly differs in ``new``."""
    label = old.label if context.label(old.label) == context.label(new.label) else words.of(new).label
    ours, theirs = box_of(new, 0, 0).as_list(), box_of(old, target.width, target.height).as_list()
    if all(abs(a - b) <= NEAR for a, b in zip(ours, theirs, strict=True)):
        return old._replace(label=label, difficult=new.difficult)
    return old._replace(label=label, difficult=new.difficult, corners=new.corners, outline=new.outline)


class _Words:
    """The file's own word for a label, where it has one."""

    def __init__(self, sheet: Sheet, context: Context) -> None:
        self._label = context.label
        self._known = dict.fromkeys((*sheet.classes, *(s.label for p in sheet.pages for s in p.shapes)))
        self._by_key: dict[str, str] = {}
        for word in self._known:
            self._by_key.setdefault(context.label(word), word)

    def of(self, shape: Shape) -> Shape:
        if shape.label in self._known:
            return shape
        return shape._replace(label=self._by_key.get(self._label(shape.label), shape.label))
