"""Packed scalars of generations, and agent records read from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from database import packing
from database.models import Generation, agent_name

#: Maximum number of generations whose scalars are read in one statement.
BLOCKS_AT_ONCE = 16

Parent = tuple[int, int]  # (generation, index)


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """Conditions on agents; None, False and empty values do not filter."""

    champions_only: bool = False  # of each generation
    failed: bool | None = None  # True: without a fitness, False: with one
    operators: tuple[int, ...] = ()  # variation operators, by their number
    species: int | None = None  # species number
    minimum_fitness: float | None = None
    maximum_fitness: float | None = None
    generation_from: int | None = None
    generation_to: int | None = None


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """The values stored of one agent."""

    instance_id: int
    generation: int
    index: int
    fitness: float | None  # None where it failed
    # score that its strategy selected by; None where that was fitness, and where it failed
    score: float | None
    rank: int | None  # 1 is the best of its generation, ties by index; None where it failed
    steps: int  # of all its episodes
    operator: int  # variation operator, a value of `processing.core.types.Operator`
    failure: int  # a value of `Failure`; 0 where there is a fitness
    reason: str | None  # of the failure, as text; None where there is none
    mother: Parent | None  # None where it has none
    father: Parent | None
    species: int | None
    is_champion: bool  # of its generation
    is_viable: bool | None  # whether it reached the threshold; None where there is none
    # further numbers of its evaluation, by name; None where its generation has none
    metrics: Mapping[str, float] | None = field(default=None, hash=False)

    @property
    def name(self) -> str:
        """Its name for people, as in 42-7-13."""
        return agent_name(self.instance_id, self.generation, self.index)

    @property
    def state(self) -> str:
        """EVALUATED, or FAILED where there is no fitness."""
        return "FAILED" if self.failure else "EVALUATED"

    @property
    def parents(self) -> tuple[Parent, ...]:
        """Generation and index of its parents: none, one or two."""
        return tuple(each for each in (self.mother, self.father) if each is not None)


@dataclass(frozen=True, slots=True)
class Block:
    """The scalars of one generation."""

    instance_id: int
    number: int
    champion_index: int | None
    threshold: float | None
    scalars: packing.Scalars
    reasons: Mapping[int, str]  # of failures, by the agent's index
    scores: NDArray[np.float64] | None = None  # (N,) what the strategy selected by; None where it was fitness
    father_ages: NDArray[np.uint16] | None = None  # (N,) None where they are those of the mothers
    # M names and (N, M) values; None where there are none
    metrics: tuple[tuple[str, ...], NDArray[np.float64]] | None = None

    def record(self, index: int) -> AgentRecord:
        """Return the record of the agent at `index`."""
        columns = self.scalars
        fitness = _number(columns.fitness[index])
        score = None if self.scores is None else _number(self.scores[index])
        selected_by = fitness if self.scores is None else score
        return AgentRecord(
            instance_id=self.instance_id, generation=self.number, index=index, fitness=fitness,
            score=score, rank=None if fitness is None else self._rank(index, fitness),
            steps=int(columns.steps[index]), operator=int(columns.operators[index]),
            failure=int(columns.failures[index]), reason=self.reasons.get(index),
            mother=self._parent(columns.mothers[index], columns.ages[index]),
            father=self._parent(columns.fathers[index], self.ages_of_fathers[index]),
            species=_known(columns.species[index]), is_champion=index == self.champion_index,
            is_viable=None if self.threshold is None else selected_by is not None
            and selected_by >= self.threshold,
            metrics=self._metrics(index),
        )

    @property
    def ages_of_fathers(self) -> NDArray[np.uint16]:
        """(N,) generations between father and child, 0 where there are no parents."""
        return self.scalars.ages if self.father_ages is None else self.father_ages

    def children_of(self, generation: int, index: int) -> NDArray[np.intp]:
        """Return the indices of agents of which that agent is a parent."""
        columns, age = self.scalars, self.number - generation
        by_mother = (columns.mothers == index) & (columns.ages == age)
        by_father = (columns.fathers == index) & (self.ages_of_fathers == age)
        return np.flatnonzero(by_mother | by_father)

    def matches(self, filter: AgentFilter) -> NDArray[np.bool_]:
        """Return a mask, (N,), of the agents that match the filter, whose generation range is not checked."""
        fitness = self.scalars.fitness
        mask = np.ones(len(fitness), np.bool_)
        if filter.champions_only:
            mask &= np.arange(len(fitness)) == (-1 if self.champion_index is None else self.champion_index)
        if filter.failed is not None:
            mask &= np.isnan(fitness) == filter.failed
        if filter.operators:
            mask &= np.isin(self.scalars.operators, filter.operators)
        if filter.species is not None:
            mask &= self.scalars.species == filter.species
        if filter.minimum_fitness is not None:
            mask &= fitness >= filter.minimum_fitness
        if filter.maximum_fitness is not None:
            mask &= fitness <= filter.maximum_fitness
        return mask

    def _parent(self, index: Any, age: Any) -> Parent | None:
        """The address of a parent so many generations before; None where there is none."""
        return (self.number - int(age), int(index)) if age and index >= 0 else None

    def _metrics(self, index: int) -> Mapping[str, float] | None:
        if self.metrics is None:
            return None
        names, values = self.metrics
        return dict(zip(names, values[index].tolist(), strict=True))

    def _rank(self, index: int, fitness: float) -> int:
        values = self.scalars.fitness
        return 1 + int(np.count_nonzero(values > fitness)) + int(np.count_nonzero(values[:index] == fitness))


def blocks_of(instance_id: int, numbers: list[int]) -> Iterator[Block]:
    """Yield the scalars of these generations in the order given.

    Generations that do not exist are left out.
    """
    for start in range(0, len(numbers), BLOCKS_AT_ONCE):
        group = numbers[start : start + BLOCKS_AT_ONCE]
        chosen = rows_with_scalars().filter(instance=instance_id, number__in=group)
        rows = {row.number: row for row in chosen}
        yield from (block_of(rows[number]) for number in group if number in rows)


def rows_with_scalars() -> QuerySet[Generation]:
    """Select generations with what `block_of` needs of them."""
    return Generation.objects.only("instance", "number", "size", "champion_index", "threshold", "scalars")


def block_of(row: Generation) -> Block:
    packed = row.scalars, row.size
    return Block(
        row.instance_id, row.number, row.champion_index, row.threshold, packing.unpack(*packed),
        packing.unpack_reasons(*packed), packing.unpack_scores(*packed), packing.unpack_father_ages(*packed),
        packing.unpack_metrics(*packed),
    )


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _known(index: Any) -> int | None:
    return None if index < 0 else int(index)
