"""Every format that a doctor's photo may come in, and every way in which it may be broken."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from app.common import images
from app.common.errors import UserError
from app.common.image_decoding import is_whole_jpeg
from app.common.image_headers import jpeg_bytes
from app.common.images import Photo, encode_jpeg, is_synthetic, photo_size, read_photo

Pixels = NDArray[np.uint8]
ORIENTATION = 0x0112


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.copy().save(out, kind, **options)  # a picture saved before keeps that encoder's settings
    return out.getvalue()


def with_orientation(pixels: Pixels, kind: str, orientation: int) -> bytes:
    """A file that shows ``pixels`` once a reader has obeyed its orientation."""
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # Pillow's transpositions
    picture = Image.fromarray(pixels)
    if undo is not None:
        picture = picture.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if kind == "HEIF":  # the encoder writes HEIF's own turn from this, and EXIF is not obeyed there by the standard
        picture.info["exif"] = exif.tobytes()
        return saved(picture, kind, quality=95)
    return saved(picture, kind, exif=exif, **({"quality": 95} if kind in ("JPEG", "WEBP") else {}))


def close(photo: Photo, pixels: Pixels, tolerance: float = 4.0) -> bool:
    """Shape, and the worst channel's mean error over the picture and in each quarter."""
    if photo.pixels.shape != pixels.shape or photo.pixels.dtype != np.uint8:
        return False
    error = np.abs(photo.pixels.astype(int) - pixels.astype(int))
    h, w = pixels.shape[0] // 2, pixels.shape[1] // 2
    quarters = (error[:h, :w], error[:h, w:], error[h:, :w], error[h:, w:])
    return bool(max(q.mean(axis=(0, 1)).max() for q in quarters) <= tolerance)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(photo_pixels: Pixels, kind: str, orientation: int) -> None:
    data = with_orientation(photo_pixels, kind, orientation)
    photo = read_photo(data)
    assert close(photo, photo_pixels)
    assert (photo.width, photo.height) == photo_size(data) == (160, 120)
    assert photo.pixels.flags["C_CONTIGUOUS"]
    assert photo.scale == 1
    assert photo.warnings == ()


def test_the_test_files_agree_with_pillows_own_reading(photo_pixels: Pixels) -> None:
    for orientation in range(1, 9):
        picture = Image.open(io.BytesIO(with_orientation(photo_pixels, "PNG", orientation)))
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(picture)), photo_pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_photo_is_upright_too(photo_pixels: Pixels, orientation: int) -> None:
    photo = read_photo(with_orientation(photo_pixels, "JPEG", orientation), short_side=30)
    small = np.asarray(Image.fromarray(photo_pixels).resize((40, 30), Image.Resampling.BOX))
    assert close(photo, small, 6)
    assert (photo.width, photo.height, photo.scale) == (160, 120, 0.25)


@given(width=st.integers(1, 300), height=st.integers(1, 300), short_side=st.integers(1, 400))
def test_reduced_decoding_keeps_what_was_asked_for(width: int, height: int, short_side: int) -> None:
    photo = read_photo(encode_jpeg(np.full((height, width, 3), 90, np.uint8)), short_side)
    assert (photo.width, photo.height) == (width, height)
    held = min(photo.pixels.shape[:2])
    assert held >= min(short_side, width, height)
    assert held < 2 * short_side + 2 or held == min(width, height) or held > 8 * short_side - 8


def colour_kinds(pixels: Pixels) -> dict[str, tuple[bytes, Pixels, tuple[str, ...]]]:
    """name: (file, what must be seen, warnings)."""
    picture = Image.fromarray(pixels)
    grey = picture.convert("L")
    grey_seen = np.repeat(np.asarray(grey)[..., None], 3, axis=2)
    deep = np.asarray(grey).astype(np.uint16) * 257
    palette = picture.quantize(256)
    palette_seen = np.asarray(palette.convert("RGB"))
    veil = Image.fromarray(np.tile(np.linspace(0, 255, 160).astype(np.uint8), (120, 1)))
    veiled = picture.copy()
    veiled.putalpha(veil)
    share = np.asarray(veil)[..., None] / 255
    veiled_seen = np.round(pixels * share + 255 * (1 - share)).astype(np.uint8)
    hole = palette.copy()
    hole.info["transparency"] = 0
    hole_seen = np.where(np.asarray(palette)[..., None] == 0, 255, palette_seen).astype(np.uint8)
    cut = ("photo_transparent",)
    return {
        "jpeg grey": (saved(grey, "JPEG", quality=95), grey_seen, ()),
        "jpeg progressive": (saved(picture, "JPEG", quality=95, progressive=True), pixels, ()),
        "jpeg 4:4:4": (saved(picture, "JPEG", quality=95, subsampling=0), pixels, ()),
        "jpeg restart markers": (saved(picture, "JPEG", quality=95, restart_marker_blocks=1), pixels, ()),
        "jpeg cmyk": (saved(picture.convert("CMYK"), "JPEG", quality=95), pixels, ("photo_cmyk",)),
        "jpeg with a thumbnail": (jpeg_with_thumbnail(pixels), pixels, ()),
        "jpeg with something behind it": (saved(picture, "JPEG", quality=95) + b"\xff\x00trailer", pixels, ()),
        "png": (saved(picture, "PNG"), pixels, ()),
        "png grey": (saved(grey, "PNG"), grey_seen, ()),
        "png 16-bit grey": (saved(Image.fromarray(deep), "PNG"), grey_seen, ()),
        "png 16-bit": (png_16_bit(pixels), pixels, ()),
        "png two colours": (saved(grey.point(lambda v: 255 * (v > 99)).convert("1"), "PNG"), two_tone(grey_seen), ()),
        "png palette": (saved(palette, "PNG"), palette_seen, ()),
        "png palette with a hole": (saved(hole, "PNG", transparency=0), hole_seen, cut),
        "png alpha": (saved(veiled, "PNG"), veiled_seen, cut),
        "png grey alpha": (saved(veiled.convert("LA"), "PNG"), grey_veiled(grey_seen, share), cut),
        "tiff": (saved(picture, "TIFF"), pixels, ()),
        "tiff lzw": (saved(picture, "TIFF", compression="tiff_lzw"), pixels, ()),
        "tiff 16-bit grey": (saved(Image.fromarray(deep), "TIFF"), grey_seen, ()),
        "tiff cmyk": (saved(picture.convert("CMYK"), "TIFF"), pixels, ("photo_cmyk",)),
        "tiff of two pages": (saved(picture, "TIFF", save_all=True, append_images=[grey]), pixels, ("photo_several",)),
        "bmp": (saved(picture, "BMP"), pixels, ()),
        "bmp palette": (saved(palette, "BMP"), palette_seen, ()),
        "webp": (saved(picture, "WEBP", quality=95), pixels, ()),
        "webp lossless alpha": (saved(veiled, "WEBP", lossless=True, exact=True), veiled_seen, cut),
        "heic": (saved(picture, "HEIF", quality=95), pixels, ()),
        "heic alpha": (saved(veiled, "HEIF", quality=95), veiled_seen, cut),
    }


def two_tone(grey: Pixels) -> Pixels:
    return (255 * (grey > 99)).astype(np.uint8)


def grey_veiled(grey: Pixels, share: NDArray[np.float64]) -> Pixels:
    return np.round(grey * share + 255 * (1 - share)).astype(np.uint8)


def jpeg_with_thumbnail(pixels: Pixels) -> bytes:
    """A camera's JPEG: its APP1 segment holds a whole small JPEG with an end marker of its own."""
    data, thumbnail = encode_jpeg(pixels), encode_jpeg(pixels[::8, ::8].copy())
    segment = b"Thumb\0" + thumbnail
    return data[:2] + b"\xff\xe5" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_16_bit(pixels: Pixels) -> bytes:
    height, width = pixels.shape[:2]
    deep = (pixels.astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_every_kind_of_colour(photo_pixels: Pixels) -> None:
    wrong = {}
    for name, (data, seen, warnings) in colour_kinds(photo_pixels).items():
        photo = read_photo(data)
        if not close(photo, seen) or photo.warnings != warnings or photo_size(data) != (160, 120):
            wrong[name] = (photo.pixels.shape, photo.warnings)
    assert wrong == {}


@pytest.mark.parametrize("channels", [3, 4])
def test_deep_tiffs(photo_pixels: Pixels, channels: int) -> None:
    tifffile = pytest.importorskip("tifffile")
    opaque = np.full((120, 160, 1), 255, np.uint8)
    deep = np.concatenate([photo_pixels, opaque], axis=2)[..., :channels].astype(np.uint16) * 257
    out = io.BytesIO()
    tifffile.imwrite(out, deep, photometric="rgb", extrasamples=["unassalpha"] if channels == 4 else None)
    assert close(read_photo(out.getvalue()), photo_pixels)


def test_a_reduced_jpeg_is_quicker_than_a_whole_one() -> None:
    rng = np.random.default_rng(0)
    data = encode_jpeg(rng.integers(0, 255, (1500, 2000, 3), np.uint8))

    def seconds(short_side: int | None) -> float:
        starts = []
        for _ in range(3):
            start = time.perf_counter()
            read_photo(data, short_side)
            starts.append(time.perf_counter() - start)
        return min(starts)

    assert seconds(180) < seconds(None)


def profile_with_red_and_green_swapped() -> bytes:
    """sRGB's own profile, but for two primaries: what is stored as red is meant green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    places = {}
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        places[bytes(profile[at : at + 4])] = at
    red, green = (bytes(profile[places[tag] + 4 : places[tag] + 12]) for tag in (b"rXYZ", b"gXYZ"))
    profile[places[b"rXYZ"] + 4 : places[b"rXYZ"] + 12] = green
    profile[places[b"gXYZ"] + 4 : places[b"gXYZ"] + 12] = red
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF"])
def test_a_cameras_colour_profile_is_obeyed(photo_pixels: Pixels, kind: str) -> None:
    stored = Image.fromarray(photo_pixels[..., [1, 0, 2]])
    options = {"quality": 95} if kind in ("JPEG", "WEBP", "HEIF") else {}
    data = saved(stored, kind, icc_profile=profile_with_red_and_green_swapped(), **options)
    assert close(read_photo(data), photo_pixels, 5)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_srgbs_own_profile_and_damaged_ones_change_nothing(photo_pixels: Pixels, kind: str) -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.fromarray(photo_pixels)
    plain = read_photo(saved(picture, kind)).pixels
    for profile in (own, own[:200], b"garbage", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()):
        assert np.array_equal(read_photo(saved(picture, kind, icc_profile=profile)).pixels, plain)


def test_originals_are_not_touched(photo_file: Path) -> None:
    before = (photo_file.read_bytes(), photo_file.stat().st_mtime_ns)
    read_photo(photo_file)
    photo_size(photo_file)
    assert (photo_file.read_bytes(), photo_file.stat().st_mtime_ns) == before


def test_a_path_in_chinese_with_space_and_emoji(photo_file: Path, photo_pixels: Pixels) -> None:
    assert close(read_photo(photo_file), photo_pixels)
    assert photo_size(photo_file) == (160, 120)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_exif_does_not_cost_the_photo(photo_pixels: Pixels) -> None:
    data = encode_jpeg(photo_pixels)
    segment = b"Exif\0\0MM\0*\xff\xff\xff\xff garbage"
    broken = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]
    assert close(read_photo(broken), photo_pixels)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_out_of_range_counts_as_none(photo_pixels: Pixels, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert close(read_photo(saved(Image.fromarray(photo_pixels), "JPEG", exif=exif, quality=95)), photo_pixels)


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        action()
    assert caught.value.what
    assert caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "HEIF"])
def test_a_truncated_file_is_never_half_a_photo(photo_pixels: Pixels, kind: str) -> None:
    data = saved(Image.fromarray(photo_pixels), kind)
    for share in (0.5, 0.9, 0.99):
        assert code_of(lambda share=share: read_photo(data[: int(len(data) * share)])) in (
            "image_truncated",
            "not_an_image",
        ), f"{kind} {share}"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
def test_a_jpeg_cut_anywhere_in_its_scan_is_truncated(photo_pixels: Pixels, options: dict[str, object]) -> None:
    data = saved(Image.fromarray(photo_pixels), "JPEG", quality=95, **options)
    assert is_whole_jpeg(data)
    start = data.index(b"\xff\xda")
    for end in range(start + 20, len(data), 37):
        assert code_of(lambda end=end: read_photo(data[:end])) == "image_truncated"
        zeros = bytes(len(data) - end)  # an interrupted copy: the length is there, the content is not
        assert code_of(lambda end=end, zeros=zeros: read_photo(data[:end] + zeros)) == "image_truncated"


def test_a_jpeg_that_breaks_off_may_be_looked_at(photo_pixels: Pixels) -> None:
    data = encode_jpeg(photo_pixels)
    photo = read_photo(data[: len(data) * 9 // 10], broken_too=True)
    assert photo.warnings == ("photo_truncated",)
    assert photo.pixels.shape == photo_pixels.shape
    assert (photo.pixels[-1, -1] == 128).all()
    assert np.abs(photo.pixels[:16].astype(int) - photo_pixels[:16]).mean() < 10
    assert read_photo(data, broken_too=True).warnings == ()
    assert code_of(lambda: read_photo(data[:100], broken_too=True)) == "image_truncated"


def test_a_truncated_jpeg_with_a_thumbnail_is_not_mistaken_for_whole(photo_pixels: Pixels) -> None:
    data = jpeg_with_thumbnail(photo_pixels)
    assert code_of(lambda: read_photo(data[: len(data) - 200])) == "image_truncated"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.binary(max_size=300))
def test_any_bytes_are_a_photo_or_an_answer(data: bytes) -> None:
    with pytest.raises(UserError):
        read_photo(data)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.data())
def test_any_damage_is_a_photo_or_an_answer(data: st.DataObject) -> None:
    pixels = np.arange(24 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(24, 32, 3)
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "TIFF", "BMP", "WEBP", "HEIF"]))
    whole = bytearray(saved(Image.fromarray(pixels), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UserError):
        photo = read_photo(bytes(whole))
        assert photo.pixels.shape == (photo.height, photo.width, 3)


def test_what_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("This is a letter, not a photo.\n" * 50)
    (tmp_path / "folder.jpg").mkdir()
    for name, code in {
        "empty.jpg": "file_empty",
        "text.jpg": "not_an_image",
        "folder.jpg": "file_unreadable",
        "missing.jpg": "file_missing",
    }.items():
        assert code_of(lambda name=name: read_photo(tmp_path / name)) == code
        assert code_of(lambda name=name: photo_size(tmp_path / name)) == code


def test_bytes_have_a_name_too() -> None:
    with pytest.raises(UserError) as caught:
        read_photo(b"")
    assert "photo" in caught.value.what


def test_a_png_may_say_behind_its_pixels_how_it_is_turned(photo_pixels: Pixels) -> None:
    data = with_orientation(photo_pixels, "PNG", 6)
    start = data.index(b"eXIf") - 4
    end = start + int.from_bytes(data[start : start + 4], "big") + 12
    last = data.index(b"IEND") - 4
    late = data[:start] + data[end:last] + data[start:end] + data[last:]
    assert photo_size(late) == photo_size(data) == photo_pixels.shape[1::-1]
    assert (read_photo(late).pixels == read_photo(data).pixels).all()


def test_a_huge_png_is_refused_by_its_header(tmp_path: Path) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    file = tmp_path / "bomb.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1000))))
    assert code_of(lambda: read_photo(file)) == "image_too_large"
    with pytest.raises(UserError) as caught:
        photo_size(file)
    assert "60000 × 60000" in caught.value.what
    assert "250 million" in caught.value.what


def test_a_file_beyond_the_limit_is_not_read(photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_BYTES", 100)
    assert code_of(lambda: read_photo(photo_file)) == "file_too_large"


def test_no_right_to_read(photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    assert code_of(lambda: read_photo(photo_file)) == "file_unreadable"
    assert code_of(lambda: photo_size(photo_file)) == "file_unreadable"


def test_synthetic_photos_say_so(photo_pixels: Pixels, tmp_path: Path) -> None:
    file = tmp_path / "phantom.jpg"
    file.write_bytes(encode_jpeg(photo_pixels, software="Squama phantom A 1"))
    assert is_synthetic(file)
    assert is_synthetic(file.read_bytes())
    assert not is_synthetic(encode_jpeg(photo_pixels))
    assert not is_synthetic(encode_jpeg(photo_pixels, software="GIMP"))
    assert close(read_photo(file), photo_pixels)


def test_a_phantom_says_that_it_is_one(phantom_file: Path) -> None:
    assert is_synthetic(phantom_file)
    assert photo_size(phantom_file) == (400, 300)


def test_quality_is_the_callers(photo_pixels: Pixels) -> None:
    assert len(jpeg_bytes(photo_pixels, 50, None)) < len(encode_jpeg(photo_pixels)) < len(encode_jpeg(photo_pixels, 99))


def test_real_photos_all_read(shared_data: Path) -> None:
    files = list(images.walk_photos([shared_data / "clinical_sample"]))
    assert len(files) == 67
    for file in files[::7]:
        photo = read_photo(file, short_side=64)
        assert photo.pixels.std() > 5
        assert photo_size(file) == (photo.width, photo.height)
