"""Packing: every usable image exactly once, every other one named with its reason."""

import io
import os
import socket
import struct
import subprocess
import sys
import unicodedata
import warnings
import zipfile
import zlib
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY, jpeg
from PIL import Image, ImageOps

from lesionflow.data import images as images_module
from lesionflow.data import packing
from lesionflow.data.decoding import decode
from lesionflow.data.duplicates import eight_hashes
from lesionflow.data.images import SIDE, RawImages, grey_thumbnail, perceptual_hashes, shard_names
from lesionflow.data.packing import new_pixels, pack
from lesionflow.files import InputError, atomic_write
from lesionflow.lists import read_packed, write_table


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(image: Image.Image) -> bytes:
    return saved(image)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int | None = None, pixels: bytes = zlib.compress(b"\0"), before: bytes = b"") -> bytes:
    """A PNG of a few bytes that says it is `width` × `height` pixels; `before` are chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height or width, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def deflated_zeros(count: int, wbits: int = 15) -> bytes:
    """`count` zeros, a multiple of 16 MiB, deflated: one piece again and again. Raw where `wbits` is negative."""
    packer, step = zlib.compressobj(9, wbits=-15), 1 << 24
    piece = packer.compress(bytes(step)) + packer.flush(zlib.Z_FULL_FLUSH)
    raw = piece * (count // step) + zlib.compressobj(9, wbits=-15).flush()
    return raw if wbits < 0 else b"\x78\xda" + raw + struct.pack(">I", (count % 65521) << 16 | 1)


def zip_of_zeros(path: Path, count: int, declared: int) -> None:
    """A .zip with x.png of `count` zeros, that says it has `declared` bytes."""
    raw = deflated_zeros(count, -15)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.png", raw)
    data = bytearray(path.read_bytes())
    for start, method, size in ((data.find(b"PK\3\4"), 8, 22), (data.rfind(b"PK\1\2"), 10, 24)):
        struct.pack_into("<H", data, start + method, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", data, start + size, declared)
    path.write_bytes(data)


def progressive(side: int, marker: int = 0xC2, scans: int = 1) -> bytes:
    """A JPEG of some hundred bytes that says it is `side` × `side` pixels, with one component in each scan."""
    data = saved(Image.new("RGB", (16, 16)), "JPEG")
    tables, place = b"", 2
    while data[place + 1] != 0xDA:
        length = 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        tables += data[place : place + length] if data[place + 1] in (0xDB, 0xC4) else b""
        place += length
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 17, 8, side, side, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    scan = b"\xff\xda\0\x08\1\1\0\0" + (b"\0\0" if marker == 0xC2 else b"\x3f\0") + b"\0\0"
    return b"\xff\xd8" + tables + frame + scan * scans + b"\xff\xd9"


def tiff(tags: dict[int, tuple[int, int, int]], pixels: bytes = b"") -> bytes:
    """A little-endian TIFF of 8 × 8 grey pixels; `tags` add or change type, count and value (or place) of a tag."""
    start = 8
    plain = {256: (3, 1, 8), 257: (3, 1, 8), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
    tags = plain | {273: (4, 1, 0), 278: (3, 1, 8), 279: (4, 1, 64)} | tags
    end = start + 2 + 12 * len(tags) + 4
    tags[273] = (4, 1, end)
    entries = b"".join(struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags))
    return struct.pack("<2sHIH", b"II", 42, start, len(tags)) + entries + bytes(4) + (pixels or bytes(64))


def pack_all(source: Path | str, threads: int = 2) -> pd.DataFrame:
    """The table of all images of a folder or .zip, by image."""
    images = RawImages(source)
    names = shard_names(images, 0, 1)
    return pack(images, names, np.zeros((len(names), 32, 32, 3), np.uint8), threads).set_index("image")


def test_bad_images_are_named_and_the_rest_packed(tmp_path):
    random = np.random.default_rng(1)
    good = jpeg(random)
    contents = {
        "a.jpg": good,
        "b.jpg": good[: len(good) // 2],
        "c.jpg": b"no image",
        "d.png": bomb(20_000),
        "e.png": png(Image.new("RGBA", (40, 30), (10, 20, 30, 255))),
        "f.png": png(Image.new("L", (40, 30), 77)),
        "g.png": b"",
        "h.png": bomb(10_000),  # of which Pillow only warns
        "notes.txt": b"not looked at",
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    images = RawImages(tmp_path)
    names = shard_names(images, 0, 1)
    pixels = np.zeros((len(names), 32, 32, 3), np.uint8)
    table = pack(images, names, pixels, threads=2).set_index("image")
    assert names == list("abcdefgh")
    assert list(table.index[table["status"] == "ok"]) == ["a", "e", "f"]
    assert table.loc["b", "status"].startswith("cannot be decoded: ") and "truncated" in table.loc["b", "status"]
    assert table.loc["c", "status"] == "cannot be decoded: not an image in a known format"
    assert "bomb" in table.loc["d", "status"] and "bomb" in table.loc["h", "status"]
    assert (pixels[names.index("f")] == 77).all()
    assert (pixels[names.index("e")] == [10, 20, 30]).all()
    assert (table.loc["a", "width"], table.loc["a", "height"]) == (60, 45)


def test_zip_and_folder_pack_alike(tmp_path, raw):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for file in (raw / "images").iterdir():
            archive.write(file, f"ISIC/{file.name}")
    packed = []
    for source in (raw / "images", tmp_path / "images.zip"):
        images = RawImages(source)
        names = [name for shard in range(3) for name in shard_names(images, shard, 3)]
        pixels = np.zeros((len(names), 32, 32, 3), np.uint8)
        packed.append((pack(images, names, pixels, 2), pixels))
    assert packed[0][0].equals(packed[1][0]) and (packed[0][1] == packed[1][1]).all()
    assert packed[0][0]["image"].is_unique and len(packed[0][0]) == 96


def test_a_damaged_member_of_a_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for name in "ab":
            archive.writestr(f"{name}.jpg", jpeg(np.random.default_rng(1)))
    data = bytearray((tmp_path / "images.zip").read_bytes())
    data[500] ^= 255
    (tmp_path / "images.zip").write_bytes(data)
    table = pack(RawImages(tmp_path / "images.zip"), ["a", "b"], np.zeros((2, 32, 32, 3), np.uint8), threads=1)
    assert table["status"].tolist() == ["cannot be decoded: Bad CRC-32 for file 'a.jpg'", "ok"]


def test_scaled_decoding_is_close_to_the_full_quality_result():
    data = jpeg(np.random.default_rng(2), 1024, 768)
    fast, size = decode(data, 64)
    full = Image.open(io.BytesIO(data)).convert("RGB").resize((64, 64), Image.Resampling.BICUBIC)
    assert size == (1024, 768)
    assert np.abs(fast.astype(float) - np.asarray(full, float)).mean() <= 1


def test_hashes_are_those_of_imagehash():
    random = np.random.default_rng(4)
    thumbnails = np.concatenate(
        [random.integers(0, 256, (20, SIDE, SIDE), np.uint8), np.full((1, SIDE, SIDE), 7, np.uint8)]
    )
    expected = [str(imagehash.phash(Image.fromarray(grey))) for grey in thumbnails]
    assert [f"{bits:016x}" for bits in perceptual_hashes(thumbnails)] == expected


def test_the_hash_of_a_turned_image_is_near_one_of_the_eight():
    """A resize rounds between its two directions, and so a few bits may differ."""
    image = decode(jpeg(np.random.default_rng(3), 300, 300), 128)[0]
    turned = [np.rot90(way, turns) for way in (image, image.swapaxes(0, 1)) for turns in range(4)]
    upright = perceptual_hashes(np.stack([grey_thumbnail(np.ascontiguousarray(view)) for view in turned]))
    phash = pd.Series([f"{bits:016x}" for bits in upright])
    hashes = eight_hashes(phash, pd.Series(range(8)), lambda some: np.stack([turned[number] for number in some]))
    assert (np.bitwise_count(hashes[:, :1] ^ hashes[0]).min(axis=1) <= 4).all()
    assert (np.bitwise_count(hashes[0, 1:] ^ hashes[1:, 0]) <= 4).all()


def test_two_files_of_one_name_are_an_error(tmp_path):
    (tmp_path / "x").mkdir()
    for name in ("a.jpg", "x/a.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match="two images named a "):
        RawImages(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image file"):
        RawImages(tmp_path / "empty")
    with pytest.raises(InputError, match="neither a folder nor"):
        RawImages(tmp_path / "nothing.zip")
    (tmp_path / "half.zip").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(InputError, match=r"half\.zip is a damaged or incomplete \.zip"):
        RawImages(tmp_path / "half.zip")


def test_what_is_no_collection_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("a.jpg", b"")
        archive.writestr("a.jpg", b"")
    for name, message in (("pipe.zip", "neither a folder nor"), ("twice.zip", "two images named a ")):
        with pytest.raises(InputError, match=message):
            RawImages(tmp_path / name)


def eps() -> bytes:
    return saved(Image.new("RGB", (9, 9)), "EPS")


@pytest.mark.parametrize(
    ("name", "make", "status"),
    [
        ("fifo.jpg", os.mkfifo, "it is a pipe, a socket or a device"),
        (
            "socket.jpg",
            lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
            "it is a pipe, a socket or a device",
        ),
        ("zero.jpg", lambda path: path.symlink_to("/dev/zero"), "it is a pipe, a socket or a device"),
        ("gone.jpg", lambda path: path.symlink_to("nowhere"), "No such file or directory"),
        ("round.jpg", lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        ("folder.jpg", Path.mkdir, "it is a folder"),
        ("eps.jpg", lambda path: path.write_bytes(eps()), "not an image in a known format"),
        ("gif.jpg", lambda path: path.write_bytes(saved(Image.new("L", (9, 9)), "GIF")), "not an image in a known"),
        ("side.png", lambda path: path.write_bytes(bomb(70_000, 1)), "70000 × 1 pixels are too many"),
        ("scans.jpg", lambda path: path.write_bytes(progressive(64, scans=200)), "more than 100 scans"),
        ("parts.png", lambda path: path.write_bytes(bomb(8, before=chunk(b"aaAa", b"") * 200_001)), "200000 parts"),
        (
            "large.bmp",
            lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40),
            "larger than the limit of 150",
        ),
        ("int.tif", lambda path: path.write_bytes(saved(Image.new("I", (9, 9)), "TIFF")), "32-bit values"),
        ("float.tif", lambda path: path.write_bytes(saved(Image.new("F", (9, 9)), "TIFF")), "32-bit values"),
        ("size.tif", lambda path: path.write_bytes(tiff({257: (7, 1, 8)})), "dimensions"),
        ("cut.tif", lambda path: path.write_bytes(tiff({})[:40]), "its directory is truncated"),
        ("offsets.tif", lambda path: path.write_bytes(tiff({338: (3, 1 << 30, 8)})), "its directory is longer"),
    ],
)
def test_an_odd_file_has_its_reason_and_the_rest_is_packed(tmp_path, name, make, status):
    (tmp_path / "good.jpg").write_bytes(jpeg(np.random.default_rng(1)))
    make(tmp_path / name)
    table = pack_all(tmp_path)
    assert table.loc["good", "status"] == "ok" and len(table) == 2
    assert table.drop(index="good")["status"].iloc[0].startswith("cannot be decoded: ")
    assert status in table.drop(index="good")["status"].iloc[0]


@pytest.mark.parametrize("error", [EOFError(), MemoryError(), subprocess.CalledProcessError(1, ["gs"]), KeyError("x")])
def test_whatever_a_decoder_raises_concerns_one_image(tmp_path, monkeypatch, error):
    for name in "ab":
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(np.random.default_rng(1)))
    answers = iter([error, None])

    def decode_or_fail(*arguments):
        answer = next(answers)
        if answer:
            raise answer
        return decode(*arguments)

    monkeypatch.setattr(packing, "decode", decode_or_fail)
    table = pack_all(tmp_path, threads=1)
    assert table["status"].str.startswith("cannot be decoded: ").tolist() == [True, False]

    answers = iter([KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        pack_all(tmp_path, threads=1)


def damage(path: Path, start: int) -> None:
    data = bytearray(path.read_bytes())
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)


def lengthen(path: Path) -> None:
    """Let the first member end later than the file does."""
    data = bytearray(path.read_bytes())
    for size in (20, 24):
        struct.pack_into("<I", data, data.find(b"PK\1\2") + size, 100_000)
    path.write_bytes(data)


def encrypt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start, flags in ((data.find(b"PK\3\4"), 6), (data.find(b"PK\1\2"), 8)):
        data[start + flags] |= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("compression", "change", "status"),
    [
        (zipfile.ZIP_LZMA, lambda path: damage(path, 200), "Corrupt input data"),
        (zipfile.ZIP_DEFLATED, lambda path: damage(path, 200), "Error -3|Bad CRC-32"),
        (zipfile.ZIP_STORED, lengthen, "EOFError|Overlapped|Bad CRC-32"),
        (zipfile.ZIP_STORED, encrypt, "encrypted"),
        (zipfile.ZIP_BZIP2, lambda path: None, "its compression is not supported"),
    ],
)
def test_an_odd_member_of_a_zip_has_its_reason(tmp_path, compression, change, status):
    path, good = tmp_path / "images.zip", jpeg(np.random.default_rng(1))
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a.jpg", good)
        archive.writestr("b.jpg", good, zipfile.ZIP_LZMA)
        archive.writestr("c.jpg/", b"")
    change(path)
    table = pack_all(path)
    assert table.loc["a":"b", "status"].str.match(f"cannot be decoded: .*({status})").tolist() == [True, False]
    assert table.loc["b":"c", "status"].tolist() == ["ok", "cannot be decoded: it is a folder"]


def test_no_file_takes_the_machines_memory(tmp_path):
    """Each is a few kilobytes or megabytes; what all take more than a photograph is measured in a process."""
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 2600)
    exif += b"".join(struct.pack("<HHII", tag + 1, 7, 32_000, 100) for tag in range(2600))
    exif += bytes(65_533 - len(exif))
    photograph, zeros = jpeg(np.random.default_rng(1), 1024, 768), 1 << 28
    files = {
        "a.jpg": progressive(30_000),
        "b.jpg": progressive(9_400),
        "c.jpg": progressive(9_400, 0xC0),  # sequential, but one component after the other
        "d.png": bomb(9_400, pixels=deflated_zeros(zeros)),
        "e.png": bomb(8_000, pixels=deflated_zeros(zeros)),  # is allowed
        "f.png": bomb(9, before=chunk(b"zTXt", b"a\0\0" + deflated_zeros(1 << 30))),
        "g.png": bomb(9, before=chunk(b"iCCP", b"a\0\0" + deflated_zeros(1 << 30))),
        "h.tif": tiff({tag: (5, 1_000_000, 200) for tag in range(50_000, 50_500)}, bytes(8_000_000)),
        "i.tif": tiff({322: (4, 1, 32_000), 323: (4, 1, 32_000), 259: (3, 1, 8)}, deflated_zeros(1 << 30)),
        "j.jpg": photograph[:2] + (b"\xff\xe1\xff\xff" + exif) * 200 + photograph[2:],
    }
    for name, data in files.items():
        (tmp_path / "hostile").mkdir(exist_ok=True)
        (tmp_path / "hostile" / name).write_bytes(data)
    (tmp_path / "normal").mkdir()
    (tmp_path / "normal/x.jpg").write_bytes(photograph)
    zip_of_zeros(tmp_path / "honest.zip", 3 << 30, 3 << 30)
    zip_of_zeros(tmp_path / "lying.zip", 3 << 30, 100_000)
    program = f"""
import resource, sys
sys.path[:0] = [{str(REPOSITORY / "workflow/scripts")!r}, {str(REPOSITORY / "tests")!r}]
from test_images import pack_all
for source in ("normal", "honest.zip", "lying.zip", "hostile"):
    print(*pack_all({str(tmp_path)!r} + "/" + source)["status"], sep="\\n", file=sys.stderr)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    peaks = [int(line) for line in done.stdout.split()]
    assert max(peaks) - peaks[0] < 300, (peaks, done.stderr)


def grey_tiff(values: np.ndarray, order: str, bits: int = 16, white_is_zero: bool = False) -> bytes:
    pixels = values.astype(f"{order}u2").tobytes()
    tags = {258: (3, 1, bits), 262: (3, 1, 0 if white_is_zero else 1), 279: (4, 1, len(pixels))}
    return tiff(tags, pixels)


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda grey: saved(Image.fromarray(grey.astype(np.uint16) * 257)),
        lambda grey: saved(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF"),
        lambda grey: saved(Image.fromarray((grey.astype(np.uint16) * 257).astype(">u2")), "TIFF"),
        lambda grey: grey_tiff(grey.astype(np.uint16) * 257, "<"),
        lambda grey: grey_tiff(65_535 - grey.astype(np.uint16) * 257, "<", white_is_zero=True),
    ],
)
def test_grey_of_16_bits_is_scaled(make, nearest):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    expected = decode(saved(Image.fromarray(grey)), 8, nearest)[0]
    assert (decode(make(grey), 8, nearest)[0] == expected).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_mode_has_the_colours_that_pillow_gives_it(mode):
    picture = Image.open(io.BytesIO(jpeg(np.random.default_rng(5)))).convert(mode)
    data = saved(picture, "TIFF" if mode == "CMYK" else "PNG")
    expected = np.asarray(picture.convert("RGB").resize((16, 16), Image.Resampling.NEAREST))
    assert (decode(data, 16, nearest=True)[0] == expected).all()


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "MPO"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_they_are_displayed(orientation, kind, nearest):
    picture = Image.open(io.BytesIO(jpeg(np.random.default_rng(6), 101, 67)))
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(picture, kind, exif=exif, **{"quality": 95} if kind in ("JPEG", "MPO") else {})
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    expected, _ = decode(saved(upright), 32, nearest)
    pixels, size = decode(data, 32, nearest)
    assert size == upright.size
    assert np.abs(pixels.astype(float) - expected).mean() < 4  # turned otherwise: more than 40


def test_a_damaged_exif_block_turns_nothing():
    data = jpeg(np.random.default_rng(6))
    block = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12"
    odd = data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block + data[2:]
    assert (decode(odd, 32)[0] == decode(data, 32)[0]).all()


def test_files_that_are_not_read_are_known(tmp_path):
    for name in (
        "a.jpg",
        "b.webp",
        "c.HEIC",
        "sub/d.dcm",
        "noending",
        "labels.csv",
        "Thumbs.db",
        ".DS_Store",
        "._a.jpg",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    images = RawImages(tmp_path)
    assert list(images.files) == ["a"]
    assert sorted(images.unread) == ["b.webp", "c.HEIC", "noending", "sub/d.dcm"]
    assert images.unread["b.webp"] == "b.webp is not read, as files ending in .webp are not: convert it to JPEG or PNG."
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(InputError, match=r"no image file .* b.webp is not read"):
        RawImages(tmp_path)


def test_folders_that_are_links_are_searched_once(tmp_path):
    for name in ("images/a.jpg", "images/real/b.jpg", "elsewhere/c.jpg", "beside.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for link, target in (("far", "../elsewhere"), ("again", "real"), ("up", ".."), ("self", "."), ("root", "/")):
        (tmp_path / "images" / link).symlink_to(target)
    (tmp_path / "elsewhere/back").symlink_to("../images")
    assert sorted(RawImages(tmp_path / "images").files) == ["a", "b", "c"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"")
    scandir = os.scandir

    def refuse(path):  # root may list everything
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "cannot be listed (Permission denied)" in RawImages(tmp_path).unread["locked"]


def test_names_that_are_not_utf8_stay_apart_and_fit_a_csv(tmp_path):
    data = jpeg(np.random.default_rng(1))
    for name in (b"caf\xe9.jpg", b"ob\xff.jpg", "é.jpg".encode(), b"line\rone\ntwo.jpg"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(data)
    table = pack_all(tmp_path)
    assert (table["status"] == "ok").all()
    write_table(tmp_path / "table.csv", table.reset_index())
    assert list(read_packed(tmp_path / "table.csv")["image"]) == ["caf\\xe9", "line\rone\ntwo", "ob\\xff", "é"]


def test_names_that_look_the_same_are_an_error(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / f"{unicodedata.normalize(form, 'é')}.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="two images named"):
        RawImages(tmp_path)


def test_a_full_disk_is_an_error_before_anything_is_packed(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"), atomic_write(tmp_path / "000.npy") as path:
        new_pixels(path, 3, 32)
    assert not list(tmp_path.iterdir())


def test_the_disk_space_of_a_shard_is_reserved(tmp_path):
    pixels = new_pixels(tmp_path / "000.npy", 10, 64)
    assert pixels.shape == (10, 64, 64, 3) and not pixels.any()
    assert (tmp_path / "000.npy").stat().st_blocks * 512 >= pixels.nbytes


def test_more_bytes_than_a_file_may_have_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(images_module, "MAX_BYTES", 1000)
    (tmp_path / "a.jpg").write_bytes(bytes(1000))
    (tmp_path / "b.jpg").write_bytes(bytes(1001))
    images = RawImages(tmp_path)
    assert len(images.read("a")) == 1000
    with pytest.raises(ValueError, match="larger than the limit"):
        images.read("b")
