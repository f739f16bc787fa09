"""Duplicates: every kind of copy is found and said, nothing else; groups, memory of pairs, index, evidence."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.cleaning import duplicates, likeness, looks
from app.cleaning.alignment import Alignment
from app.cleaning.checks import parts_for
from app.cleaning.comparing import Context, Stopped
from app.cleaning.duplicates import Link, groups, scene_score
from app.cleaning.evidence import evidence
from app.cleaning.examining import Examined, Photo, examine
from app.cleaning.findings import Finding
from app.cleaning.likeness_index import shared_codes
from app.cleaning.matching import align
from app.common.images import encode_jpeg
from app.common.packs import load_pack
from app.common.words import set_language

U8 = NDArray[np.uint8]
PARTS = parts_for(["near_duplicate"])
CHECKS = ("exact_duplicate", "near_duplicate", "same_lesion", "patient_duplicate")


def skin(seed: int, height: int = 240, width: int = 320) -> U8:
    """Spots of many sizes on a skin-coloured ground."""
    rng = np.random.default_rng(seed)
    spots = sum(
        s * cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), s) for s in (2, 4, 8, 16)
    )
    tint = np.array([200, 150, 130]) + rng.normal(0, 12, 3)
    return np.clip(tint + 45 * np.asarray(spots)[..., None] * [0.8, 1.0, 1.0], 0, 255).astype(np.uint8)


def marked(pixels: U8) -> U8:
    return np.asarray(cv2.putText(pixels.copy(), "SAMPLE", (20, 140), 0, 2.0, (255, 255, 255), 4), np.uint8)


def another_shot(pixels: U8) -> U8:
    """From a little to the side, in other light."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float32)
    moved = corners + np.array([[14, 9], [-20, 22], [9, -16], [-28, -12]], np.float32)
    turned = cv2.warpPerspective(pixels, cv2.getPerspectiveTransform(moved, corners), (width, height))
    return np.clip(turned * [0.92, 0.82, 0.74], 0, 255).astype(np.uint8)


COPIES: dict[str, tuple[Callable[[U8], U8], str]] = {
    "turned": (lambda p: np.ascontiguousarray(np.rot90(p, -1)), "turned by 90°"),
    "mirrored": (lambda p: np.ascontiguousarray(p[:, ::-1]), "mirrored"),
    "cropped": (lambda p: p[40:220, 30:270].copy(), "cropped to 56 % of the area"),
    "rescaled": (
        lambda p: np.asarray(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
        "scaled to 50 %",
    ),
    "recompressed": (lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [1, 30])[1], 1), "saved again"),
    "marked": (marked, "with a mark over it"),
    "both": (lambda p: np.ascontiguousarray(p[20:200, 20:260][:, ::-1]), "mirrored, cropped to 56 % of the area"),
}


def examined(folder: Path, pictures: Sequence[U8 | bytes], **of_photo: Sequence[object]) -> list[Examined]:
    found = []
    for i, picture in enumerate(pictures):
        path = folder / f"{i}.jpg"
        path.write_bytes(picture if isinstance(picture, bytes) else encode_jpeg(picture))
        photo = replace(Photo(i, path, path.name), **{name: values[i] for name, values in of_photo.items()})  # type: ignore[arg-type]
        found.append(examine(photo, PARTS))
    return found


def find(photos: Sequence[Examined], context: Context | None = None) -> dict[str, dict[int, Finding]]:
    """Check -> photo -> finding, those of at least 0.5."""
    found: dict[str, dict[int, Finding]] = {check: {} for check in CHECKS}
    for photo, findings in duplicates.find(photos, context or Context(load_pack())).items():
        for f in findings:
            if f.score >= 0.5:
                found[f.check][photo] = f
    return found


@pytest.mark.parametrize("kind", COPIES)
def test_every_kind_of_copy_is_found_and_said(kind: str, tmp_path: Path) -> None:
    make, words = COPIES[kind]
    photos = examined(tmp_path, [skin(1), make(skin(1)), skin(2), skin(3)])
    found = find(photos)["near_duplicate"]
    assert set(found) == {0, 1}
    assert found[0].group == found[1].group is not None
    assert found[0].facts["best"] == found[1].facts["best"] == 0
    assert words in found[1].reason
    set_language("zh")
    assert "近似重复" in found[1].reason


def test_different_photos_are_no_duplicates(tmp_path: Path) -> None:
    found = find(examined(tmp_path, [skin(seed) for seed in range(12)]))
    assert not any(found.values())


def test_another_shot_of_a_lesion_is_kept_together_but_no_copy(tmp_path: Path) -> None:
    found = find(examined(tmp_path, [skin(1), another_shot(skin(1)), skin(2)]))
    assert not found["near_duplicate"]
    assert set(found["same_lesion"]) == {0, 1}
    assert len({f.group for f in found["same_lesion"].values()}) == 1


def test_a_banner_laid_over_two_limbs_makes_them_no_lesion() -> None:
    """An archive's banner, and an arm down the middle, agree to the pixel: no hand takes one lesion twice like that."""
    from_archive = Alignment((1, 0, 0, 0, 1, 0), 0.78, 1.0, 1.0, agreeing=20, colour=67.5, changed=0.57)
    assert scene_score(from_archive) < 0.3
    by_hand = replace(from_archive, matrix=(0.98, 0.05, 9.0, -0.05, 0.98, -14.0), first=0.9, second=0.9)
    assert scene_score(by_hand) > 0.7


def limb(seed: int) -> U8:
    """Soft skin with a few patches, so that what is printed over it is most of what stands out."""
    rng = np.random.default_rng(seed)
    pixels = np.full((240, 320, 3), (205, 160, 140), np.uint8) - rng.integers(0, 30, 3).astype(np.uint8)
    for _ in range(3):
        centre = (int(rng.integers(40, 280)), int(rng.integers(30, 150)))
        cv2.ellipse(
            pixels, centre, (int(rng.integers(15, 40)), 14), float(rng.uniform(0, 180)), 0, 360, (170, 80, 75), -1
        )
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3.0), np.uint8)


def bannered(pixels: U8, kind: str, changed: bool) -> U8:
    """With an archive's words: on a strip, or half transparent; ``changed``: moved or of another size."""
    size, move = (1.08 if changed and "rescaled" in kind else 1.0), (16 if changed and "moved" in kind else 0)
    if "strip" in kind:
        pixels = pixels.copy()
        pixels[185:] = 205
    ink = np.zeros(pixels.shape[:2], np.uint8)
    for x, y, words, tall in ((8, 210, "ARCHIVE of skin", 0.9), (8, 232, "www.example.org/image/44", 0.6)):
        cv2.putText(ink, words, (x + move, y), 0, tall * size, 255, 2, cv2.LINE_AA)
    share = (ink / 255.0 * (1.0 if "strip" in kind else 0.6))[..., None]
    return np.clip(pixels * (1 - share) + 255 * share, 0, 255).astype(np.uint8)


# the pixels around a rescaled or half transparent print differ, so they pass for skin: not solved yet
UNSOLVED = [
    pytest.param(k, marks=pytest.mark.xfail(strict=True)) for k in ("logo moved", "strip rescaled", "logo rescaled")
]


@pytest.mark.parametrize("kind", ["strip", "logo", "strip moved", *UNSOLVED])
def test_one_banner_over_different_skin_is_no_lesion(kind: str) -> None:
    for seed in range(0, 12, 2):
        first, second = bannered(limb(seed), kind, False), bannered(limb(seed + 1), kind, True)
        found = align(looks.look(first), looks.look(second))
        assert found is None or scene_score(found) < 0.5


def test_photos_without_structure_are_told_apart_by_their_whole_frame(tmp_path: Path, photo_pixels: U8) -> None:
    other = np.ascontiguousarray(photo_pixels[:, :, [1, 2, 0]] // 2 + 60)
    found = find(
        examined(tmp_path, [photo_pixels, encode_jpeg(photo_pixels, 60), np.rot90(photo_pixels).copy(), other])
    )
    assert set(found["near_duplicate"]) == {0, 1, 2}


def test_equal_files_are_one_group_and_share_their_near_copies(tmp_path: Path) -> None:
    data = encode_jpeg(skin(1))
    found = find(examined(tmp_path, [data, data, np.rot90(skin(1)).copy(), skin(2)]))
    assert set(found["exact_duplicate"]) == {0, 1}
    assert set(found["near_duplicate"]) == {0, 1, 2}
    assert len({f.group for f in found["near_duplicate"].values()}) == 1


def test_the_copy_with_boxes_is_kept_and_else_the_largest(tmp_path: Path) -> None:
    small = np.asarray(cv2.resize(skin(1), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    photos = examined(tmp_path, [small, encode_jpeg(skin(1), 50), skin(1)])
    assert find(photos)["near_duplicate"][0].facts["best"] == 2
    boxed = replace(photos[0], photo=replace(photos[0].photo, boxes=("a box",)))  # type: ignore[arg-type]
    assert find([boxed, *photos[1:]])["near_duplicate"][1].facts["best"] == 0


def test_one_patient_under_two_codes_shows_by_a_photo_or_the_record(tmp_path: Path) -> None:
    record = {"age": 41, "sex": "female", "site": "elbow", "pathology": "Psoriasiform hyperplasia, Munro abscesses"}
    pictures = [skin(1), np.rot90(skin(1)).copy(), skin(2), skin(3), skin(4)]
    facts = [None, None, record, dict(record), {**record, "age": 42}]
    found = find(examined(tmp_path, pictures, patient=["P-1", "P-2", "P-3", "P-4", "P-5"], facts=facts))
    assert set(found["patient_duplicate"]) == {0, 1, 2, 3}
    assert found["patient_duplicate"][0].group == found["patient_duplicate"][1].group
    assert found["patient_duplicate"][2].group == found["patient_duplicate"][3].group
    assert not any("P-" in str(f) for findings in found.values() for f in findings.values())


def test_a_record_shared_by_one_patient_alone_is_no_finding(tmp_path: Path) -> None:
    record = {"age": 41, "sex": "female", "site": "elbow", "pathology": "Psoriasiform hyperplasia"}
    photos = examined(tmp_path, [skin(1), skin(2)], patient=["P-1", "P-1"], facts=[record, dict(record)])
    assert not any(find(photos).values())


def test_photos_of_a_recorded_lesion_belong_together(tmp_path: Path) -> None:
    photos = examined(
        tmp_path, [skin(1), skin(2), skin(3)], patient=["P-1", "P-1", "P-2"], lesion=["left", "left", "left"]
    )
    assert set(find(photos)["same_lesion"]) == {0, 1}


def test_what_was_compared_is_not_compared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = examined(tmp_path, [skin(1), np.rot90(skin(1)).copy(), another_shot(skin(1))])
    context = Context(load_pack())
    first = find(photos, context)
    assert context.pairs

    def never(*_: object) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr(duplicates, "align", never)
    assert find(photos, context) == first


def test_a_stop_keeps_what_was_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = examined(tmp_path, [np.rot90(skin(1), k).copy() for k in range(4)])
    monkeypatch.setattr(duplicates, "CHUNK", 2)

    def stop(done: int, whole: int) -> None:
        if done:
            raise Stopped

    context = Context(load_pack(), stop)
    with pytest.raises(Stopped):
        duplicates.find(photos, context)
    assert len(context.pairs) == 2


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    photos = examined(tmp_path, [skin(1), np.rot90(skin(1)).copy()])
    photos[1].photo.path.unlink()
    context = Context(load_pack())
    assert not find(photos, context)["near_duplicate"]
    assert not context.pairs, "it may come back"


links = st.lists(
    st.builds(
        lambda a, b, score: Link((min(a, b), max(a, b)), score),
        st.integers(0, 7),
        st.integers(8, 15),
        st.sampled_from([0.1, 0.3, 0.49, 0.5, 0.7, 1.0]),
    ),
    max_size=25,
)


@given(links, st.randoms())
def test_groups_do_not_depend_on_order_and_weak_links_tie_no_strong_groups(
    pairs: list[Link], chance: random.Random
) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    found = groups(pairs)
    assert [set(g) for g in found] == [set(g) for g in groups(shuffled)]
    where = {i: n for n, g in enumerate(found) for i in g}
    for link in pairs:
        assert set(link.pair) <= set(where)
        if link.score >= duplicates.STRONG:
            assert where[link.pair[0]] == where[link.pair[1]]
    strong = [link for link in pairs if link.score >= duplicates.STRONG]
    for apart in groups(strong):
        members = set(apart)
        others = {i for g in groups(strong) for i in g} - members
        assert where[min(members)] not in {where[i] for i in others}


@given(st.integers(0, 2**32 - 1))
def test_the_index_finds_what_shares_a_band(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 2**63, 6, dtype=np.uint64)
    codes = base[rng.integers(0, 6, 30)] ^ (np.uint64(1) << rng.integers(0, 63, 30).astype(np.uint64))
    owners = np.sort(rng.integers(0, 9, 30))
    pairs, counts = shared_codes(codes, owners)
    wanted: dict[tuple[int, int], int] = {}
    for i in range(30):
        for j in range(i + 1, 30):
            if owners[i] != owners[j] and int(codes[i] ^ codes[j]).bit_count() <= 2:  # two bits leave a band untouched
                pair = (int(owners[i]), int(owners[j]))
                wanted[pair] = wanted.get(pair, 0) + 1
    assert dict(zip(map(tuple, pairs.tolist()), counts.tolist(), strict=True)) == wanted


def test_the_index_of_nothing() -> None:
    pairs, counts = shared_codes(np.zeros(0, np.uint64), np.zeros(0, np.int64))
    assert pairs.shape == (0, 2)
    assert not len(counts)


def test_a_turned_or_mirrored_frame_shares_a_hash() -> None:
    from app.cleaning.subject import Subject

    def hashes(pixels: U8) -> set[int]:
        blob = likeness.examine(Subject("x", encode_jpeg(pixels, 98))).blob
        assert blob is not None
        return set(likeness.frame_hashes([blob])[0].tolist())

    picture = skin(5)
    own = hashes(picture)
    for turned in (np.rot90(picture), picture[:, ::-1], np.rot90(picture[::-1], 3)):
        others = hashes(np.ascontiguousarray(turned))
        assert min((a ^ b).bit_count() for a in own for b in others) <= 6


def test_mirrored_codes_are_those_of_the_mirrored_photo() -> None:
    grey = skin(3)[..., 1]
    _, codes = looks.keypoints(np.ascontiguousarray(grey), 100)
    _, others = looks.keypoints(np.ascontiguousarray(grey[:, ::-1]), 100)
    assert np.median((codes @ looks.mirrored_codes(others).T).max(1)) > 0.99


def test_many_photos_are_found_by_their_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MANY", 1)
    monkeypatch.setattr(duplicates, "FEW", 1)
    photos = examined(tmp_path, [skin(1), np.rot90(skin(1)).copy(), skin(2), skin(3)])
    blind = [replace(p, found={"likeness": p.found["likeness"]}) for p in photos]
    assert set(find(blind)["near_duplicate"]) == {0, 1}


def test_evidence_lays_one_photo_on_the_other_and_marks_what_differs() -> None:
    picture = skin(1)
    found = evidence(picture, np.ascontiguousarray(np.rot90(marked(picture)[20:220, 10:300])))
    assert found is not None
    assert found.first.shape == found.second.shape == picture.shape
    assert found.seen.mean() == pytest.approx(200 * 290 / (240 * 320), abs=0.01)
    ink = np.abs(marked(picture).astype(int) - picture).max(axis=2) > 40
    assert found.differs[ink & found.seen].mean() > 0.6
    assert found.differs[~cv2.dilate(ink.astype(np.uint8), np.ones((9, 9))).astype(bool)].mean() < 0.01
    again = evidence(picture, np.rot90(marked(picture)[20:220, 10:300]).copy(), found.alignment.as_json())
    assert again is not None
    assert np.abs(again.second.astype(int) - found.second).mean() < 0.1


def test_no_evidence_for_photos_that_have_nothing_in_common() -> None:
    assert evidence(skin(1), np.full((200, 200, 3), 128, np.uint8)) is None
