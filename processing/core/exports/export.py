"""A network as a file that others can read: JSON that a few lines evaluate, or ONNX of standard operators.

Both end where the environment begins: with the outputs of the network, and a sentence on what becomes of them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from processing.core.errors import Refused
from processing.core.exports.rules import rule_of
from processing.core.genomes.computation import Computation, computation_of_dense, computation_of_graph
from processing.core.genomes.graph_genes import genes_of
from processing.core.genomes.graphs import Graphs
from processing.core.rollouts.normalization import MOST_DEVIATIONS, Normalization
from processing.core.types import Genomes

FORMAT, VERSION = "neuroevolution network", 1
#: Larger networks are not written weight by weight.
MOST_WEIGHTS = 200_000


class ExportFormat(StrEnum):
    """What a file is written in."""

    ONNX = "ONNX"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says beside the network."""

    name: str  # of the agent
    fitness: float | None
    actions: str  # "choice", "commands" or "answers": what the environment takes the outputs for
    rule: str  # what becomes of the outputs, a sentence
    input_labels: tuple[str, ...]
    output_labels: tuple[str, ...]
    squashing: str = "identity"  # what the outputs go through; in the file it is part of the network
    scaling: Mapping[str, list[float]] | None = None  # `offset` and `scale`, which make answers of outputs


def facts_of(environment: Any, kind: Any, *, name: str, fitness: float | None) -> Facts:
    """The facts of an agent of this genome kind in this environment."""
    answers = environment.actions == "answers"
    scaling = environment.scaling(kind) if answers else None
    return Facts(
        name=name, fitness=fitness, actions=environment.actions, rule=rule_of(environment, kind),
        input_labels=tuple(environment.input_labels()), output_labels=tuple(environment.output_labels()),
        squashing=environment.squashing(kind) if answers else "identity",
        scaling=None if scaling is None else {"offset": scaling[0].tolist(), "scale": scaling[1].tolist()},
    )


def exported(
    kind: Any, genomes: Genomes, facts: Facts, format: ExportFormat, normalization: Normalization | None = None
) -> bytes:
    """The network of the first of these genomes as a file in this format.

    Args:
        normalization: what becomes of observations first; None where the network gets them as they are.
    Raises:
        Refused: it is too large to be written weight by weight, or has weights that JSON has no word for.
    """
    if format == ExportFormat.JSON:
        number = int(genomes.genes[0]) if isinstance(genomes, Graphs) else kind.number_of_weights
        if number > MOST_WEIGHTS:
            raise Refused(f"JSON: expected at most {MOST_WEIGHTS:,} weights, got {number:,}; take ONNX.")
        return json_of(computation_of(kind, genomes, squashing=facts.squashing), facts, normalization).encode()
    from processing.core.exports import onnx_model

    if isinstance(genomes, Graphs):
        return onnx_model.onnx_of(computation_of(kind, genomes), metadata_of(facts), normalization)
    layers, activation = kind.layers(genomes[0]), kind.parameters.activation.value
    return onnx_model.onnx_of_dense(layers, activation, metadata_of(facts), normalization, squashing=facts.squashing)


def formats_of(kind: Any, packed_bytes: int) -> tuple[ExportFormat, ...]:
    """The formats that a network is written in, by the length of its packed genome."""
    is_small = packed_bytes <= MOST_WEIGHTS * kind.bytes_per_weight
    return tuple(each for each in ExportFormat if is_small or each != ExportFormat.JSON)


def computation_of(kind: Any, genomes: Genomes, index: int = 0, *, squashing: str = "identity") -> Computation:
    """What the network of one of the genomes computes; `squashing` is what outputs without an activation go through."""
    if isinstance(genomes, Graphs):
        return computation_of_graph(genes_of(kind, genomes, index))
    return computation_of_dense(kind.layers(genomes[index]), kind.parameters.activation.value, squashing)


def json_of(computation: Computation, facts: Facts, normalization: Normalization | None = None) -> str:
    """The network as a JSON document; numbers as short as float32 can be told apart."""
    units = [
        {
            "id": unit.number, "activation": unit.activation, "bias": _short(unit.bias),
            "links": [[source, _short(weight)] for source, weight in unit.links],
        }
        for unit in computation.units
    ]
    head = {
        "format": FORMAT, "version": VERSION, **_head(facts), "inputs": computation.inputs, "passes": computation.passes,
        "normalization": None if normalization is None else _told(normalization),
    }
    try:
        return json.dumps({**head, "nodes": units, "outputs": computation.outputs}, allow_nan=False)
    except ValueError as error:
        raise Refused("JSON: expected finite numbers, got a weight that is infinite or none; take ONNX.") from error


def metadata_of(facts: Facts) -> dict[str, str]:
    """The facts as texts."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in _head(facts).items()}


def _head(facts: Facts) -> dict[str, Any]:
    """The facts that the network itself does not say; scaling only where there is some."""
    return {
        name: value for name, value in asdict(facts).items()
        if name != "squashing" and not (name == "scaling" and value is None)
    }


def _told(normalization: Normalization) -> dict[str, Any]:
    told = {name: [_short(value) for value in values.tolist()] for name, values in normalization._asdict().items()}
    return told | {"limit": float(MOST_DEVIATIONS)}


def _short(number: float) -> float:
    return float(f"{number:.9g}")
