"""The species of a closed generation: their members, stagnation and parents."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from processing.core.kernels.build import compiled
from processing.core.kernels.roles import kernel
from processing.core.types import Float64Array, Int32Array, Int64Array, SpeciesSnapshot, UInt8Array

_NAMES = "species."  # prefix of their entries in a strategy's state
_LARGEST = np.finfo(np.float64).max


class Species(NamedTuple):
    """S species after the last generation, in the order in which they were founded."""

    numbers: Int32Array  # (S,) from 0 over the whole run
    born_in: Int32Array  # (S,) generation
    best: Float64Array  # (S,) best fitness ever; -inf before there was one
    stagnation: Int32Array  # (S,) generations since it rose
    purged: UInt8Array  # (S,) 1 where it is penalised permanently
    offspring: Int32Array  # (S,) children in the next generation
    firsts: Int32Array  # (S,) index in the pool of the champion; its other parents follow
    parents: Int32Array  # (S,) number of its parents, >= 1


def no_species() -> Species:
    """Return an empty table of species."""
    whole = np.zeros(0, np.int32)
    return Species(whole, whole, np.zeros(0), whole, np.zeros(0, np.uint8), whole, whole, whole)


def grown(species: Species, founded: int, *, first: int, generation: int) -> Species:
    """Return the species together with `founded` new ones.

    Args:
        first: number of the first new species.
        generation: that in which they were founded.
    """
    new = no_species()._replace(
        numbers=np.arange(first, first + founded, dtype=np.int32),
        born_in=np.full(founded, generation, np.int32),
        best=np.full(founded, -np.inf), purged=np.zeros(founded, np.uint8),
        **{name: np.zeros(founded, np.int32) for name in ("stagnation", "offspring", "firsts", "parents")},
    )
    columns: list[Any] = [
        np.concatenate((getattr(species, name), getattr(new, name))) for name in Species._fields
    ]
    return Species(*columns)


def chosen(species: Species, places: Int64Array) -> Species:
    """Return the species with the indices `places`."""
    columns: list[Any] = [column[places] for column in species]
    return Species(*columns)


class Members(NamedTuple):
    """The agents of each of S species, and their fitness."""

    order: Int32Array  # (N,) agents by species; in each the best first, ties by index, failed ones last
    starts: Int64Array  # (S + 1,) index in `order` of the first agent of each species
    sizes: Int64Array  # (S,) 1 or more
    able: Int64Array  # (S,) agents that did not fail
    bests: Float64Array  # (S,) best fitness; NaN where all failed
    means: Float64Array  # (S,) mean fitness of those that did not fail; NaN where all did

    @property
    def champions(self) -> Int32Array:
        """The best agent of each species, (S,); any of its agents where all failed."""
        return self.order[self.starts[:-1]]


def members(places: Int32Array, fitness: Float64Array, number: int) -> tuple[Members, Int64Array]:
    """Group the agents by species.

    Args:
        places: (N,) int32, each agent's species, from 0 to number - 1.
        fitness: (N,) float64, NaN where an agent failed.
    Returns:
        The members of the S species that have any; and the indices of these species, (S,) int64.
    """
    order = np.lexsort((-fitness, places)).astype(np.int32)
    sizes = np.bincount(places, minlength=number)
    present = np.flatnonzero(sizes)
    sizes = sizes[present]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    failed = np.isnan(fitness)
    able = sizes - totals(failed.astype(np.float64), order, starts).astype(np.int64)
    sums = totals(np.where(failed, 0.0, fitness), order, starts)
    means = np.where(able > 0, sums / np.maximum(able, 1), np.nan)
    return Members(order, starts, sizes, able, fitness[order[starts[:-1]]], means), present


def totals(values: Float64Array, order: Int32Array, starts: Int64Array) -> Float64Array:
    """Return the sum of the values of each group of agents, added in the order of the agents.

    Args:
        values: (N,) float64; order: (N,) int32; starts: (S + 1,) int64, both as in `Members`.
    Returns:
        (S,) float64.
    """
    found = np.zeros(len(starts) - 1)
    with np.errstate(over="ignore", invalid="ignore"):
        compiled(fill_totals)(values, order, starts, found)
    return found


@kernel
def fill_totals(values, order, starts, found):
    """Fill `found`, (S,) float64, zeros; the other arguments are those of `totals`."""
    for group in range(found.size):
        for at in range(starts[group], starts[group + 1]):
            found[group] += values[order[at]]


def improved(species: Species, bests: Float64Array) -> Species:
    """Update best fitness and stagnation by the generation's bests, (S,), NaN where all agents failed."""
    now = np.where(np.isnan(bests), -np.inf, bests)
    better = now > species.best
    return species._replace(
        best=np.where(better, now, species.best),
        stagnation=np.where(better, 0, species.stagnation + 1).astype(np.int32)
    )


def purged(species: Species, bests: Float64Array, *, oldest_birth: int) -> Species:
    """Penalise one species permanently: the worst of those founded in generation `oldest_birth` or before.

    Where none is so old, it is the best of all, which frees a search that is stuck at a local optimum.

    Args:
        bests: (S,) float64, the generation's best fitness of each species; NaN where all its agents failed.
    """
    now = np.where(np.isnan(bests), -np.inf, bests)
    old, marks = species.born_in <= oldest_birth, species.purged.copy()
    marks[np.flatnonzero(old & (now == now[old].min()))[-1] if old.any() else np.argmax(now)] = 1
    return species._replace(purged=marks)


def snapshots(
    species: Species, groups: Members, adjusted: Float64Array, offspring: Int32Array, *, unit: float
) -> tuple[SpeciesSnapshot, ...]:
    """Return the snapshot of each species. Values beyond the range of float64 become the largest number.

    Args:
        adjusted: (S,) float64, the sums of shared fitness, in `unit`.
        offspring: (S,) int32, children in the next generation.
        unit: the one that `allocation.shareable` returned.
    """
    with np.errstate(over="ignore"):
        adjusted = np.clip(adjusted * unit, 0.0, _LARGEST)
    columns = (
        species.numbers, species.born_in, groups.sizes, groups.champions, groups.bests,
        np.clip(groups.means, -_LARGEST, _LARGEST), adjusted, species.stagnation, offspring,
    )
    found = [SpeciesSnapshot._make(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    for place in np.flatnonzero(groups.able == 0).tolist():
        found[place] = found[place]._replace(
            champion=None, best_fitness=None, mean_fitness=None, adjusted_fitness=None
        )
    return tuple(found)


def stored(species: Species) -> dict[str, Any]:
    """Return the species as entries of a strategy's state."""
    return {_NAMES + name: column for name, column in species._asdict().items()}


def restored(state: Mapping[str, Any]) -> Species:
    """Return the species that `stored` put into a state."""
    return Species(*(state[_NAMES + name] for name in Species._fields))
