"""Repair of networks: what a problem or a search space does not allow becomes the nearest that they do.

Repair is deterministic, and changes nothing of a network that needs none.
"""

from collections.abc import Iterator
from itertools import product

from processing.core.genomes.cnn.network import Convolution, DenseLayer, Network, Pooling
from processing.core.genomes.cnn.sizes import ImageShape, parameters_of, sizes_of
from processing.core.genomes.cnn.space import SearchSpace


def repaired(network: Network, space: SearchSpace, image: ImageShape, classes: int) -> Network:
    """Return the network, or the nearest one that can be built and is within the space's `max_parameters`.

    Pooling ends where a map is less than 2 wide, dropout is within its range, and 0 without a dense layer.
    Above `max_parameters` the costliest layer that has a smaller choice takes the next smaller one; where
    none has, the first convolution that may be followed by pooling is; and where none may, the network gets
    as many layers as the smallest one.
    """
    dropout = min(max(network.dropout, space.dropout.min), space.dropout.max)
    network = _possible(network._replace(dropout=dropout), image)
    while parameters_of(network, image, classes) > space.max_parameters:
        changed = (
            _narrower(network, space, image, classes) or _pooled(network, space, image)
            or _shortened(network, space, image, classes)
        )
        if changed is None:
            return network  # staging refuses such a space
        network = _possible(changed, image)
    return network


def smallest(space: SearchSpace, image: ImageShape, classes: int) -> Network:
    """Return the network of a space with the fewest parameters; other values are the first ones.

    Kernels, filters and units are the smallest, and pooling follows where it can.
    """
    return min(
        (_least(space, image, *numbers) for numbers in product(
            range(space.conv_layers.min, space.conv_layers.max + 1),
            range(space.dense_layers.min, space.dense_layers.max + 1),
        )),
        key=lambda network: (parameters_of(network, image, classes), *map(len, network[:2])),
    )


def _least(space: SearchSpace, image: ImageShape, convolutions: int, dense: int) -> Network:
    activation = space.activations[0]
    convolution = Convolution(
        min(space.filters), min(space.kernel_sizes), min(space.batch_norm), activation, _any_pooling(space)
    )
    return _possible(
        Network(
            (convolution,) * convolutions, (DenseLayer(min(space.dense_units), activation),) * dense,
            space.dropout.min, space.learning_rate.min, space.batch_sizes[0], space.optimizers[0],
        ),
        image,
    )


def _possible(network: Network, image: ImageShape) -> Network:
    """Return the network without pooling of maps that are less than 2 wide, and without needless dropout."""
    side, convolutions = min(image[1:]), []
    for layer in network.convolutions:
        if layer.pooling != Pooling.NONE:
            layer = layer if side >= 2 else layer._replace(pooling=Pooling.NONE)
            side = side // 2 if side >= 2 else side
        convolutions.append(layer)
    dropout = network.dropout if network.dense else 0.0
    return network._replace(convolutions=tuple(convolutions), dropout=dropout)


def _narrower(network: Network, space: SearchSpace, image: ImageShape, classes: int) -> Network | None:
    """Return the network with the next smaller choice for its costliest layer that has one; else None."""
    sizes = sizes_of(network, image, classes)
    for place in sorted(range(len(sizes) - 1), key=lambda at: (-sizes[at].parameters, at)):
        convolutions, dense = list(network.convolutions), list(network.dense)
        at = place - len(convolutions)
        if at < 0:
            layer = convolutions[place]
            filters = _below(layer.filters, space.filters)
            kernel_size = _below(layer.kernel_size, space.kernel_sizes)
            if filters is not None:
                convolutions[place] = layer._replace(filters=filters)
            elif kernel_size is not None:
                convolutions[place] = layer._replace(kernel_size=kernel_size)
            else:
                continue
        else:
            units = _below(dense[at].units, space.dense_units)
            if units is None:
                continue
            dense[at] = dense[at]._replace(units=units)
        return network._replace(convolutions=tuple(convolutions), dense=tuple(dense))
    return None


def _pooled(network: Network, space: SearchSpace, image: ImageShape) -> Network | None:
    """Return the network with pooling after one more convolution, the first that may; None where none may."""
    pooling = _any_pooling(space)
    if pooling == Pooling.NONE:
        return None
    for place, layer in enumerate(network.convolutions):
        if layer.pooling != Pooling.NONE:
            continue
        others = network.convolutions
        changed = network._replace(
            convolutions=(*others[:place], layer._replace(pooling=pooling), *others[place + 1 :])
        )
        if _possible(changed, image) == changed:
            return changed
    return None


def _shortened(network: Network, space: SearchSpace, image: ImageShape, classes: int) -> Network | None:
    """Return the network with as many layers as the smallest one, each its smallest; None where it is so."""
    least = smallest(space, image, classes)
    return next((each for each in _towards(network, least) if each != network), None)


def _towards(network: Network, least: Network) -> Iterator[Network]:
    number = len(least.convolutions)
    convolutions = (*network.convolutions[:number], *least.convolutions[len(network.convolutions) :])
    yield network._replace(
        convolutions=tuple(
            layer._replace(pooling=other.pooling, batch_norm=other.batch_norm)
            for layer, other in zip(convolutions, least.convolutions, strict=True)
        ),
        dense=(*network.dense[: len(least.dense)], *least.dense[len(network.dense) :]),
    )


def _any_pooling(space: SearchSpace) -> Pooling:
    return next((each for each in space.pooling if each != Pooling.NONE), Pooling.NONE)


def _below(value: int, choices: tuple[int, ...]) -> int | None:
    """Return the largest choice below a value; None where there is none."""
    return max((each for each in choices if each < value), default=None)
