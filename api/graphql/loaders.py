"""Loaders of one request: each value is read once, and many of a kind in one statement.

A resolver that returns a list announces the keys of related values; the first value that is asked for loads
all that were announced.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import islice
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

from api.graphql.budgets import (
    CURVE_NUMBERS_AT_ONCE,
    GENOME_BYTES_AT_ONCE,
    SNAPSHOTS_AT_ONCE,
    STAGED_BYTES_AT_ONCE,
    Budget,
    Budgets,
)
from database import selectors
from database.errors import NotFound
from database.models import Generation, Instance, Replay, Species, SpeciesSnapshot
from database.packing import CurveShape
from database.selectors import AgentRecord, Curves, Progress
from processing.core.search.plan import Plan
from processing.core.steppers.recording import Recording
from processing.run import plan_of_work_item

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Keys in one statement.
MOST_AT_ONCE = 200


class Batch(Generic[K, V]):
    """Loads values by their keys; announced keys are loaded together with the one asked for."""

    def __init__(
        self, load: Callable[[list[K]], Mapping[K, V]], fitting: Callable[[list[K]], list[K]] = list
    ) -> None:
        """Make an empty batch.

        Args:
            load: reads the values of many keys.
            fitting: the keys that are loaded together: the first, and as many more as are not too large.
        """
        self._load, self._fitting = load, fitting
        self._waiting: dict[K, None] = {}
        self._found: dict[K, V | None] = {}

    def announce(self, keys: Iterable[K]) -> None:
        """Queue keys that may be asked for, ahead of all that were announced earlier."""
        new = dict.fromkeys(key for key in keys if key not in self._found)
        self._waiting = new | {key: None for key in self._waiting if key not in new} if new else self._waiting

    def keep(self, key: K, value: V) -> None:
        """Store a value that was read elsewhere."""
        self._found[key] = value

    def get(self, key: K) -> V | None:
        """The value of a key, loaded with announced ones where it is not known; None where there is none."""
        if key not in self._found:
            self._waiting.pop(key, None)
            keys = self._fitting([key, *islice(self._waiting, MOST_AT_ONCE - 1)])
            loaded = self._load(keys)
            for each in keys:
                self._waiting.pop(each, None)
                self._found[each] = loaded.get(each)
        return self._found[key]


class Context:
    """What resolvers share: the request, its budgets, and the values read for it.

    Values that are read announce others.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request, self.budgets = request, Budgets()
        self.instances: Batch[int, Instance] = Batch(self._instances)
        self.progress: Batch[int, Progress] = Batch(self._progress)
        self.generations: Batch[tuple[int, int], Generation] = Batch(self._generations)
        self.champions: Batch[tuple[int, int, int], AgentRecord] = Batch(self._agents)
        self.parents: Batch[tuple[int, int, int], AgentRecord] = Batch(self._agents)
        self.checkpoints: Batch[tuple[int, int], bool] = Batch(
            lambda keys: dict.fromkeys(selectors.with_checkpoint(keys), True)
        )
        self.generation_facts: Batch[tuple[int, int], Mapping[str, Any]] = Batch(
            selectors.facts_of_generations
        )
        self.normalizations: Batch[tuple[int, int], bool] = Batch(
            lambda keys: dict.fromkeys(selectors.with_normalization(keys), True)
        )
        self.genome_bytes: Batch[tuple[int, int, int], int] = Batch(selectors.genome_bytes_at)
        self.genomes: Batch[tuple[int, int, int], bytes] = Batch(selectors.genomes_at, self._fitting_genomes)
        self.curve_shapes: Batch[tuple[int, int], CurveShape] = Batch(selectors.curve_shapes_at)
        self.curves: Batch[tuple[int, int, int], Curves] = Batch(self._curves, self._fitting_curves)
        self.species: Batch[tuple[int, int], Species] = Batch(self._species)
        self.replays: Batch[tuple[int, int, int], list[Replay]] = Batch(selectors.replays_of)
        self.staged_bytes: Batch[int, int] = Batch(selectors.staged_bytes_at)
        self.staged: Batch[int, str] = Batch(selectors.staged_at, self._fitting_staged)
        self._snapshots: dict[tuple[int, int | None], Batch[tuple[int, int], list[SpeciesSnapshot]]] = {}
        self._histories: dict[int, Batch[tuple[int, int], list[SpeciesSnapshot]]] = {}
        # by species, those last read with it
        self._siblings: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._with_species: dict[tuple[int, int], None] = {}
        self.unpacked: dict[tuple[int, int, int], Any] = {}  # see `types/genomes.py`
        self.recordings: dict[int, Recording | None] = {}  # see `types/replays.py`
        self._plans: dict[int, Plan] = {}

    def plan(self, instance_id: int) -> Plan:
        """The plan of a run, made once in a request. Raises Refused where too much was read for plans."""
        if instance_id not in self._plans:
            work_item = self.instance(instance_id).work_item
            if "staged" in work_item.get_deferred_fields():
                work_item.staged = self.staged.get(work_item.pk) or ""
            self._plans[instance_id] = plan_of_work_item(work_item)
        return self._plans[instance_id]

    def instance(self, instance_id: int) -> Instance:
        """The run of a row that was just read. Raises NotFound where the run was deleted meanwhile."""
        instance = self.instances.get(instance_id)
        if instance is None:
            raise NotFound(f"Run {instance_id} was deleted meanwhile.")
        return instance

    def history(self, species: Species, max_points: int) -> list[SpeciesSnapshot]:
        """The snapshots of a species, thinned to `max_points`, read together with those of the same list."""
        if max_points not in self._histories:
            self._histories[max_points] = Batch(
                lambda keys: self._read_histories(keys, max_points),
                lambda keys: self._fitting_histories(keys, max_points)
            )
        address = species.instance_id, species.number
        batch = self._histories[max_points]
        batch.announce(self._siblings.get(address, ()))
        return batch.get(address) or []

    def species_in(self, generation: Generation, *, first: int, after: int | None) -> list[SpeciesSnapshot]:
        """The first species of a generation above `after`, read together with those of other generations."""
        if (first, after) not in self._snapshots:
            self._snapshots[first, after] = Batch(
                lambda keys: self._read_snapshots(keys, first, after),
                lambda keys: self._fitting_snapshots(keys, first)
            )
        batch = self._snapshots[first, after]
        batch.announce(self._with_species)
        return batch.get((generation.instance_id, generation.number)) or []

    def met(self, instances: Iterable[Instance]) -> None:
        """Keep runs that were read, and announce their champions, progress and staged texts."""
        found = list(instances)
        for each in found:
            self.instances.keep(each.pk, each)
        self.progress.announce(each.pk for each in found)
        self.staged.announce(each.work_item_id for each in found)
        self.champions.announce(
            (each.pk, each.champion_generation, each.champion_index)
            for each in found if each.champion_generation is not None and each.champion_index is not None
        )

    def met_generations(self, generations: Iterable[Generation]) -> None:
        """Keep generations that were read, and announce their champions, species, checkpoints and facts."""
        found = {(each.instance_id, each.number): each for each in generations}
        for address, each in found.items():
            self.generations.keep(address, each)
        self.checkpoints.announce(found)
        self.generation_facts.announce(found)
        self._with_species.update(
            dict.fromkeys(address for address, each in found.items() if each.species_count)
        )
        self.champions.announce(
            (*address, each.champion_index)
            for address, each in found.items() if each.champion_index is not None
        )

    def met_agents(self, agents: Iterable[AgentRecord]) -> None:
        """Announce what may be asked for of agents that were read, such as their parents and genomes."""
        found = list(agents)
        generations = [(each.instance_id, each.generation) for each in found]
        addresses = [(each.instance_id, each.generation, each.index) for each in found]
        for batch in (self.generations, self.normalizations, self.curve_shapes):
            batch.announce(generations)
        for of_agents in (self.genomes, self.genome_bytes, self.curves, self.replays):
            of_agents.announce(addresses)
        self.parents.announce((each.instance_id, *parent) for each in found for parent in each.parents)
        self.species.announce((each.instance_id, each.species) for each in found if each.species is not None)

    def met_species(self, species: Iterable[Species]) -> None:
        """Keep species that were read, and announce their champions and histories."""
        found = {(each.instance_id, each.number): each for each in species}
        for address, each in found.items():
            self.species.keep(address, each)
        together = list(found)
        self._siblings.update((address, together) for address in found)
        self.champions.announce(
            (each.instance_id, each.champion_generation, each.champion_index)
            for each in found.values()
            if each.champion_generation is not None and each.champion_index is not None
        )

    def met_snapshots(self, snapshots: Iterable[SpeciesSnapshot]) -> None:
        """Announce the species and champions of snapshots that were read."""
        found = list(snapshots)
        self.species.announce((each.instance_id, each.number) for each in found)
        self.champions.announce(
            (each.instance_id, each.generation, each.champion_index)
            for each in found if each.champion_index is not None
        )

    def _instances(self, keys: list[int]) -> Mapping[int, Instance]:
        found = selectors.instances_at(keys)
        self.met(found.values())
        return found

    def _generations(self, keys: list[tuple[int, int]]) -> Mapping[tuple[int, int], Generation]:
        found = selectors.generations_at(keys)
        self.met_generations(found.values())
        return found

    def _agents(self, keys: list[tuple[int, int, int]]) -> Mapping[tuple[int, int, int], AgentRecord]:
        found = selectors.agents_at(keys)
        self.met_agents(found.values())
        return found

    def _curves(self, keys: list[tuple[int, int, int]]) -> Mapping[tuple[int, int, int], Curves]:
        shapes = {key[:2]: self.curve_shapes.get(key[:2]) for key in keys}
        return selectors.curves_at(keys, {key: shape for key, shape in shapes.items() if shape is not None})

    def _species(self, keys: list[tuple[int, int]]) -> Mapping[tuple[int, int], Species]:
        found = selectors.species_at(keys)
        self.met_species(found.values())
        return found

    def _fitting_staged(self, keys: list[int]) -> list[int]:
        self.staged_bytes.announce(keys)
        return _fitting(
            keys, lambda key: self.staged_bytes.get(key) or 0, STAGED_BYTES_AT_ONCE, self.budgets.staged
        )

    def _fitting_genomes(self, keys: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        self.genome_bytes.announce(keys)
        return _fitting(
            keys, lambda key: self.genome_bytes.get(key) or 0, GENOME_BYTES_AT_ONCE, self.budgets.genomes
        )

    def _fitting_curves(self, keys: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        self.curve_shapes.announce(key[:2] for key in keys)

        def numbers(key: tuple[int, int, int]) -> int:
            shape = self.curve_shapes.get(key[:2])
            return 0 if shape is None else shape.numbers

        return _fitting(keys, numbers, CURVE_NUMBERS_AT_ONCE, self.budgets.curves)

    def _fitting_snapshots(self, keys: list[tuple[int, int]], first: int) -> list[tuple[int, int]]:
        self.generations.announce(keys)

        def rows(key: tuple[int, int]) -> int:
            generation = self.generations.get(key)
            return 0 if generation is None else min(first, generation.species_count or 0)

        return _fitting(keys, rows, SNAPSHOTS_AT_ONCE, self.budgets.snapshots)

    def _fitting_histories(self, keys: list[tuple[int, int]], max_points: int) -> list[tuple[int, int]]:
        self.instances.announce(instance_id for instance_id, _ in keys)

        def rows(key: tuple[int, int]) -> int:
            species = self.species.get(key)
            if species is None:
                return 0
            end = self.instance(key[0]).next_generation if species.extinct_in is None else species.extinct_in
            return min(max_points, max(end - species.born_in, 1))

        return _fitting(keys, rows, SNAPSHOTS_AT_ONCE, self.budgets.snapshots)

    def _read_snapshots(
        self, keys: list[tuple[int, int]], first: int, after: int | None
    ) -> Mapping[tuple[int, int], list[SpeciesSnapshot]]:
        found = selectors.snapshots_at(keys, first=first, after=after)
        for each in found.values():
            self.met_snapshots(each)
        return found

    def _read_histories(self, keys: list[tuple[int, int]], max_points: int) -> Mapping[
        tuple[int, int], list[SpeciesSnapshot]
    ]:
        found = selectors.histories_of(filter(None, map(self.species.get, keys)), max_points)
        for each in found.values():
            self.met_snapshots(each)
        return found

    def _progress(self, keys: list[int]) -> Mapping[int, Progress]:
        self.instances.announce(keys)
        return selectors.progress_of(filter(None, map(self.instances.get, keys)))


def _fitting(keys: list[K], size: Callable[[K], int], most: int, budget: Budget) -> list[K]:
    """The first key, and those after it while the sum of sizes is at most `most`. The budget is charged."""
    total = size(keys[0])
    chosen = keys[:1]
    for key in keys[1:]:
        if total + size(key) > most:
            break
        total += size(key)
        chosen.append(key)
    budget.spend(total)
    return chosen
