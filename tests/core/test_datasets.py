"""Data sets: sources of every kind, what cannot be one, and how they are kept."""

import gzip
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processing.core.datasets.manifest import FILE
from processing.core.datasets.prepared import Prepared
from processing.core.datasets.shapes import SHAPES, ShapesParameters
from processing.core.datasets.source import SourceRefused, Split
from processing.core.datasets.splitting import put_aside
from processing.core.datasets.store import Store, Wanted
from processing.core.errors import Broken

RNG = np.random.default_rng(1)


def quiet(part: float, what: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "datasets")


def pixels(number: int, *shape: int) -> Any:
    return RNG.integers(0, 256, (number, *shape), np.uint8)


def image_folder(folder: Path, number: int = 8, size: tuple[int, int] = (6, 5), mode: str = "RGB") -> Path:
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for place in range(number):
            shape = (*size, 3) if mode == "RGB" else size
            Image.fromarray(pixels(1, *shape)[0]).save(folder / name / f"{place}.png")
    return folder


def idx_folder(folder: Path, number: int = 40, *, packed: bool = False) -> Path:
    folder.mkdir(parents=True)
    for prefix in ("train", "t10k"):
        images, labels = pixels(number, 4, 4), (np.arange(number) % 4).astype(np.uint8)
        for name, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            data = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
            path = folder / f"{prefix}-{name}{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(data) if packed else data)
    return folder


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def labels(number: int, classes: int = 2) -> Any:
    return np.arange(number) % classes


def refusal(store: Store, source: Path | str, **options: Any) -> str:
    with pytest.raises(SourceRefused) as refused:
        store.add("pets", str(source), progress=quiet, **options)
    assert "pets" not in store.names()
    assert [*store.folder.glob("*"), *store.folder.glob(".*")] == []
    return "\n".join(refused.value.faults)


def test_a_folder_of_images_becomes_a_data_set(store: Store, tmp_path: Path) -> None:
    image_folder(tmp_path / "pets", number=20)
    manifest = store.add("pets", str(tmp_path / "pets"), licence="CC0", progress=quiet)
    found = store.open("pets")
    assert (manifest.shape, manifest.classes, manifest.licence) == ((3, 6, 5), ("cat", "dog"), "CC0")
    assert {split: len(each) for split, each in found.images.items()} == {Split.TRAIN: 34, Split.TEST: 6}
    assert manifest.splits[Split.TEST].counts == (3, 3)
    assert found.is_intact()
    first = np.asarray(Image.open(tmp_path / "pets" / "cat" / "0.png")).transpose(2, 0, 1)
    both = np.concatenate(list(found.images.values()))
    assert (both == first).all(axis=(1, 2, 3)).sum() == 1


def test_what_is_put_aside_depends_on_the_images_alone(store: Store, tmp_path: Path) -> None:
    images, classes = pixels(60, 4, 4), labels(60, 3)
    order = RNG.permutation(60)
    one = npz(tmp_path / "1.npz", images=images, labels=classes)
    two = npz(tmp_path / "2.npz", images=images[order], labels=classes[order])
    for name, path in (("one", one), ("two", two)):
        store.add(name, str(path), progress=quiet)

    def tested(name: str) -> set[bytes]:
        return {image.tobytes() for image in store.open(name).images[Split.TEST]}

    assert tested("one") == tested("two")
    assert len(tested("one")) == 9


def test_the_same_share_of_each_class_is_put_aside() -> None:
    hashes = RNG.integers(0, 256, (1_797, 32), np.uint8)
    classes = RNG.integers(0, 10, 1_797).astype(np.uint16)
    chosen = put_aside(classes, hashes, 360)
    assert len(chosen) == len(set(chosen.tolist())) == 360
    exact = np.bincount(classes) * 360 / 1_797
    assert (abs(np.bincount(classes[chosen]) - exact) <= 1).all()


def test_splits_of_the_source_are_kept(store: Store, tmp_path: Path) -> None:
    for split in Split:
        image_folder(tmp_path / "pets" / split, number=2, mode="L")
    manifest = store.add("pets", str(tmp_path / "pets"), progress=quiet)
    assert manifest.shape == (1, 6, 5)
    assert {split: len(files) for split, files in manifest.splits.items()} == dict.fromkeys(Split, 4)


def test_images_of_several_sizes_are_scaled_where_that_is_asked_for(store: Store, tmp_path: Path) -> None:
    image_folder(tmp_path / "pets")
    Image.fromarray(pixels(1, 9, 9, 3)[0]).save(tmp_path / "pets" / "cat" / "large.png")
    assert "--size" in refusal(store, tmp_path / "pets")
    assert store.add("pets", str(tmp_path / "pets"), wanted=Wanted(size=8), progress=quiet).shape == (3, 8, 8)


@pytest.mark.parametrize(("source", "wanted", "told"), [
    ("pets", Wanted(size=0), "a size from 1 to 256, got 0"), ("pets", Wanted(size=9_999), "got 9999"),
    ("pets", Wanted(number=7, seed=3), "no seed, which counts for shapes alone"),
    ("a.npz", Wanted(size=4), "no size, which counts for folders of images and shapes alone"),
    ("mnist", Wanted(size=4), "no size"),
])
def test_options_without_effect_are_refused(
    store: Store, tmp_path: Path, source: str, wanted: Wanted, told: str
) -> None:
    image_folder(tmp_path / "pets")
    idx_folder(tmp_path / "mnist")
    npz(tmp_path / "a.npz", images=pixels(20, 4, 4), labels=labels(20))
    assert told in refusal(store, tmp_path / source, wanted=wanted)


@pytest.mark.parametrize("is_packed", [False, True])
def test_idx_files_become_a_data_set(store: Store, tmp_path: Path, is_packed: bool) -> None:
    manifest = store.add("pets", str(idx_folder(tmp_path / "mnist", packed=is_packed)), progress=quiet)
    assert (manifest.shape, manifest.classes) == ((1, 4, 4), ("0", "1", "2", "3"))
    assert {split: len(each) for split, each in manifest.splits.items()} == {Split.TRAIN: 40, Split.TEST: 40}


@pytest.mark.parametrize(("images", "shape"), [
    (pixels(20, 5, 4), (1, 5, 4)), (pixels(20, 5, 4, 3), (3, 5, 4)), (pixels(20, 3, 5, 4), (3, 5, 4)),
    (pixels(20, 5, 4) / 255, (1, 5, 4)), (pixels(20, 5, 4).astype(np.int64), (1, 5, 4)),
])
def test_arrays_of_several_layouts_become_a_data_set(
    store: Store, tmp_path: Path, images: Any, shape: tuple[int, int, int]
) -> None:
    classes = np.array(["cat", "dog"])
    path = npz(tmp_path / "a.npz", x_train=images, y_train=labels(20)[:, None], classes=classes)
    manifest = store.add("pets", str(path), progress=quiet)
    assert (manifest.shape, manifest.classes) == (shape, ("cat", "dog"))


def test_numbers_from_0_to_1_become_bytes(store: Store, tmp_path: Path) -> None:
    images = np.zeros((20, 2, 2)) + np.linspace(0, 1, 20)[:, None, None]
    store.add("pets", str(npz(tmp_path / "a.npz", images=images, labels=labels(20))), progress=quiet)
    found = store.open("pets")
    assert sorted({int(value) for each in found.images.values() for value in each.ravel()}) == sorted(
        {round(255 * place / 19) for place in range(20)}
    )


def bomb(path: Path) -> Path:
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("images.npy", "w") as entry:
        np.lib.format.write_array_header_1_0(
            entry, {"descr": "|u1", "fortran_order": False, "shape": (10, 3_000, 3_000)}
        )
        for _ in range(90):
            entry.write(bytes(1_000_000))
    return path


def with_object(path: Path) -> Path:
    np.savez(path, images=np.array([{}] * 8, object), labels=labels(8), allow_pickle=True)
    return path


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def both(folder: Path, other: str, **options: Any) -> Path:
    """A folder with images to train on, and other ones beside them."""
    image_folder(folder / "train")
    image_folder(folder / other, **options)
    return folder


def linked(folder: Path) -> Path:
    image_folder(folder)
    (folder / "cat" / "link.png").symlink_to("/etc/passwd")
    return folder


def linked_class(folder: Path) -> Path:
    image_folder(folder)
    (folder / "bird").symlink_to("/etc")
    return folder


def truncated(folder: Path, cut: int = 30) -> Path:
    idx_folder(folder)
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-cut])
    return folder


def damaged(path: Path) -> Path:
    """The same file, in the middle of which some bytes have changed."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60] = bytes(60)
    path.write_bytes(bytes(data))
    return path


def damaged_idx(folder: Path, *, cut: int = 0) -> Path:
    path = idx_folder(folder, 4_000, packed=True) / "train-images-idx3-ubyte.gz"
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    else:
        damaged(path)
    return folder


def huge_png(folder: Path) -> Path:
    image_folder(folder)
    Image.new("1", (20_000, 20_000)).save(folder / "cat" / "huge.png")
    return folder


def spoilt(folder: Path) -> Path:
    image_folder(folder)
    path = folder / "dog" / "3.png"
    path.write_bytes(path.read_bytes()[:60])
    return folder


def with_text(folder: Path) -> Path:
    written(image_folder(folder) / "cat" / "readme.txt", b"cats")
    return folder


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a data set that is not installed": (lambda at: Path("fashion-mnist"), "dataset-fashion-mnist"),
    "nothing there": (lambda at: at / "nowhere", "does not exist"),
    "a text file": (lambda at: written(at / "a.txt", b"x"), "Expected a folder"),
    "an empty folder": (lambda at: at, "Expected a folder"),
    "no zip file": (lambda at: written(at / "a.npz", b"x"), "no readable .npz"),
    "a bomb": (lambda at: bomb(at / "a.npz"), "unpacks to more than"),
    "objects": (lambda at: with_object(at / "a.npz"), "Expected numbers in images"),
    "no labels": (lambda at: npz(at / "a.npz", images=pixels(8, 4, 4)), "Expected the array labels"),
    "other names": (lambda at: npz(at / "a.npz", foo=labels(8)), "Expected the arrays images and labels"),
    "one class": (
        lambda at: npz(at / "a.npz", images=pixels(8, 4, 4), labels=labels(8, 1)),
        "Expected 2 to 1,000 classes",
    ),
    "an absent class": (
        lambda at: npz(at / "a.npz", images=pixels(20, 4, 4), labels=labels(20) * 2), "got none of 1"
    ),
    "too few of a class": (
        lambda at: npz(at / "a.npz", images=pixels(6, 4, 4), labels=labels(6)),
        "at least 4 images of each class",
    ),
    "an enormous label": (
        lambda at: npz(at / "a.npz", images=pixels(8, 4, 4), labels=labels(8) * 10**9),
        "Expected labels from 0 to 999, got 0 to 1000000000",
    ),
    "an array without images": (
        lambda at: npz(at / "a.npz", images=pixels(0, 4, 4), labels=labels(0)),
        "Expected images in images, got none",
    ),
    "labels below 0": (
        lambda at: npz(at / "a.npz", images=pixels(8, 4, 4), labels=labels(8) - 1),
        "Expected labels from 0 to 999",
    ),
    "fractional labels": (
        lambda at: npz(at / "a.npz", images=pixels(8, 4, 4), labels=labels(8) / 2), "whole numbers in labels"
    ),
    "fewer labels": (
        lambda at: npz(at / "a.npz", images=pixels(8, 4, 4), labels=labels(7)), "one for each image"
    ),
    "no images": (lambda at: npz(at / "a.npz", images=labels(8), labels=labels(8)), "of the shape (N, H, W)"),
    "two channels": (
        lambda at: npz(at / "a.npz", images=pixels(20, 2, 9, 9), labels=labels(20)), "1 channel or 3, got 2"
    ),
    "NaN": (
        lambda at: npz(at / "a.npz", images=np.full((20, 4, 4), np.nan), labels=labels(20)),
        "got NaN or infinity",
    ),
    "numbers above 255": (
        lambda at: npz(at / "a.npz", images=np.full((20, 4, 4), 256), labels=labels(20)), "from 0 to 255"
    ),
    "floats above 1": (
        lambda at: npz(at / "a.npz", images=np.full((20, 4, 4), 2.0), labels=labels(20)), "floats from 0 to 1"
    ),
    "too large images": (
        lambda at: npz(at / "a.npz", images=np.zeros((8, 300, 9), np.uint8), labels=labels(8)),
        "at most 256 x 256",
    ),
    "splits of two shapes": (
        lambda at: npz(
            at / "a.npz", images=pixels(20, 4, 4), labels=labels(20), test_images=pixels(8, 5, 4),
            test_labels=labels(8),
        ), "one shape in every split"
    ),
    "a truncated IDX file": (lambda at: truncated(at / "idx"), "is truncated"),
    "an IDX file without its opening": (lambda at: truncated(at / "idx", 655), "cannot be read"),
    "a damaged compressed IDX file": (
        lambda at: damaged_idx(at / "idx"), "images-idx3-ubyte.gz cannot be read"
    ),
    "a truncated compressed IDX file": (
        lambda at: damaged_idx(at / "idx", cut=9_000), "images-idx3-ubyte.gz cannot be read"
    ),
    "a damaged array": (
        lambda at: damaged(npz(at / "a.npz", images=pixels(4_000, 4, 4), labels=labels(4_000))),
        "images in a.npz cannot be read",
    ),
    "a link to a file": (lambda at: linked(at / "pets"), "Expected no links, got cat/link.png"),
    "a link to a folder": (lambda at: linked_class(at / "pets"), "Expected no links, got bird"),
    "a huge image": (lambda at: huge_png(at / "pets"), "has too many pixels"),
    "a truncated image": (lambda at: spoilt(at / "pets"), "dog/3.png cannot be read"),
    "a text among images": (lambda at: with_text(at / "pets"), "got cat/readme.txt"),
    "sizes that differ": (
        lambda at: both(at / "pets", "test", size=(7, 7)), "Expected images of one size",
    ),
    "a folder beside the splits": (
        lambda at: both(at / "pets", "more"), "got more"
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_sources_are_refused_in_a_sentence_and_leave_nothing(
    store: Store, tmp_path: Path, case: str
) -> None:
    make, sentence = BAD[case]
    (tmp_path / "given").mkdir()
    assert sentence in refusal(store, make(tmp_path / "given"))


def test_all_faults_are_told_at_once(store: Store, tmp_path: Path) -> None:
    linked(tmp_path / "pets")
    written(tmp_path / "pets" / "dog" / "readme.txt", b"dogs")
    told = refusal(store, tmp_path / "pets")
    assert "cat/link.png" in told
    assert "dog/readme.txt" in told


@pytest.mark.parametrize("name", ["", "Pets", "a b", "../pets", "-a", "a--b", "a" * 41, "shapes", "ünder"])
def test_names_that_cannot_be_used_are_refused(store: Store, name: str) -> None:
    with pytest.raises(SourceRefused):
        store.add(name, "shapes", progress=quiet)


def test_a_name_in_use_is_refused_with_what_to_do(store: Store) -> None:
    wanted = Wanted(size=8, number=60)
    store.add("mine", "shapes", wanted=wanted, progress=quiet)
    with pytest.raises(SourceRefused, match="choose another name, or remove"):
        store.add("mine", "shapes", wanted=wanted, progress=quiet)
    store.remove("mine")
    assert "mine" not in store.names()
    store.add("mine", "shapes", wanted=wanted, progress=quiet)


def test_shapes_are_the_same_bytes_on_every_machine(store: Store) -> None:
    found = store.open("shapes")
    assert (found.manifest.shape, found.manifest.classes) == ((3, 16, 16), tuple(SHAPES))
    assert found.manifest.sha256 == "b8e10b1775a93d4aef21ed709cbba639989a18daca872bbb10f010958be03d3e"
    assert not list(store.folder.glob(".partial*"))


def test_the_shapes_of_a_seed_do_not_depend_on_their_number(store: Store) -> None:
    def images(number: int) -> Any:
        from processing.core.datasets.shapes import source

        return np.concatenate(list(source(ShapesParameters(8, number, 5)).splits[Split.TRAIN].batches()))

    assert (images(300)[:60] == images(60)).all()


def test_a_changed_or_incomplete_data_set_is_broken(store: Store) -> None:
    store.add("mine", "shapes", wanted=Wanted(8, 60), progress=quiet)
    folder = store.folder / "mine"
    images = folder / "train-images.npy"
    whole = images.read_bytes()
    images.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not store.open("mine").is_intact()
    images.write_bytes(whole[:-1])
    with pytest.raises(Broken):
        Prepared.open(folder)
    images.write_bytes(whole)
    manifest = json.loads((folder / FILE).read_text())
    (folder / FILE).write_text(json.dumps(manifest | {"classes": ["a"] * 6}))
    with pytest.raises(Broken, match="changed after"):
        Prepared.open(folder)


def test_what_a_process_left_that_died_is_deleted_by_the_next(store: Store) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    left = store.folder / f".partial-{child.pid}-00000000"
    left.mkdir(parents=True)
    store.add("mine", "shapes", wanted=Wanted(8, 60), progress=quiet)
    assert not left.exists()
    assert "mine" in store.names()


def test_the_name_and_the_origin_do_not_count_for_the_sha256(store: Store) -> None:
    one, two = (
        store.add(name, "shapes", wanted=Wanted(8, 60), licence=name, progress=quiet)
        for name in ("a", "b")
    )
    assert one.sha256 == two.sha256
    other = store.add("c", "shapes", wanted=Wanted(8, 60, seed=1), progress=quiet)
    assert other.sha256 != one.sha256
