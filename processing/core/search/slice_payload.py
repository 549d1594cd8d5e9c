"""Slice payloads: agents of a generation for the worker that evaluates them, and their evaluations in return.

They are packed as checkpoints are: a line of JSON, then bytes. Unpacking them runs no code.
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
    """Return the payload of agents first..last-1 of a population."""
    lineage = {name: getattr(population, name)[first:last] for name in _LINEAGE}
    genomes = kind.take(population.genomes, np.arange(first, last, dtype=np.int32))
    return pack_values({}, {"genomes": genomes, **lineage}, kind, genomes="genomes")


def unpack_slice(data: bytes, kind: GenomeKind) -> Population:
    """Return the agents that `pack_slice` packed.

    Raises:
        Broken: the bytes are incomplete or not those of a slice.
    """
    _, values = unpack_values(data, kind)
    return Population(**values)


def joined(slices: Sequence[Population], kind: GenomeKind) -> Population:
    """Return the population that was cut into these slices, in their order."""
    lineage = {name: np.concatenate([getattr(each, name) for each in slices]) for name in _LINEAGE}
    return Population(genomes=kind.join([each.genomes for each in slices]), **lineage)


def pack_results(evaluations: Evaluations, kind: GenomeKind) -> bytes:
    """Return the packed evaluations of a slice."""
    values = {field.name: getattr(evaluations, field.name) for field in fields(evaluations)}
    if not evaluations.remarks:
        del values["remarks"]
    return pack_values({}, values, kind, genomes=None)


def unpack_results(data: bytes, kind: GenomeKind) -> Evaluations:
    """Return the evaluations that `pack_results` packed.

    Raises:
        Broken: the bytes are incomplete or not those of evaluations.
    """
    _, values = unpack_values(data, kind)
    reasons = tuple((index, reason) for index, reason in values.pop("reasons", ()))
    remarks = tuple(Remark(*each) for each in values.pop("remarks", ()))
    return Evaluations(**values, reasons=reasons, remarks=remarks)


def joined_results(slices: Sequence[Evaluations]) -> Evaluations:
    """Return the evaluations of a generation, from those of its slices in their order."""
    names = [field.name for field in fields(Evaluations) if field.name not in ("reasons", "remarks")]
    firsts = list(accumulate((len(each) for each in slices), initial=0))
    reasons = tuple(
        (first + index, why) for first, each in zip(firsts, slices, strict=False)
        for index, why in each.reasons
    )
    remarks = tuple(
        remark._replace(agent=first + remark.agent)
        for first, each in zip(firsts, slices, strict=False) for remark in each.remarks
    )
    columns = {name: _joined([getattr(each, name) for each in slices], slices) for name in names}
    return Evaluations(**columns, reasons=reasons, remarks=remarks)


def _joined(columns: list[NDArray[Any] | None], slices: Sequence[Evaluations]) -> Any:
    """Join one column; slices that do not have it, such as those whose agents were lost, get zeros."""
    known = [column for column in columns if column is not None]
    if not known:
        return None
    return np.concatenate([
        np.zeros((len(each), *known[0].shape[1:]), known[0].dtype) if column is None else column
        for column, each in zip(columns, slices, strict=True)
    ])


def lost(number: int) -> Evaluations:
    """Return the evaluations of `number` agents that failed with WORKER_LOST."""
    return Evaluations(
        fitness=np.full(number, np.nan), steps=np.zeros(number, np.int32),
        failures=np.full(number, Failure.WORKER_LOST, np.uint8),
    )
