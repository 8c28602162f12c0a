"""Reading the store, mixing synthetic images, augmenting batches."""

import hashlib
import json
import math
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lesionflow.data.shards import index_shards, open_pixels, read_shard, shard_files
from lesionflow.data.store import Samples, Store, open_store
from lesionflow.files import InputError, write_json
from lesionflow.training import batches as training_batches
from lesionflow.training.augmentation import Augmentation, augment, sampling_grid
from lesionflow.training.batches import batches


def make_store(tmp_path, n: int = 10, size: int = 6) -> tuple[Store, np.ndarray]:
    """Ten random images, in three shards and with their rows out of order."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    places = [(number % 3, number // 3) for number in range(n)]
    for shard in range(3):
        mine = [number for number, place in enumerate(places) if place[0] == shard]
        np.save(tmp_path / f"{shard:03d}.npy", pixels[mine])
    manifest = pd.DataFrame(
        {"image": [f"i{n}" for n in range(n)], "shard": [f"{s:03d}" for s, _ in places], "row": [r for _, r in places]}
    )
    return Store(manifest, {f"{shard:03d}": tmp_path / f"{shard:03d}.npy" for shard in range(3)}), pixels


def test_shards_are_read_as_one(tmp_path):
    store, pixels = make_store(tmp_path)
    order = np.array([3, 3, 9, 0, 7])
    assert (store.read(order) == pixels[order]).all()
    assert list(store.positions(pd.Series(["i4", "i0"]))) == [4, 0]


def packed_store(folder: Path) -> list[str]:
    """A manifest.csv and a store of two shards with tables and index; the shards' files."""
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 6, 3), dtype=np.uint8)
    tables = []
    for shard in range(2):
        np.save(folder / f"{shard:03d}.npy", pixels[shard])
        table = pd.DataFrame({"image": [f"i{shard}{row}" for row in range(5)], "row": range(5), "status": "ok"})
        table[["sha256", "phash"]] = "0"
        table["pixels"] = [hashlib.sha256(image).hexdigest() for image in pixels[shard]]
        table.to_csv(folder / f"{shard:03d}.csv", index=False)
        tables.append(table.assign(shard=f"{shard:03d}", label="A"))
    unknown = dict.fromkeys(["lesion", "patient", "group", "archive", "age", "sex", "site", "skin_tone"], "")
    manifest = pd.concat(tables)[["image", "label", "shard", "row"]].assign(**unknown, width=6, height=6)
    manifest.to_csv(folder / "manifest.csv", index=False)
    write_json(folder / "store.json", index_shards([str(folder / "000.csv"), str(folder / "001.csv")]))
    return [str(folder / "000.npy"), str(folder / "001.npy")]


def use(folder: Path) -> None:
    """As a training does: the images i10 and i14, which are the first and last of shard 001."""
    store = open_store(folder / "manifest.csv", shard_files(folder / "store.json"))
    Samples.from_list(store, pd.DataFrame({"label": ["A", "A"], "image": ["i14", "i10"]}), ["A"])


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


DAMAGES = [
    ("001.npy", rewrite(lambda data: data[: len(data) // 2])),
    ("001.npy", rewrite(lambda data: data[:-200] + bytes(200))),
    ("001.npy", rewrite(lambda data: data[:128] + bytes(len(data) - 128))),
    ("001.npy", rewrite(lambda data: bytes(len(data)))),
    ("001.npy", rewrite(lambda data: b"PK\3\4" + data)),
    ("001.npy", rewrite(lambda data: data[:20] + b"\xff" * 40 + data[60:])),
    ("001.npy", rewrite(lambda data: b"")),
    ("001.npy", Path.unlink),
    ("001.npy", lambda path: np.save(path, np.zeros((5, 6, 6), np.uint8))),
    ("001.npy", lambda path: np.save(path, np.zeros((5, 6, 6, 3), np.float32))),
    ("001.npy", lambda path: np.save(path, np.zeros((9, 6, 6, 3), np.uint8))),
    ("001.csv", rewrite(lambda data: data[: len(data) // 2])),
    ("001.csv", rewrite(lambda data: data[: data.rindex(b"\n", 0, -1) + 1])),
    ("001.csv", rewrite(lambda data: data.replace(b"ok", b"", 1))),
    ("001.csv", rewrite(lambda data: b"")),
    ("001.csv", rewrite(lambda data: bytes(len(data)))),
    ("001.csv", rewrite(lambda data: b"\xff\xfe" + data)),
    ("001.csv", rewrite(lambda data: data.replace(b"i10", b"i1x"))),
    ("001.csv", Path.unlink),
    ("store.json", rewrite(lambda data: data[: len(data) // 2])),
    ("store.json", rewrite(lambda data: b"\xff" * 9)),
    ("store.json", rewrite(lambda data: b"[]")),
    ("store.json", rewrite(lambda data: b"{}")),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_a_damaged_store_is_taken_away(tmp_path, monkeypatch, name, damage):
    monkeypatch.chdir(tmp_path)
    folder = Path("resources/store")
    packed_store(folder)
    use(folder)
    damage(folder / name)
    with pytest.raises(
        InputError, match=rf"{name.split('.')[0]}\.\w+ is damaged .*start the same command again"
    ) as error:
        use(folder)
    assert "\n" not in str(error.value)
    left = {path.name for path in folder.iterdir()}
    whole = {"000.npy", "000.csv", "manifest.csv"}
    assert left == (whole | {"001.npy", "001.csv"} if name == "store.json" else whole)


@pytest.mark.parametrize(("name", "damage"), [case for case in DAMAGES if case[0] == "001.csv"][:6])
def test_a_damaged_table_is_found_before_there_is_an_index(tmp_path, name, damage):
    folder = tmp_path / "store"
    packed_store(folder)
    damage(folder / name)
    with pytest.raises(InputError, match=r"001\.csv is damaged"):
        read_shard(folder / name)


def test_an_error_of_the_disk_takes_nothing_away(tmp_path, monkeypatch):
    first, _ = packed_store(tmp_path / "store")

    def broken(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "load", broken)
    with pytest.raises(PermissionError):
        open_pixels(first)
    assert Path(first).exists()


def test_images_that_are_not_used_are_not_verified(tmp_path):
    folder = tmp_path / "store"
    _, second = packed_store(folder)
    pixels = np.load(second, mmap_mode="r+")
    pixels[2] = 0
    pixels.flush()
    use(folder)


def test_a_damaged_copy_takes_the_original_away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    originals = packed_store(Path("resources/store"))
    copies = packed_store(tmp_path / "copies")
    Path(copies[1]).write_bytes(b"")
    with pytest.raises(InputError, match=r"store/001\.npy is damaged"):
        open_store("resources/store/manifest.csv", copies, originals)
    assert not Path(originals[1]).exists() and Path(copies[1]).exists()


def test_a_manifest_and_lists_fit_the_store(tmp_path):
    folder = tmp_path / "store"
    shards = packed_store(folder)
    with pytest.raises(InputError, match=r"manifest\.csv names images that were not packed"):
        open_store(folder / "manifest.csv", shards[:1])
    store = open_store(folder / "manifest.csv", shards)
    for column in ("image", "neighbour"):
        training = pd.DataFrame({"label": ["A"], "image": ["i00"], "neighbour": ["i01"], "weight": [0.5]})
        training[column] = "stranger"
        with pytest.raises(InputError, match=r"stranger .* not in manifest\.csv"):
            Samples.from_list(store, training, ["A"])
    assert list(json.loads((folder / "store.json").read_text())) == ["000", "001"]


def test_synthetic_images_are_mixed_from_their_parents(tmp_path):
    store, pixels = make_store(tmp_path)
    training = pd.DataFrame(
        {"label": ["A", "B", "B"], "image": ["i1", "i2", "i3"], "neighbour": [None, "i5", None], "weight": [0, 0.25, 0]}
    )
    images = Samples.from_list(store, training, ["A", "B"])
    batch = images.read(np.array([1, 0])).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(batch[0], 0.75 * pixels[2].astype(float) + 0.25 * pixels[5], atol=1e-3)
    assert (batch[1] == pixels[1]).all()
    assert list(images.label) == [0, 1, 1]
    real = images.read(np.array([0, 2]))
    assert real.dtype == torch.uint8 and real.is_contiguous(memory_format=torch.channels_last)


def test_pixels_that_stay_on_a_gpu_are_those_of_the_store(tmp_path, monkeypatch):
    """The GPU is pretended: its memory is this machine's, and has room for nine of these ten images."""
    store, _ = make_store(tmp_path)
    few = pd.DataFrame(
        {"label": "A", "image": ["i9", "i2", "i2"], "neighbour": [None, "i5", None], "weight": [0, 0.25, 0]}
    )
    free, empty, gpu = 4 * 9 * 6 * 6 * 3, torch.empty, types.SimpleNamespace(type="cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10 * free))
    monkeypatch.setattr(torch, "empty", lambda *shape, dtype, device: empty(*shape, dtype=dtype))
    monkeypatch.setattr(training_batches, "upload", lambda values, device: torch.from_numpy(values))
    images = Samples.from_list(store, few, ["A"])
    kept = training_batches.resident(images, gpu)
    rows_of = [np.array([2, 1, 0]), np.array([0, 2])]
    expected = [images.read(rows) for rows in rows_of]
    monkeypatch.setattr(Store, "read", None)
    for rows, pixels in zip(rows_of, expected, strict=True):
        torch.testing.assert_close(kept.read(rows), pixels, atol=0, rtol=0)
    assert training_batches.resident(images, torch.device("cpu")) is images
    everything = Samples.from_list(store, store.manifest.assign(label="A")[["label", "image"]], ["A"])
    assert training_batches.resident(everything, gpu) is everything


def test_batches_cover_the_order_once(tmp_path):
    store, pixels = make_store(tmp_path)
    images = Samples.from_list(store, pd.DataFrame({"label": ["A"] * 10, "image": [f"i{n}" for n in range(10)]}), ["A"])
    order = np.random.default_rng(1).permutation(10)
    seen = [batch.permute(0, 2, 3, 1).numpy() for batch, _ in batches(images, order, 4, torch.device("cpu"))]
    assert [len(batch) for batch in seen] == [4, 4, 2]
    assert (np.concatenate(seen) == pixels[order]).all()


def test_no_change_changes_nothing():
    pixels = 255 * torch.rand(2, 3, 8, 8)
    still = Augmentation(rotation=0, shift=0, zoom=(1, 1), flip=False, brightness=(1, 1))
    result = augment(pixels, *still.draw(2, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(result, pixels, atol=1e-3, rtol=0)


def test_each_change_alone():
    pixels = 255 * torch.rand(1, 3, 8, 8)
    eye = torch.eye(2)

    def warp(matrix: torch.Tensor, shift: tuple[float, float] = (0, 0), light: float = 1) -> torch.Tensor:
        affine = torch.cat([matrix, torch.tensor(shift)[:, None]], 1)[None].float()
        return augment(pixels, affine, torch.tensor([light]))

    close = {"atol": 1e-3, "rtol": 0}
    torch.testing.assert_close(warp(eye * torch.tensor([-1, 1])), pixels.flip(3), **close)
    quarter = torch.tensor([[0.0, -1], [1, 0]])  # output to input
    torch.testing.assert_close(warp(quarter), pixels.rot90(1, (2, 3)), **close)
    moved = warp(eye, (0.5, 0))  # a quarter of the side: two pixels of eight
    torch.testing.assert_close(moved[..., :6], pixels[..., 2:], **close)
    torch.testing.assert_close(moved[..., 6:], pixels[..., 7:].expand(-1, -1, -1, 2), **close)  # nearest edge
    torch.testing.assert_close(warp(eye, light=1.2), (pixels * 1.2).clamp(max=255), **close)


def test_draws_have_the_stated_distribution():
    ranges = Augmentation(rotation=30, shift=0.2, zoom=(0.55, 1.45), flip=True, brightness=(0.8, 1.2))
    affine, brightness = ranges.draw(20_000, torch.Generator().manual_seed(0))
    matrix = affine[:, :, :2]
    zoom = matrix.norm(dim=1)
    for axis in (0, 1):
        assert zoom[:, axis].min() >= 0.55 and zoom[:, axis].max() <= 1.45
        assert abs(zoom[:, axis].mean() - 1) < 0.01 and abs(zoom[:, axis].std() - 0.9 / math.sqrt(12)) < 0.005
    assert abs(torch.corrcoef(zoom.T)[0, 1]) < 0.03
    angle = torch.atan2(-matrix[:, 0, 1], matrix[:, 1, 1]) * 180 / math.pi
    assert angle.abs().max() <= 30 and abs(angle.std() - 60 / math.sqrt(12)) < 0.3
    assert abs((torch.linalg.det(matrix) < 0).float().mean() - 0.5) < 0.02  # mirrored
    shift = torch.linalg.solve(matrix / zoom[:, None], affine[:, :, 2])
    assert shift.abs().max() <= 0.4 + 1e-5 and abs(shift.std() - 0.8 / math.sqrt(12)) < 0.01
    assert brightness.min() >= 0.8 and brightness.max() <= 1.2 and abs(brightness.mean() - 1) < 0.005


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(2, 40), st.integers(2, 40))
def test_sampling_grid_is_pytorchs(seed, height, width):
    affine = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(seed))
    expected = F.affine_grid(affine, [3, 3, height, width], align_corners=False)
    assert torch.allclose(sampling_grid(affine, height, width), expected, atol=1e-5)
