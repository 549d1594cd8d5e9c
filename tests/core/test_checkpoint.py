import json

import numpy as np
import pytest

from processing.core.errors import Broken
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.search.checkpoint import Checkpoint, pack, unpack

KIND = Dense(DenseParameters(hidden=(2,)), inputs=3, outputs=2)


def checkpoint(**state: object) -> Checkpoint:
    values = {
        "threshold": 1.1, "failures": 2, "pool": KIND.random(4, seed=1, generation=0),
        "indices": np.array([7, 0, 3, 1], np.int32), "fitness": np.array([3.0, 2.0, 2.0, -0.5]),
        "generation": 5,
    }
    return Checkpoint(
        next_generation=6, state=values | state, best_fitness=3.0, stagnation=1, digest="ab" * 32
    )


def test_a_checkpoint_comes_back_as_it_was() -> None:
    stored, found = checkpoint(), unpack(pack(checkpoint(), KIND), KIND)
    assert (
        found.next_generation, found.best_fitness, found.stagnation, found.digest
    ) == (6, 3.0, 1, "ab" * 32)
    assert list(found.state) == list(stored.state)
    for name, value in stored.state.items():
        assert np.array_equal(found.state[name], value)
        assert getattr(found.state[name], "dtype", None) == getattr(value, "dtype", None)


def test_a_search_that_has_not_begun_has_neither_pool_nor_best() -> None:
    stored = Checkpoint(next_generation=0, state={"pool": None}, best_fitness=None, stagnation=0, digest="")
    assert unpack(pack(stored, KIND), KIND) == stored


def test_arrays_are_stored_little_endian() -> None:
    big, little = checkpoint(indices=np.array([1, 2], ">i4")), checkpoint(indices=np.array([1, 2], "<i4"))
    assert pack(big, KIND) == pack(little, KIND)


def test_empty_arrays_and_shapes_survive() -> None:
    found = unpack(pack(checkpoint(indices=np.zeros((0, 3), np.uint8)), KIND), KIND)
    assert found.state["indices"].shape == (0, 3)


@pytest.mark.parametrize("keep", [0, 1, 20, -1, -8, -KIND.number_of_weights * 4])
def test_cut_off_bytes_are_broken(keep: int) -> None:
    with pytest.raises(Broken, match="checkpoint"):
        unpack(pack(checkpoint(), KIND)[:keep], KIND)


def test_bytes_too_many_are_broken() -> None:
    with pytest.raises(Broken, match="3 bytes too many"):
        unpack(pack(checkpoint(), KIND) + b"abc", KIND)


@pytest.mark.parametrize(
    "head",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"state": []}', b'{"state": {"a": 3}}',
        b'{"state": {"a": {}}}', b'{"state": {"a": {"array": "O", "shape": [1]}}}',
        b'{"state": {"a": {"array": "<f8", "shape": [-1]}}}',
        b'{"state": {"a": {"array": "<f8", "shape": ["x"]}}}', b'{"state": {"a": {"genomes": -4}}}',
        b'{"state": {"a": {"genomes": "4"}}}', b'{"state": {}}',
    ],
)
def test_a_head_that_is_none_is_broken(head: bytes) -> None:
    with pytest.raises(Broken):
        unpack(head + b"\n" + bytes(64), KIND)


def test_any_flipped_byte_of_the_head_is_broken_or_another_checkpoint() -> None:
    data = pack(checkpoint(), KIND)
    for place in range(data.index(b"\n") + 1):
        for bit in (1, 16, 128):
            flipped = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            try:
                found = unpack(flipped, KIND)
            except Broken:
                continue
            assert pack(found, KIND) != data


def test_nothing_but_numbers_is_stored() -> None:
    head = json.loads(pack(checkpoint(), KIND).partition(b"\n")[0])
    assert set(head) == {
        "next_generation", "best_fitness", "stagnation", "digest", "tested", "unconfirmed", "state"
    }
    with pytest.raises(TypeError):
        pack(checkpoint(threshold=object()), KIND)
    with pytest.raises(ValueError, match="JSON"):
        pack(checkpoint(threshold=float("nan")), KIND)
