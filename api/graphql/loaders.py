"""What one request has read: each thing once, and many of a kind in one statement.

Whoever hands out a list announces what its rows may be asked for; the first that is asked loads all that were announced.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from django.http import HttpRequest

from database import selectors
from database.errors import NotFound
from database.models import Generation, Instance, Species, SpeciesSnapshot
from database.selectors import AgentRecord, Progress
from processing.core.errors import Refused
from processing.core.plan import Plan
from processing.run import plan_of_work_item

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Keys in one statement.
MOST_AT_ONCE = 200
#: Environment steps that one request may have lived again; they take seconds.
MOST_STEPS = 60_000


class Batch(Generic[K, V]):
    """Loads values by their keys, those announced together with the one asked for."""

    def __init__(self, load: Callable[[list[K]], Mapping[K, V]]) -> None:
        self._load = load
        self._waiting: dict[K, None] = {}
        self._found: dict[K, V | None] = {}

    def announce(self, keys: Iterable[K]) -> None:
        """These may be asked for."""
        self._waiting.update(dict.fromkeys(key for key in keys if key not in self._found))

    def keep(self, key: K, value: V) -> None:
        """This is known already."""
        self._found[key] = value

    @property
    def found(self) -> list[K]:
        """The keys of what is known."""
        return [key for key, value in self._found.items() if value is not None]

    def get(self, key: K) -> V | None:
        """The value; None where there is none."""
        if key not in self._found:
            self._waiting.pop(key, None)
            keys = [key, *list(self._waiting)[: MOST_AT_ONCE - 1]]
            loaded = self._load(keys)
            for each in keys:
                self._waiting.pop(each, None)
                self._found[each] = loaded.get(each)
        return self._found[key]


class Context:
    """What resolvers share: the request, and what was read for it. What is read announces what may be asked of it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.instances: Batch[int, Instance] = Batch(self._instances)
        self.progress: Batch[int, Progress] = Batch(self._progress)
        self.generations: Batch[tuple[int, int], Generation] = Batch(self._generations)
        self.champions: Batch[tuple[int, int, int], AgentRecord] = Batch(self._agents)
        self.parents: Batch[tuple[int, int, int], AgentRecord] = Batch(self._agents)
        self.checkpoints: Batch[tuple[int, int], bool] = Batch(
            lambda keys: dict.fromkeys(selectors.with_checkpoint(keys), True)
        )
        self.genomes: Batch[tuple[int, int, int], bytes] = Batch(selectors.genomes_at)
        self.species: Batch[tuple[int, int], Species] = Batch(self._species)
        self.snapshots: Batch[tuple[int, int], list[SpeciesSnapshot]] = Batch(self._snapshots)
        self._histories: dict[int, Batch[tuple[int, int], list[SpeciesSnapshot]]] = {}
        self._plans: dict[int, Plan] = {}
        self._steps = 0

    def plan(self, instance_id: int) -> Plan:
        """The plan of a run."""
        if instance_id not in self._plans:
            self._plans[instance_id] = plan_of_work_item(self.instance(instance_id).work_item)
        return self._plans[instance_id]

    def instance(self, instance_id: int) -> Instance:
        """The run of something that was just read."""
        instance = self.instances.get(instance_id)
        if instance is None:
            raise NotFound(f"Run {instance_id} was deleted meanwhile.")
        return instance

    def history(self, species: Species, max_points: int) -> list[SpeciesSnapshot]:
        """What a species was in its generations, read together with those of all others that were met."""
        if max_points not in self._histories:
            self._histories[max_points] = Batch(lambda keys: self._lived(keys, max_points))
        batch = self._histories[max_points]
        batch.announce(self.species.found)
        return batch.get((species.instance_id, species.number)) or []

    def spend(self, steps: int) -> None:
        """Count steps that are lived again. Raises Refused where they are too many in one request."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise Refused(f"One request replays at most {MOST_STEPS:,} steps. Ask for fewer episodes at a time.")

    def met(self, instances: Iterable[Instance]) -> None:
        """These runs were read, and may be asked for their champions and their progress."""
        for each in instances:
            self.instances.keep(each.pk, each)
            self.progress.announce([each.pk])
            if each.champion_generation is not None and each.champion_index is not None:
                self.champions.announce([(each.pk, each.champion_generation, each.champion_index)])

    def met_generations(self, generations: Iterable[Generation]) -> None:
        """These generations were read, and may be asked for their champions and checkpoints."""
        for each in generations:
            address = (each.instance_id, each.number)
            self.generations.keep(address, each)
            self.checkpoints.announce([address])
            self.snapshots.announce([address])
            if each.champion_index is not None:
                self.champions.announce([(*address, each.champion_index)])

    def met_agents(self, agents: Iterable[AgentRecord]) -> None:
        """These agents were read, and may be asked for their generations and parents."""
        for each in agents:
            self.generations.announce([(each.instance_id, each.generation)])
            self.parents.announce((each.instance_id, *parent) for parent in each.parents)
            if each.species is not None:
                self.species.announce([(each.instance_id, each.species)])

    def met_species(self, species: Iterable[Species]) -> None:
        """These species were read, and may be asked for their champions and their histories."""
        for each in species:
            self.species.keep((each.instance_id, each.number), each)
            if each.champion_generation is not None and each.champion_index is not None:
                self.champions.announce([(each.instance_id, each.champion_generation, each.champion_index)])

    def met_snapshots(self, snapshots: Iterable[SpeciesSnapshot]) -> None:
        """These were read, and may be asked for their species and champions."""
        for each in snapshots:
            self.species.announce([(each.instance_id, each.number)])
            if each.champion_index is not None:
                self.champions.announce([(each.instance_id, each.generation, each.champion_index)])

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

    def _species(self, keys: list[tuple[int, int]]) -> Mapping[tuple[int, int], Species]:
        found = selectors.species_at(keys)
        self.met_species(found.values())
        return found

    def _snapshots(self, keys: list[tuple[int, int]]) -> Mapping[tuple[int, int], list[SpeciesSnapshot]]:
        found = selectors.snapshots_at(keys)
        for each in found.values():
            self.met_snapshots(each)
        return found

    def _lived(self, keys: list[tuple[int, int]], max_points: int) -> Mapping[tuple[int, int], list[SpeciesSnapshot]]:
        found = selectors.histories_of(filter(None, map(self.species.get, keys)), max_points)
        for each in found.values():
            self.met_snapshots(each)
        return found

    def _progress(self, keys: list[int]) -> Mapping[int, Progress]:
        self.instances.announce(keys)
        return selectors.progress_of(filter(None, map(self.instances.get, keys)))
