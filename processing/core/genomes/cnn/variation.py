"""How children of convolutional networks differ from their parents.

Crossover has one point for each kind of layer: the first layers of the mother, then the last ones of the
father, as many as the search space allows; every other gene is that of either. (Sun et al. 2020,
"Automatically Designing CNN Architectures Using the Genetic Algorithm for Image Classification", section
III-E, where only layers are crossed.)
"""

from collections.abc import Callable
from typing import TypeVar

from processing.core.concern import CheckedParameters
from processing.core.genomes.cnn import draws as drawn
from processing.core.genomes.cnn.draws import Draws
from processing.core.genomes.cnn.network import Convolution, DenseLayer, Network
from processing.core.genomes.cnn.space import SearchSpace
from processing.core.parameters import parameter

L = TypeVar("L")
#: Tries to find a change that makes a difference.
MOST_TRIES = 20


class CnnVariation(CheckedParameters):
    """Crossover and mutation of convolutional networks."""

    change_chances = ("mutation_probability",)

    crossover_probability: float = parameter(
        0.5, meaning="Chance that a child has two parents; without, it has one.", ge=0.0, le=1.0
    )
    mutation_probability: float = parameter(
        0.8, meaning="Chance that one gene or one layer of a child is changed.", ge=0.0, le=1.0
    )


def crossed(mother: Network, father: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return a child of two parents, which may need repair."""
    convolutions, dense = space.conv_layers, space.dense_layers
    return Network(
        _joined(mother.convolutions, father.convolutions, convolutions.min, convolutions.max, draws),
        _joined(mother.dense, father.dense, dense.min, dense.max, draws),
        draws.choice((mother.dropout, father.dropout)),
        draws.choice((mother.learning_rate, father.learning_rate)),
        draws.choice((mother.batch_size, father.batch_size)),
        draws.choice((mother.optimizer, father.optimizer)),
    )


def _joined(
    mother: tuple[L, ...], father: tuple[L, ...], least: int, most: int, draws: Draws
) -> tuple[L, ...]:
    """Return the first layers of the mother and the last ones of the father, of an allowed number."""
    first, second = draws.below(len(mother) + 1), draws.below(len(father) + 1)
    child = (mother[:first] + father[second:])[:most]
    return child if len(child) >= least else mother


def mutated(network: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return the network with one change, which may need repair.

    It is a layer more, a layer less, another value of a layer, or another value of how it is trained, each
    with the same chance.

    A network that no change can make different is returned as it is.
    """
    for _ in range(MOST_TRIES):
        changed = draws.choice(_CHANGES)(network, space, draws)
        if changed != network:
            return changed
    return network


def _with_layer(network: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return the network with one more layer, a convolution or a dense one, at a random place."""
    if draws.below(2):
        if len(network.convolutions) >= space.conv_layers.max:
            return network
        at = draws.below(len(network.convolutions) + 1)
        new = drawn.convolution(space, draws)
        return network._replace(convolutions=(*network.convolutions[:at], new, *network.convolutions[at:]))
    if len(network.dense) >= space.dense_layers.max:
        return network
    at = draws.below(len(network.dense) + 1)
    dense = (*network.dense[:at], drawn.dense_layer(space, draws), *network.dense[at:])
    dropout = network.dropout if network.dense else drawn.dropout(space.dropout, draws)
    return network._replace(dense=dense, dropout=dropout)


def _any_layer(network: Network, draws: Draws) -> int | None:
    """Return the place of a random layer, dense ones after the convolutions; None where there is no layer."""
    number = len(network.convolutions) + len(network.dense)
    return draws.below(number) if number else None


def _without_layer(network: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return the network without one of its layers, where that leaves enough of its kind."""
    number, at = len(network.convolutions), _any_layer(network, draws)
    if at is None:
        return network
    if at < number:
        if number <= space.conv_layers.min:
            return network
        return network._replace(convolutions=network.convolutions[:at] + network.convolutions[at + 1 :])
    at -= number
    if len(network.dense) <= space.dense_layers.min:
        return network
    return network._replace(dense=network.dense[:at] + network.dense[at + 1 :])


def _with_changed_layer(network: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return the network with one value of one layer drawn anew."""
    number, at = len(network.convolutions), _any_layer(network, draws)
    if at is None:
        return network
    if at < number:
        layers = list(network.convolutions)
        layers[at] = _redrawn(layers[at], drawn.convolution(space, draws), draws)
        return network._replace(convolutions=tuple(layers))
    dense = list(network.dense)
    dense[at - number] = _redrawn(dense[at - number], drawn.dense_layer(space, draws), draws)
    return network._replace(dense=tuple(dense))


def _with_changed_training(network: Network, space: SearchSpace, draws: Draws) -> Network:
    """Return the network with another dropout, learning rate, batch size or optimizer."""
    other = network._replace(
        dropout=drawn.dropout(space.dropout, draws) if network.dense else 0.0,
        learning_rate=drawn.learning_rate(space.learning_rate, draws),
        batch_size=draws.choice(space.batch_sizes), optimizer=draws.choice(space.optimizers),
    )
    name = draws.choice(("dropout", "learning_rate", "batch_size", "optimizer"))
    return network._replace(**{name: getattr(other, name)})


N = TypeVar("N", Convolution, DenseLayer)


def _redrawn(layer: N, other: N, draws: Draws) -> N:
    """Return the layer with one value of another one."""
    name = draws.choice(layer._fields)
    return layer._replace(**{name: getattr(other, name)})


_CHANGES: tuple[Callable[[Network, SearchSpace, Draws], Network], ...] = (
    _with_layer, _without_layer, _with_changed_layer, _with_changed_training
)
