"""The species of a closed generation: who is in them, how long they have stood still, who may be a parent."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from processing.core.types import Float64Array, Int32Array, SpeciesSnapshot, UInt8Array

_NAMES = "species."  # what their entries in a strategy's state begin with


class Species(NamedTuple):
    """S species in the order of their birth, after the last generation."""

    numbers: Int32Array  # (S,) from 0 over the whole run
    born_in: Int32Array  # (S,) generation
    best: Float64Array  # (S,) best fitness ever; -inf before there was one
    stagnation: Int32Array  # (S,) generations since it rose
    purged: UInt8Array  # (S,) 1 where it is punished for the rest of its life
    offspring: Int32Array  # (S,) children in the next generation
    firsts: Int32Array  # (S,) place in the pool of the champion; its other parents follow
    parents: Int32Array  # (S,) how many there are, 1 or more


def nobody() -> Species:
    """No species."""
    whole = np.zeros(0, np.int32)
    return Species(whole, whole, np.zeros(0), whole, np.zeros(0, np.uint8), whole, whole, whole)


def grown(species: Species, founded: int, *, first: int, generation: int) -> Species:
    """The species and those founded in this generation, which have numbers from `first` on."""
    new = nobody()._replace(
        numbers=np.arange(first, first + founded, dtype=np.int32), born_in=np.full(founded, generation, np.int32),
        best=np.full(founded, -np.inf), purged=np.zeros(founded, np.uint8),
        **{name: np.zeros(founded, np.int32) for name in ("stagnation", "offspring", "firsts", "parents")},
    )
    columns: list[Any] = [np.concatenate((getattr(species, name), getattr(new, name))) for name in Species._fields]
    return Species(*columns)


def chosen(species: Species, places: list[int]) -> Species:
    """Some of the species."""
    columns: list[Any] = [column[places] for column in species]
    return Species(*columns)


def members(places: Int32Array, fitness: Float64Array, number: int) -> list[Int32Array]:
    """The agents of each of so many species, best first, ties by index, those that failed last.

    Args:
        places: (N,) each agent's species, from 0 on; fitness: (N,) NaN where an agent failed.
    """
    order = np.lexsort((-fitness, places)).astype(np.int32)
    found: list[Int32Array] = np.split(order, np.cumsum(np.bincount(places, minlength=number))[:-1])
    return found


def improved(species: Species, bests: list[float | None]) -> Species:
    """The species after a generation with these best fitnesses; None where all agents of one failed."""
    now = np.array([-np.inf if best is None else best for best in bests])
    better = now > species.best
    return species._replace(
        best=np.where(better, now, species.best), stagnation=np.where(better, 0, species.stagnation + 1).astype(np.int32)
    )


def purged(species: Species, bests: list[float | None], *, oldest_birth: int) -> Species:
    """The species, of which one is punished from now on: the worst of those born in that generation or before.

    Where none is so old it is the best of all, which frees a search that has gathered about a false summit.
    """
    ranks = [(-np.inf if best is None else best, -place) for place, best in enumerate(bests)]
    old = [rank for rank, born_in in zip(ranks, species.born_in, strict=True) if born_in <= oldest_birth]
    marks = species.purged.copy()
    marks[-(min(old) if old else max(ranks))[1]] = 1
    return species._replace(purged=marks)


def snapshots(
    species: Species, groups: list[Int32Array], bests: list[float | None], means: list[float | None],
    adjusted: list[float | None], offspring: Int32Array,
) -> tuple[SpeciesSnapshot, ...]:
    """What is to be told of each species."""
    return tuple(
        SpeciesSnapshot(
            number=int(species.numbers[place]), born_in=int(species.born_in[place]), size=len(group),
            champion=None if bests[place] is None else int(group[0]), best_fitness=bests[place], mean_fitness=means[place],
            adjusted_fitness=adjusted[place], generations_since_improvement=int(species.stagnation[place]),
            offspring=int(offspring[place]),
        )
        for place, group in enumerate(groups)
    )


def stored(species: Species) -> dict[str, Any]:
    """The species as entries of a strategy's state."""
    return {_NAMES + name: column for name, column in species._asdict().items()}


def restored(state: Mapping[str, Any]) -> Species:
    """The species that `stored` put into a state."""
    return Species(*(state[_NAMES + name] for name in Species._fields))
