"""Packing: every usable image exactly once, every other one named with its reason."""

import io
import struct
import zipfile
import zlib

import imagehash
import numpy as np
import pandas as pd
import pytest
from conftest import jpeg
from PIL import Image

from lesionflow.duplicates import eight_hashes
from lesionflow.files import InputError
from lesionflow.images import SIDE, Images, grey_thumbnail, perceptual_hashes, shard_names
from lesionflow.packing import decode, pack


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it is `side` × `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


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
    images = Images(tmp_path)
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
        images = Images(source)
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
    table = pack(Images(tmp_path / "images.zip"), ["a", "b"], np.zeros((2, 32, 32, 3), np.uint8), threads=1)
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
        Images(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image file"):
        Images(tmp_path / "empty")
    with pytest.raises(InputError, match="neither a folder nor"):
        Images(tmp_path / "nothing.zip")
