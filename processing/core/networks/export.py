"""A network as a file that others can read: JSON that a few lines evaluate, or ONNX of standard operators.

Both end where the environment begins: with the outputs of the network, and a sentence on what becomes of them.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from processing.core.actions import Range
from processing.core.errors import Refused
from processing.core.genomes.graphs import Graphs
from processing.core.networks.computation import Computation, computation_of_dense, computation_of_graph
from processing.core.networks.genes import genes_of
from processing.core.types import Genomes

FORMAT, VERSION = "neuroevolution network", 1
#: Larger networks of fixed shape are not written weight by weight.
MOST_WEIGHTS = 200_000

#: What the network's outputs are to the environment, and how one becomes an action.
_CHOICES = {
    "argmax": "The action is the number of the largest output, from 0; the first of equals.",
    "softmax": "The action is drawn: output k with probability e^(output k) / sum of e^(output).",
}
_COMMANDS = {
    Range.UNBOUNDED: "Each output goes through tanh", Range.UNIT: "Each output y becomes 2 y - 1",
    Range.SYMMETRIC: "Each output stays as it is",
}


class ExportFormat(StrEnum):
    """What a file is written in."""

    ONNX = "ONNX"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says beside the network."""

    name: str  # of the agent
    fitness: float | None
    actions: str  # "choice" or "commands": what the environment takes the outputs for
    rule: str  # how the outputs become an action, a sentence
    input_labels: tuple[str, ...]
    output_labels: tuple[str, ...]


def facts_of(environment: Any, kind: Any, *, name: str, fitness: float | None) -> Facts:
    """The facts of an agent of this genome kind in this environment."""
    actions = getattr(environment, "actions", "choice")
    return Facts(
        name=name, fitness=fitness, actions=actions,
        rule=rule_of(actions, kind.parameters.output.value, kind.output_range),
        input_labels=tuple(environment.input_labels()), output_labels=tuple(environment.output_labels()),
    )


def exported(kind: Any, genomes: Genomes, facts: Facts, format: ExportFormat) -> bytes:
    """The network of the first of these genomes as a file in this format.

    Raises:
        Refused: it is too large to be written weight by weight.
    """
    if format == ExportFormat.JSON:
        if not isinstance(genomes, Graphs) and kind.number_of_weights > MOST_WEIGHTS:
            raise Refused(f"JSON: expected at most {MOST_WEIGHTS:,} weights, got {kind.number_of_weights:,}; take ONNX.")
        return json_of(computation_of(kind, genomes), facts).encode()
    from processing.core.networks import onnx_model  # what it imports takes a quarter of a second

    if isinstance(genomes, Graphs):
        return onnx_model.onnx_of(computation_of(kind, genomes), metadata_of(facts))
    return onnx_model.onnx_of_dense(kind.layers(genomes[0]), kind.parameters.activation.value, metadata_of(facts))


def rule_of(actions: str, output: str, output_range: Range) -> str:
    """How the outputs become an action.

    Args:
        actions: "choice" or "commands".
        output: for a choice, "argmax" or "softmax".
        output_range: for commands, where the outputs of the genome kind lie.
    """
    if actions == "choice":
        return _CHOICES[output]
    return f"{_COMMANDS[output_range]}, is cut off at -1 and 1, and means that share of the command's bounds."


def computation_of(kind: Any, genomes: Genomes, index: int = 0) -> Computation:
    """What the network of one of the genomes computes."""
    if isinstance(genomes, Graphs):
        return computation_of_graph(genes_of(kind, genomes, index))
    return computation_of_dense(kind.layers(genomes[index]), kind.parameters.activation.value)


def json_of(computation: Computation, facts: Facts) -> str:
    """The network as a JSON document; numbers as short as float32 can be told apart."""
    units = [
        {
            "id": unit.number, "activation": unit.activation, "bias": _short(unit.bias),
            "links": [[source, _short(weight)] for source, weight in unit.links],
        }
        for unit in computation.units
    ]
    head = {
        "format": FORMAT, "version": VERSION, **asdict(facts), "inputs": computation.inputs, "passes": computation.passes,
    }
    return json.dumps({**head, "nodes": units, "outputs": computation.outputs}, allow_nan=False)


def metadata_of(facts: Facts) -> dict[str, str]:
    """The facts as texts."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in asdict(facts).items()}


def _short(number: float) -> float:
    return float(f"{number:.9g}")
