"""The toy network: one layer without a hidden one, whose parameters are none of the server's own."""

import math
from typing import Any, ClassVar

from processing.core.genomes.dense import Activation, Dense, Initializer
from processing.core.parameters import Parameters, parameter


class LinearParameters(Parameters):
    """A network without hidden units."""

    hidden: ClassVar[tuple[int, ...]] = ()
    activation: ClassVar[Activation] = Activation.IDENTITY
    initializer: ClassVar[Initializer] = Initializer.XAVIER_UNIFORM
    bias: bool | None = parameter(None, meaning="Whether outputs have a bias; null: where there are several.")
    draws: bool = parameter(False, meaning="Whether actions are drawn, by softmax.")


class Linear(Dense):
    """The weights of a network without hidden units."""

    Parameters = LinearParameters

    def __init__(self, parameters: Any, shapes: tuple[int, int]) -> None:
        """Take the numbers of inputs and outputs in another form than the server's own kinds."""
        super().__init__(parameters, inputs=shapes[0], outputs=shapes[1])

    @classmethod
    def of(
        cls, parameters: Any, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "Linear":
        return Linear(parameters, (math.prod(input_shape), math.prod(output_shape)))

    @classmethod
    def fitted(
        cls, parameters: Any, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> Any:
        if parameters.bias is not None:
            return parameters
        return parameters.model_copy(update={"bias": math.prod(output_shape) > 1})

    @property
    def output(self) -> str:
        parameters: Any = self.parameters
        return "softmax" if parameters.draws else "argmax"
