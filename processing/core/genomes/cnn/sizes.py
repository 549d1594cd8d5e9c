"""The sizes of a network: of each layer the shape of its output, its parameters and its multiply-adds."""

from typing import NamedTuple

from processing.core.genomes.cnn.network import Network, Pooling

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


def parameters_of(network: Network, image: ImageShape, classes: int) -> int:
    """Return the number of a network's parameters."""
    return sum(layer.parameters for layer in sizes_of(network, image, classes))
