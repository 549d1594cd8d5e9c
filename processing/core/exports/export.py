"""A network as a file for other programs: JSON that is easily evaluated, or ONNX of standard operators.

Both contain the network up to its outputs, and a sentence on how the outputs become an action.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast

from processing.core.errors import Refused
from processing.core.exports.rules import rule_of
from processing.core.genomes.computation import Computation
from processing.core.problem import Problem
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.rollouts.normalization import MOST_DEVIATIONS, Normalization
from processing.core.types import GenomeKind, Genomes
from processing.core.views import view_of

FORMAT, VERSION = "neuroevolution network", 1
#: Networks with more weights are not written as JSON.
MOST_WEIGHTS = 200_000


class ExportFormat(StrEnum):
    """The formats of a file."""

    ONNX = "ONNX"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a file contains besides the network."""

    name: str  # of the agent
    fitness: float | None
    actions: str  # how the problem uses the outputs: "choice", "commands" or "answers"
    rule: str  # how outputs become an action, a sentence
    input_labels: tuple[str, ...]
    output_labels: tuple[str, ...]
    squashing: str = "identity"  # transfer function of the outputs; the file has it as part of the network
    scaling: Mapping[str, list[float]] | None = None  # `offset` and `scale`, which turn outputs into answers


def facts_of(problem: Problem, kind: GenomeKind, *, name: str, fitness: float | None) -> Facts:
    """Return the facts of an agent of this genome kind in this problem.

    Raises:
        Refused: networks of this kind are not written to files.
    """
    _check(kind)
    networks = cast(NetworkKind, kind)  # kinds that are written to files are of networks
    scaling = problem.scaling(networks)
    return Facts(
        name=name, fitness=fitness, actions=problem.actions, rule=rule_of(problem, kind),
        input_labels=tuple(problem.input_labels()), output_labels=tuple(problem.output_labels()),
        squashing=problem.squashing(networks),
        scaling=None if scaling is None else {"offset": scaling[0].tolist(), "scale": scaling[1].tolist()},
    )


def exported(
    kind: GenomeKind, genomes: Genomes, facts: Facts, format: ExportFormat,
    normalization: Normalization | None = None
) -> bytes:
    """Return the network of the first genome as a file in this format.

    Args:
        normalization: how observations are normalised first; None where they are not.
    Raises:
        Refused: networks of this kind are not written to files; or JSON was asked for, and the network has
            more than MOST_WEIGHTS weights or a weight that is not finite.
    """
    _check(kind)
    if format == ExportFormat.JSON:
        number = view_of(kind).size(kind, genomes)
        if number > MOST_WEIGHTS:
            raise Refused(f"JSON: expected at most {MOST_WEIGHTS:,} weights, got {number:,}; take ONNX.")
        return json_of(_computation(kind, genomes, facts), facts, normalization).encode()
    from processing.core.exports import onnx_model

    network = view_of(kind).fully_connected(kind, genomes)
    if network is None:
        return onnx_model.onnx_of(_computation(kind, genomes, facts), metadata_of(facts), normalization)
    return onnx_model.onnx_of_dense(*network, metadata_of(facts), normalization, squashing=facts.squashing)


def formats_of(kind: GenomeKind, packed_bytes: int) -> tuple[ExportFormat, ...]:
    """Return the formats in which a network can be written, by the length of its packed genome."""
    if view_of(kind).export_refusal is not None:
        return ()
    is_small = packed_bytes <= MOST_WEIGHTS * kind.bytes_per_weight
    return tuple(each for each in ExportFormat if is_small or each != ExportFormat.JSON)


def json_of(computation: Computation, facts: Facts, normalization: Normalization | None = None) -> str:
    """Return the network as a JSON document, with as many digits as distinguish float32 numbers.

    Raises:
        Refused: a weight is not finite.
    """
    units = [
        {
            "id": unit.number, "activation": unit.activation, "bias": _short(unit.bias),
            "links": [[source, _short(weight)] for source, weight in unit.links],
        }
        for unit in computation.units
    ]
    head = {
        "format": FORMAT, "version": VERSION, **_head(facts), "inputs": computation.inputs,
        "passes": computation.passes,
        "normalization": None if normalization is None else _normalization_fields(normalization),
    }
    try:
        return json.dumps({**head, "nodes": units, "outputs": computation.outputs}, allow_nan=False)
    except ValueError as error:
        raise Refused(
            "JSON: expected finite numbers, got a weight that is infinite or none; take ONNX."
        ) from error


def metadata_of(facts: Facts) -> dict[str, str]:
    """Return the facts as texts by name."""
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in _head(facts).items()
    }


def _check(kind: GenomeKind) -> None:
    """Check that networks of this kind are written to files. Raises Refused."""
    if (sentence := view_of(kind).export_refusal) is not None:
        raise Refused(sentence)


def _computation(kind: GenomeKind, genomes: Genomes, facts: Facts) -> Computation:
    found = view_of(kind).computation(kind, genomes, squashing=facts.squashing)
    assert found is not None, f"{type(kind).__name__} is written to files, but a genome has no computation"
    return found


def _head(facts: Facts) -> dict[str, Any]:
    """The facts that the network itself does not contain; `scaling` only where there is one."""
    return {
        name: value for name, value in asdict(facts).items()
        if name != "squashing" and not (name == "scaling" and value is None)
    }


def _normalization_fields(normalization: Normalization) -> dict[str, Any]:
    fields = {
        name: [_short(value) for value in values.tolist()] for name, values in normalization._asdict().items()
    }
    return fields | {"limit": float(MOST_DEVIATIONS)}


def _short(number: float) -> float:
    return float(f"{number:.9g}")
