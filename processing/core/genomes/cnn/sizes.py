"""The sizes of a network: of each layer the shape of its output, its parameters and its multiply-adds."""

from typing import NamedTuple

from processing.core.genomes.cnn.network import Activation, Convolution, DenseLayer, Network, Pooling
from processing.core.genomes.cnn.space import SearchSpace

#: Channels, rows and columns.
ImageShape = tuple[int, int, int]


class LayerSize(NamedTuple):
    """One layer.

    Attributes:
        kind: "convolution", "dense" or "output".
        shape: of its output, after pooling: channels, rows and columns, or units.
        parameters: its weights, biases, and the scales and shifts of batch normalisation.
        multiply_adds: for one image.
    """

    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def sizes_of(network: Network, image: ImageShape, classes: int) -> tuple[LayerSize, ...]:
    """Return the sizes of all layers, the last one included."""
    channels, rows, columns = image
    found = []
    for layer in network.convolutions:
        weights = channels * layer.filters * layer.kernel_size**2
        # a bias has no effect before batch normalisation, which has a scale and a shift
        parameters = weights + layer.filters * (2 if layer.batch_norm else 1)
        multiply_adds = weights * rows * columns
        if layer.pooling != Pooling.NONE:
            rows, columns = rows // 2, columns // 2
        channels = layer.filters
        found.append(LayerSize("convolution", (channels, rows, columns), parameters, multiply_adds))
    units = channels * rows * columns
    for kind, after in (*(("dense", dense.units) for dense in network.dense), ("output", classes)):
        found.append(LayerSize(kind, (after,), (units + 1) * after, units * after))
        units = after
    return tuple(found)


def multiply_adds_of(network: Network, image: ImageShape, classes: int) -> int:
    """Return the number of multiply-adds of a network for one image."""
    return sum(layer.multiply_adds for layer in sizes_of(network, image, classes))


def most_multiply_adds(space: SearchSpace, image: ImageShape, classes: int) -> int:
    """Return an upper bound of the multiply-adds of a search space's networks for one image.

    It is that of the largest network, without pooling; and no parameter is used more often than there are
    pixels.
    """
    activation, pixels = Activation.RELU, image[1] * image[2]
    largest = Network(
        (Convolution(max(space.filters), max(space.kernel_sizes), False, activation, Pooling.NONE),)
        * space.conv_layers.max,
        (DenseLayer(max(space.dense_units), activation),) * space.dense_layers.max,
        0.0, space.learning_rate.max, max(space.batch_sizes), space.optimizers[0],
    )
    return min(multiply_adds_of(largest, image, classes), space.max_parameters * pixels)


def parameters_of(network: Network, image: ImageShape, classes: int) -> int:
    """Return the number of a network's parameters."""
    return sum(layer.parameters for layer in sizes_of(network, image, classes))
