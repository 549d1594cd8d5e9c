"""Genome kinds whose networks kernels evaluate: what the kernels, and the rooms around them, need of one."""

from typing import Any, Protocol

from processing.core.parameters import C
from processing.core.rollouts.actions import Range
from processing.core.rollouts.kernel import KernelInputs
from processing.core.types import GenomeKind, Genomes, V


class NetworkKind(GenomeKind[C, V], Protocol[C, V]):
    """A genome kind of networks with I inputs and K outputs.

    Attributes:
        inputs, outputs: I and K.
        output: how one of several actions is chosen, "argmax" or "softmax".
        output_range: the range of the outputs.
        output_activation: the transfer function of the outputs; None where the networks have none of their
            own.
        passes: synchronous passes in each step; 0 where units are computed in their order.
        parts: the slots of `rollouts/kernel.py` that the kind fills.
        special_parts: the same slots specialised for this shape; None where that gains nothing.
    """

    inputs: int
    outputs: int

    @property
    def output(self) -> str: ...
    @property
    def output_range(self) -> Range: ...
    @property
    def output_activation(self) -> str | None:
        """The transfer function of the outputs; None where the networks have none of their own."""
        return None

    @property
    def passes(self) -> int:
        """Synchronous passes in each step; 0 where units are computed in their order."""
        return 0

    @property
    def passes_parameter(self) -> tuple[str, int | None]:
        """The name and the value of the parameter that sets the passes; an empty name where there is none."""
        return "", None

    @property
    def remembers(self) -> bool:
        """Whether outputs depend on earlier observations."""
        return self.passes > 0

    @property
    def has_units_in_lanes(self) -> bool:
        """Whether kernels compute the units of one network side by side, instead of several networks."""
        return False

    @property
    def parts(self) -> dict[str, Any]: ...
    @property
    def special_parts(self) -> dict[str, Any] | None: ...

    def prepared(self, genomes: Genomes) -> KernelInputs:
        """Return the genomes in the form of the kernels, and the buffers that they need."""
        ...
