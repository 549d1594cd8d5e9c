"""Genomes of convolutional networks: whatever is drawn, bred or repaired is a network of the search space."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from processing.core import rng
from processing.core.errors import Broken, Refused
from processing.core.genomes.cnn import draws as drawn
from processing.core.genomes.cnn.draws import Draws
from processing.core.genomes.cnn.kind import Cnn
from processing.core.genomes.cnn.network import (
    GENES,
    Activation,
    Convolution,
    DenseLayer,
    Network,
    Optimizer,
    Pooling,
    genes_of,
    network_of,
)
from processing.core.genomes.cnn.repair import repaired, smallest
from processing.core.genomes.cnn.sizes import parameters_of, sizes_of
from processing.core.genomes.cnn.space import DenseRange, LayerRange, SearchSpace
from processing.core.genomes.cnn.variation import CnnVariation, crossed, mutated
from processing.core.types import Operator

SPACE = SearchSpace()
WIDE = SearchSpace(
    conv_layers=LayerRange(min=0, max=6), dense_layers=DenseRange(min=0, max=3), filters=(1, 8, 64, 512),
    kernel_sizes=(1, 3, 5, 7), pooling=tuple(Pooling), activations=tuple(Activation),
    dense_units=(1, 16, 256, 4_096), max_parameters=20_000,
)
SPACES = {
    "default": SPACE, "wide": WIDE,
    "without pooling": SPACE.model_copy(update={"pooling": (Pooling.NONE,)}),
}
IMAGES = ((1, 8, 8), (3, 32, 32), (1, 1, 5), (3, 7, 2))
CLASSES = 10
NETWORK = Network(
    (
        Convolution(8, 3, True, Activation.RELU, Pooling.MAX),
        Convolution(16, 5, False, Activation.TANH, Pooling.NONE),
    ),
    (DenseLayer(32, Activation.ELU),), 0.25, 0.00316, 64, Optimizer.SGD,
)


def is_in(network: Network, space: SearchSpace, image: tuple[int, int, int]) -> bool:
    """Whether a network is one of the space, and can be built for these images."""
    side = min(image[1:])
    for layer in network.convolutions:
        if layer.pooling != Pooling.NONE and side < 2:
            return False
        side = side // 2 if layer.pooling != Pooling.NONE else side
    dropout = space.dropout if network.dense else None
    return (
        space.conv_layers.min <= len(network.convolutions) <= space.conv_layers.max
        and space.dense_layers.min <= len(network.dense) <= space.dense_layers.max
        and all(
            layer.filters in space.filters and layer.kernel_size in space.kernel_sizes
            and layer.batch_norm in space.batch_norm and layer.activation in space.activations
            and layer.pooling in (*space.pooling, Pooling.NONE) for layer in network.convolutions
        )
        and all(
            layer.units in space.dense_units and layer.activation in space.activations
            for layer in network.dense
        )
        and (network.dropout == 0 if dropout is None else dropout.min <= network.dropout <= dropout.max)
        and space.learning_rate.min <= network.learning_rate <= space.learning_rate.max
        and network.batch_size in space.batch_sizes and network.optimizer in space.optimizers
        and parameters_of(network, image, CLASSES) <= space.max_parameters
    )


@settings(max_examples=2_500, deadline=None, derandomize=True, database=None)
@given(
    space=st.sampled_from(sorted(SPACES)), image=st.sampled_from(IMAGES),
    seeds=st.tuples(*[st.integers(0, 2**53 - 1)] * 4),
)
def test_whatever_is_drawn_crossed_mutated_and_repaired_is_a_network_of_the_space(
    space: str, image: tuple[int, int, int], seeds: tuple[int, int, int, int]
) -> None:
    allowed = SPACES[space]
    assume(parameters_of(smallest(allowed, image, CLASSES), image, CLASSES) <= allowed.max_parameters)
    mother, father = (
        repaired(drawn.network(allowed, Draws(rng.derive(seed, 1))), allowed, image, CLASSES)
        for seed in seeds[:2]
    )
    child = repaired(crossed(mother, father, allowed, Draws(seeds[2])), allowed, image, CLASSES)
    other = repaired(mutated(child, allowed, Draws(seeds[3])), allowed, image, CLASSES)
    for network in (mother, father, child, other):
        assert is_in(network, allowed, image)
        assert repaired(network, allowed, image, CLASSES) == network
        assert network_of(genes_of([network])[0]) == network


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("image", IMAGES)
def test_no_network_of_a_space_has_fewer_parameters_than_the_smallest(
    space: str, image: tuple[int, int, int]
) -> None:
    least = parameters_of(smallest(SPACES[space], image, CLASSES), image, CLASSES)
    for seed in range(200):
        network = repaired(drawn.network(SPACES[space], Draws(seed)), SPACES[space], image, CLASSES)
        assert parameters_of(network, image, CLASSES) >= least


def test_sizes_are_those_of_the_layers() -> None:
    first, second, dense, last = sizes_of(NETWORK, (3, 8, 8), CLASSES)
    assert (first.shape, first.parameters, first.multiply_adds) == ((8, 4, 4), 3 * 8 * 9 + 16, 3 * 8 * 9 * 64)
    assert (second.shape, second.parameters) == ((16, 4, 4), 8 * 16 * 25 + 16)
    assert (dense.shape, dense.parameters, dense.multiply_adds) == ((32,), 257 * 32, 256 * 32)
    assert (last.kind, last.shape, last.parameters) == ("output", (10,), 330)


def test_genes_hold_the_values_and_their_bytes_do_not_change() -> None:
    packed = genes_of([NETWORK]).tobytes()
    assert len(packed) == GENES.itemsize
    assert packed.hex() == (
        "89b5f81400e3693f" "000000000000d03f" "4000" "03"  # learning rate, dropout, batch size, optimizer
        "080003010101" "100005000400" + "00" * 24 + "200007" + "00" * 6  # convolutions, dense layers
    )


@pytest.mark.parametrize("changes", [
    {"optimizer": 0}, {"optimizer": 9}, {"batch_size": 64, "dropout": -0.0}, {"learning_rate": float("nan")},
])
def test_bytes_that_encode_no_network_are_broken(changes: dict[str, float]) -> None:
    genes = genes_of([NETWORK._replace(dropout=0.0)])
    for name, value in changes.items():
        genes[name] = value
    kind = Cnn(SPACE, image=(1, 8, 8), classes=CLASSES)
    with pytest.raises(Broken):
        kind.unpack(genes.tobytes())


def test_genes_after_a_layer_that_does_not_count_are_broken() -> None:
    genes = genes_of([NETWORK])
    genes["convolutions"][0, 0]["filters"] = 0
    with pytest.raises(Broken, match="out of place"):
        network_of(genes[0])


def test_agents_depend_on_their_own_addresses_alone() -> None:
    kind = Cnn(WIDE, image=(1, 8, 8), classes=CLASSES)
    few = kind.random(3, seed=7, generation=2)
    assert few.tobytes() == kind.random(9, seed=7, generation=2)[:3].tobytes()
    assert few.tobytes() != kind.random(3, seed=7, generation=3).tobytes()


def test_children_are_labelled_by_what_made_them() -> None:
    kind = Cnn(SPACE, image=(1, 8, 8), classes=CLASSES)
    pool = kind.random(4, seed=1, generation=0)
    mothers, fathers = np.array([0, 1, 2, 3] * 25, np.int32), np.array([1, -1, 3, -1] * 25, np.int32)
    children, operators = kind.breed(
        pool, mothers, fathers, CnnVariation(crossover_probability=0.9, mutation_probability=0.5), elites=2,
        seed=1, generation=1,
    )
    assert children[:2].tobytes() == pool[:2].tobytes()
    assert operators[:2].tolist() == [Operator.ELITE] * 2
    assert set(operators.tolist()) == {
        Operator.ELITE, Operator.CROSSOVER, Operator.MUTATION, Operator.CROSSOVER_MUTATION
    }
    for child, mother, operator in zip(children, mothers, operators, strict=True):
        assert (child.tobytes() == pool[mother].tobytes()) or operator != Operator.ELITE


def test_diversity_is_the_share_of_bytes_in_which_pairs_differ() -> None:
    kind = Cnn(SPACE, image=(1, 8, 8), classes=CLASSES)
    one = genes_of([NETWORK, NETWORK, NETWORK._replace(batch_size=32)])
    assert kind.diversity(one[:2]) == 0.0
    assert kind.diversity(one) == pytest.approx(2 / 3 / GENES.itemsize)
    assert kind.diversity(kind.random(30, seed=1, generation=0)) > 0.2


def test_images_are_needed_and_a_network_that_is_small_enough() -> None:
    with pytest.raises(Refused, match="need images"):
        Cnn.of(SPACE, input_shape=(4,), output_shape=(2,))
    with pytest.raises(Refused, match="has 131,"):
        Cnn.of(SPACES["without pooling"], input_shape=(3, 32, 32), output_shape=(2,))
