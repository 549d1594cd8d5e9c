"""The search space of convolutional networks, and the networks that it contains."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from processing.core.genomes.cnn.network import (
    MOST_CONVOLUTIONS,
    MOST_DENSE,
    Activation,
    Optimizer,
    Pooling,
)
from processing.core.parameters import Parameters, parameter


class Scale(StrEnum):
    """How values are spread over a range."""

    LINEAR = "linear"
    LOG = "log"


class LayerRange(Parameters):
    """How many layers a network may have."""

    min: int = parameter(meaning="The fewest.", unit="layers", ge=0, le=MOST_CONVOLUTIONS)
    max: int = parameter(meaning="The most.", unit="layers", ge=0, le=MOST_CONVOLUTIONS)


class DenseRange(Parameters):
    """How many dense layers a network may have, besides the last one."""

    min: int = parameter(meaning="The fewest.", unit="layers", ge=0, le=MOST_DENSE)
    max: int = parameter(meaning="The most.", unit="layers", ge=0, le=MOST_DENSE)


class DropoutRange(Parameters):
    """The values that dropout may have."""

    min: float = parameter(0.0, meaning="The lowest.", ge=0.0, le=0.5)
    max: float = parameter(0.5, meaning="The highest.", ge=0.0, le=0.5)


class RateRange(Parameters):
    """The values that the learning rate may have."""

    min: float = parameter(1e-4, meaning="The lowest.", ge=1e-4, le=0.1)
    max: float = parameter(0.1, meaning="The highest.", ge=1e-4, le=0.1)
    scale: Scale = parameter(Scale.LOG, meaning="Whether values are drawn evenly, or their logarithms are.")


def _choices(default: tuple[Any, ...], meaning: str, *, most: int, unit: str = "") -> Any:
    return parameter(default, meaning=meaning, unit=unit, min_length=1, max_length=most)


class SearchSpace(Parameters):
    """What networks may be like, and how they may be trained."""

    conv_layers: LayerRange = parameter(
        LayerRange(min=1, max=3), meaning="How many convolutions a network has."
    )
    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] = _choices(
        (8, 16, 32), "Filters that a convolution may have.", unit="filters", most=16
    )
    kernel_sizes: tuple[Annotated[int, Field(ge=1, le=7)], ...] = _choices(
        (3, 5), "Pixels on a side of a filter; odd numbers.", unit="pixels", most=4
    )
    batch_norm: tuple[bool, ...] = _choices(
        (False, True), "Whether batch normalisation follows a convolution.", most=2
    )
    pooling: tuple[Pooling, ...] = _choices(
        (Pooling.NONE, Pooling.MAX), "What may follow a convolution: 2 x 2 pixels become one, or none does.",
        most=len(Pooling),
    )
    dense_layers: DenseRange = parameter(
        DenseRange(min=1, max=2), meaning="How many dense layers a network has before the last one."
    )
    dense_units: tuple[Annotated[int, Field(ge=1, le=4_096)], ...] = _choices(
        (16, 32, 64), "Units that a dense layer may have.", unit="units", most=16
    )
    activations: tuple[Activation, ...] = _choices(
        (Activation.RELU, Activation.LEAKY_RELU, Activation.TANH), "Transfer functions of hidden layers.",
        most=len(Activation),
    )
    dropout: DropoutRange = parameter(
        DropoutRange(), meaning="The chance that a unit of a dense layer is left out of a training step."
    )
    learning_rate: RateRange = parameter(RateRange(), meaning="How far weights follow a gradient.")
    batch_sizes: tuple[Annotated[int, Field(ge=8, le=1_024)], ...] = _choices(
        (32, 64, 128), "Images of one training step.", unit="images", most=16
    )
    optimizers: tuple[Optimizer, ...] = _choices(
        tuple(Optimizer), "How weights follow gradients.", most=len(Optimizer)
    )
    max_parameters: int = parameter(
        50_000, meaning="Parameters that a network may have.", unit="parameters", ge=100, le=20_000_000
    )
