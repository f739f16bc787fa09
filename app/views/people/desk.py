"""What the pages about people ask of the database: each function runs on the database thread with an open session.

The store is imported inside, as it brings SQLAlchemy along.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from app.annotation.document import Document

if TYPE_CHECKING:
    from app.datasets.records import ImageRow, UserRecord
    from app.evaluation.agreement import Agreement

Names = tuple[str, str]


@dataclass(frozen=True)
class Overview:
    """``photos``: in the workspace; ``progress``: person, photos verified or settled, photos assigned."""

    people: tuple[UserRecord, ...]
    photos: int
    progress: tuple[tuple[str, int, int], ...]
    pairs: tuple[Names, ...]


@dataclass(frozen=True)
class BoxedTwice:
    """One photo as two people boxed it; ``through``: both have verified it."""

    row: ImageRow
    left: Document
    right: Document
    settled: bool

    @property
    def through(self) -> bool:
        return self.settled or (self.left.verified and self.right.verified)


@dataclass(frozen=True)
class Pair:
    """``photos``: those that both are through with; ``still``: how many each of the two has still to box."""

    names: Names
    photos: tuple[BoxedTwice, ...]
    still: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class PairFigures:
    """``counts``: of each photo the differences (only left, only right, label, place); ``open``: places of photos that
    are not settled yet."""

    pair: Pair
    agreement: Agreement
    counts: tuple[tuple[int, int, int, int], ...]
    open: tuple[int, ...]


def users(session: Any) -> tuple[UserRecord, ...]:
    from app.datasets import store

    return store.users(session)


def add_person(session: Any, name: str, role: str) -> tuple[UserRecord, ...]:
    from app.datasets import store

    store.add_person(session, name, role)
    return store.users(session)


def change_person(session: Any, name: str, role: str, active: bool) -> tuple[UserRecord, ...]:
    from app.datasets import store

    store.change_person(session, name, role, active)
    return store.users(session)


def overview(session: Any) -> Overview:
    from app.datasets import store

    given = store.assignments(session)
    total = Counter(a.person for a in given)
    done = Counter(a.person for a in given if a.through or a.settled)
    together: dict[int, list[str]] = {}
    for one in given:
        together.setdefault(one.image_id, []).append(one.person)
    pairs = sorted({pair for people in together.values() for pair in combinations(sorted(people), 2)})
    people = tuple(u for u in store.users(session) if u.active)
    progress = tuple((name, done[name], total[name]) for name in sorted(total))
    return Overview(people, len(store.image_rows(session)), progress, tuple(pairs))


def assign(session: Any, people: tuple[str, ...], share: float, seed: int) -> int:
    """How many photos each of them has been given."""
    from app.datasets import store

    return len(store.assign(session, people, share=share, seed=seed))


def pair(session: Any, names: Names) -> Pair:
    from app.datasets import store

    found = store.pair_documents(session, *names)
    rows = {row.id: row for row in store.image_rows(session, [one.image_id for one in found])}
    photos = (BoxedTwice(rows[one.image_id], one.left, one.right, one.settled) for one in found)
    return Pair(names, tuple(p for p in photos if p.through), _still(session, names))


def _still(session: Any, names: Names) -> tuple[int, int]:
    from app.datasets import store

    given = [{one.image_id: one for one in store.assignments(session, name)} for name in names]
    both = given[0].keys() & given[1].keys()
    first, second = (sum(not (of[i].through or of[i].settled) for i in both) for of in given)
    return first, second


def figures(pair: Pair) -> PairFigures:
    """How far the two agree, and where not; takes time, needs no session."""
    from app.datasets.settling import begin
    from app.evaluation.agreement import BoxedTwice as Twice
    from app.evaluation.agreement import agreement

    twice = [Twice(n, p.left.annotations, p.right.annotations, p.row.patient or "") for n, p in enumerate(pair.photos)]
    counts = []
    for photo in pair.photos:
        kinds = Counter(d.kind for d in begin(photo.left, photo.right).differences)
        counts.append((kinds["only_left"], kinds["only_right"], kinds["label"], kinds["place"]))
    open_ = [n for n, p in enumerate(pair.photos) if not p.settled]
    open_.sort(key=lambda n: -sum(counts[n]))
    return PairFigures(pair, agreement(twice), tuple(counts), tuple(open_))


def settle(session: Any, image_id: int, document: Document) -> None:
    from app.datasets import store

    store.settle(session, image_id, document)


def undo(session: Any) -> None:
    """Take back the person's last step, wherever it was.

    Raises:
        UserError: the reason why it is refused.
    """
    from app.datasets import store

    step = store.undo(session)
    if step is not None and step.refused is not None:
        raise step.refused
