"""Slice payloads: agents of a generation for the worker that evaluates them, and their evaluations in return.

They are packed as checkpoints are: a line of JSON, then bytes. Unpacking them runs no code.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core.packed import pack_values, unpack_values
from processing.core.types import Evaluations, GenomeKind, Population, Remark

#: The columns of a population besides its genomes; absent ones are not packed.
_LINEAGE = ("operators", "mothers", "fathers", "ages", "father_ages")
#: Columns of evaluations that are packed where they are not empty.
_SELDOM = (
    "remarks", "metrics", "metric_names", "curves", "curve_names", "seconds", "known", "confusions",
    "trained_by",
)

#: Slices of a generation that wait or are evaluated at a time, at most.
MOST_SLICES = 1_000


def least_size(population: int) -> int:
    """Return the smallest number of agents in a slice of a generation of so many."""
    return -(-population // MOST_SLICES)


def pack_slice(population: Population, first: int, last: int, kind: GenomeKind) -> bytes:
    """Return the payload of agents first..last-1 of a population."""
    lineage = {name: column[first:last] for name, column in _lineage(population).items()}
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
    columns = [_lineage(each) for each in slices]
    lineage: dict[str, Any] = {
        name: np.concatenate([each[name] for each in columns]) for name in columns[0]
    }
    return Population(genomes=kind.join([each.genomes for each in slices]), **lineage)


def _lineage(population: Population) -> dict[str, NDArray[Any]]:
    """The columns of a population besides its genomes, without absent ones."""
    columns = {name: getattr(population, name) for name in _LINEAGE}
    return {name: column for name, column in columns.items() if column is not None}


def pack_results(evaluations: Evaluations, kind: GenomeKind) -> bytes:
    """Return the packed evaluations of a slice, all of whose agents were evaluated."""
    assert evaluations.agents is None, "of some agents only, whose runs are packed one by one"
    values = {field.name: getattr(evaluations, field.name) for field in fields(evaluations)}
    del values["agents"]
    for name in _SELDOM:
        if values[name] is None or len(values[name]) == 0:
            del values[name]
    return pack_values({}, values, kind, genomes=None)


class EqualTo(NamedTuple):
    """In place of the evaluation of an agent: it is that of an earlier one of the generation."""

    agent: int


def pack_equal(agent: int, kind: GenomeKind) -> bytes:
    """Return what stands for the evaluations of an agent whose genome is equal to that of another."""
    return pack_values({"equal_to": agent}, {}, kind, genomes=None)


def unpack_results(data: bytes, kind: GenomeKind) -> Evaluations | EqualTo:
    """Return the evaluations that `pack_results` packed, or what `pack_equal` did.

    Raises:
        Broken: the bytes are incomplete or not those of evaluations.
    """
    head, values = unpack_values(data, kind)
    if "equal_to" in head:
        return EqualTo(int(head["equal_to"]))
    reasons = tuple((index, reason) for index, reason in values.pop("reasons", ()))
    remarks = tuple(Remark(*each) for each in values.pop("remarks", ()))
    return Evaluations(
        metric_names=tuple(values.pop("metric_names", ())), curve_names=tuple(values.pop("curve_names", ())),
        trained_by=tuple(values.pop("trained_by", ())),
        **values, reasons=reasons, remarks=remarks,
    )
