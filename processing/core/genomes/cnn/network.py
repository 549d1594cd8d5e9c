"""A convolutional network as plain values, and as genes of a fixed length.

Genes hold the values themselves, not places in the lists of a search space, so that a genome needs none.
Genes that do not count are 0, so that equal networks have equal bytes.
"""

import math
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from processing.core.errors import Broken

MOST_CONVOLUTIONS, MOST_DENSE = 6, 3


class Activation(StrEnum):
    """Transfer functions of hidden layers; genes hold their number in this order, from 1."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    SELU = "selu"
    GELU = "gelu"
    ELU = "elu"


class Pooling(StrEnum):
    """What follows a convolution: each 2 x 2 pixels become one, or nothing; genes hold the number from 0."""

    NONE = "none"
    MAX = "max"
    AVERAGE = "average"


class Optimizer(StrEnum):
    """How weights follow gradients; genes hold the number in this order, from 1."""

    ADAM = "adam"
    ADAMW = "adamw"
    SGD = "sgd"  # with a momentum of 0.9
    RMSPROP = "rmsprop"


class Convolution(NamedTuple):
    """A layer of filters, of stride 1, whose maps are as large as those before it; pooling comes last."""

    filters: int
    kernel_size: int  # pixels on a side
    batch_norm: bool  # between the filters and the activation
    activation: Activation
    pooling: Pooling


class DenseLayer(NamedTuple):
    """A fully connected layer; dropout follows it."""

    units: int
    activation: Activation


class Network(NamedTuple):
    """A network but for its last layer, which has one output for each class, and how it is trained."""

    convolutions: tuple[Convolution, ...]
    dense: tuple[DenseLayer, ...]
    dropout: float  # the chance that a unit's value is 0 in training; 0 where there is no dense layer
    learning_rate: float
    batch_size: int
    optimizer: Optimizer


#: N genomes, an array of records.
Genes: TypeAlias = NDArray[np.void]
_CONVOLUTION = np.dtype([
    ("filters", "<u2"), ("kernel_size", "u1"), ("batch_norm", "u1"), ("activation", "u1"), ("pooling", "u1")
])
_DENSE = np.dtype([("units", "<u2"), ("activation", "u1")])
GENES = np.dtype([
    ("learning_rate", "<f8"), ("dropout", "<f8"), ("batch_size", "<u2"), ("optimizer", "u1"),
    ("convolutions", _CONVOLUTION, (MOST_CONVOLUTIONS,)), ("dense", _DENSE, (MOST_DENSE,)),
])

_ACTIVATIONS, _POOLINGS, _OPTIMIZERS = tuple(Activation), tuple(Pooling), tuple(Optimizer)


def genes_of(networks: list[Network]) -> Genes:
    """Return the genes of networks, (N,) of GENES."""
    genes = np.zeros(len(networks), GENES)
    for place, network in enumerate(networks):
        genes[place]["learning_rate"], genes[place]["batch_size"] = network.learning_rate, network.batch_size
        genes[place]["dropout"] = network.dropout
        genes[place]["optimizer"] = 1 + _OPTIMIZERS.index(network.optimizer)
        for at, layer in enumerate(network.convolutions):
            genes[place]["convolutions"][at] = (
                layer.filters, layer.kernel_size, layer.batch_norm, 1 + _ACTIVATIONS.index(layer.activation),
                _POOLINGS.index(layer.pooling),
            )
        for at, dense in enumerate(network.dense):
            genes[place]["dense"][at] = (dense.units, 1 + _ACTIVATIONS.index(dense.activation))
    return genes


def network_of(genome: Any) -> Network:
    """Return the network of one genome, a record of GENES.

    Raises:
        Broken: it encodes none.
    """
    rate, dropout, batch_size, optimizer, convolutions, dense = genome.tolist()
    try:
        found = Network(
            tuple(
                Convolution(
                    filters, size, bool(norm), _ACTIVATIONS[activation - 1], _POOLINGS[pooling]
                ) for filters, size, norm, activation, pooling in convolutions.tolist() if filters
            ),
            tuple(
                DenseLayer(units, _ACTIVATIONS[activation - 1])
                for units, activation in dense.tolist() if units
            ),
            dropout, rate, batch_size, _OPTIMIZERS[optimizer - 1],
        )
    except IndexError as error:
        raise Broken("a packed genome names a function that does not exist") from error
    is_sound = 0 < rate <= 1 and 0 <= dropout < 1 and batch_size and not math.copysign(1, dropout) < 0
    if not is_sound or genes_of([found])[0].tobytes() != genome.tobytes():
        raise Broken("a packed genome encodes no network: genes are out of place, or out of range")
    return found
