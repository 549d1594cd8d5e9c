"""Parts of a generation on their way to whoever evaluates them, and the results on their way back.

Packed as checkpoints are: a line of JSON, then bytes. Nothing in it can run code.
"""

from collections.abc import Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.core.packed import pack_values, unpack_values
from processing.core.types import Evaluations, Failure, GenomeKind, Population, Remark

_LINEAGE = ("operators", "mothers", "fathers", "ages")


def pack_slice(population: Population, first: int, last: int, kind: GenomeKind) -> bytes:
    """Agents first..last-1 of a population."""
    lineage = {name: getattr(population, name)[first:last] for name in _LINEAGE}
    genomes = kind.take(population.genomes, np.arange(first, last, dtype=np.int32))
    return pack_values({}, {"genomes": genomes, **lineage}, kind, genomes="genomes")


def unpack_slice(data: bytes, kind: GenomeKind) -> Population:
    """The agents that `pack_part` packed. Raises Broken."""
    _, values = unpack_values(data, kind)
    return Population(**values)


def joined(parts: Sequence[Population], kind: GenomeKind) -> Population:
    """The population that was cut into these parts, in their order."""
    lineage = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _LINEAGE}
    return Population(genomes=kind.join([part.genomes for part in parts]), **lineage)


def pack_results(evaluations: Evaluations, kind: GenomeKind) -> bytes:
    """What became of a part."""
    values = {field.name: getattr(evaluations, field.name) for field in fields(evaluations)}
    if not evaluations.remarks:
        del values["remarks"]
    return pack_values({}, values, kind, genomes=None)


def unpack_results(data: bytes, kind: GenomeKind) -> Evaluations:
    """What `pack_results` packed. Raises Broken."""
    _, values = unpack_values(data, kind)
    reasons = tuple((index, reason) for index, reason in values.pop("reasons", ()))
    remarks = tuple(Remark(*each) for each in values.pop("remarks", ()))
    return Evaluations(**values, reasons=reasons, remarks=remarks)


def joined_results(parts: Sequence[Evaluations]) -> Evaluations:
    """What became of the whole, from what became of its parts in their order."""
    names = [field.name for field in fields(Evaluations) if field.name not in ("reasons", "remarks")]
    firsts = list(accumulate((len(part) for part in parts), initial=0))
    reasons = tuple((first + index, why) for first, part in zip(firsts, parts, strict=False) for index, why in part.reasons)
    remarks = tuple(
        each._replace(agent=first + each.agent)
        for first, part in zip(firsts, parts, strict=False) for each in part.remarks
    )
    columns = {name: _joined([getattr(part, name) for part in parts], parts) for name in names}
    return Evaluations(**columns, reasons=reasons, remarks=remarks)


def _joined(columns: list[NDArray[Any] | None], parts: Sequence[Evaluations]) -> Any:
    """One column; where only some parts have it, as where agents were lost, the others have zeros."""
    known = [column for column in columns if column is not None]
    if not known:
        return None
    return np.concatenate([
        np.zeros((len(part), *known[0].shape[1:]), known[0].dtype) if column is None else column
        for column, part in zip(columns, parts, strict=True)
    ])


def lost(number: int) -> Evaluations:
    """What became of so many agents whose evaluation no worker survived."""
    return Evaluations(
        fitness=np.full(number, np.nan), steps=np.zeros(number, np.int32),
        failures=np.full(number, Failure.WORKER_LOST, np.uint8),
    )
