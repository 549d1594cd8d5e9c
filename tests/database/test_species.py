"""Species as rows, and the family tree that the packed scalars hold."""

import random

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from database import selectors, services
from database.models import Event, EventType, Generation, Instance, InstanceState, Species, SpeciesSnapshot
from database.selectors import AgentFilter
from database.services.species import NewSnapshot, record_species
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def divided() -> Instance:
    """A run of four generations: species 0 dies out, 1 lives on, 2 is born later."""
    instance = builders.generation(builders.run(), [1.0, 4.0, 2.0, None], species=[0, 0, 1, 1])
    instance = builders.generation(instance, [1.5, 3.0, 2.5, 1.0], mothers=[1, 1, 2, 2], species=[0, 1, 1, 1])
    instance = builders.generation(
        instance, [None, 2.0, 5.0, 1.0], mothers=[1, 1, 2, 2], species=[1, 1, 2, 2]
    )
    return builders.generation(instance, [3.5, 2.0, 1.0, 1.0], mothers=[0, 1, 2, 2], species=[1, 1, 2, 2])


# What is written


def test_a_species_is_known_from_its_first_generation_to_the_first_without_it(divided: Instance) -> None:
    found = [
        (each.number, each.born_in, each.extinct_in, each.size) for each in selectors.species_of(divided.pk)
    ]
    assert found == [(0, 0, 2, 1), (1, 0, None, 2), (2, 2, None, 2)]


def test_a_species_remembers_the_best_of_its_life_and_who_that_was(divided: Instance) -> None:
    found = [
        (each.best_fitness, each.champion_generation, each.champion_index)
        for each in selectors.species_of(divided.pk)
    ]
    assert found == [(4.0, 0, 1), (3.5, 3, 0), (5.0, 2, 2)]


def test_a_species_of_agents_that_all_failed_has_no_champion() -> None:
    instance = builders.generation(builders.run(), [None, 1.0], species=[0, 1])
    lost, other = selectors.species_of(instance.pk)
    assert (lost.best_fitness, lost.champion_generation, lost.champion_index) == (None, None, None)
    snapshot = SpeciesSnapshot.objects.get(number=0)
    assert (snapshot.size, snapshot.best_fitness, snapshot.champion_index) == (1, None, None)
    assert other.best_fitness == 1.0


def test_every_generation_has_a_snapshot_of_each_of_its_species(divided: Instance) -> None:
    found = selectors.snapshots_at([(divided.pk, number) for number in range(5)])
    told = {
        number: [(row.number, row.size, row.best_fitness, row.champion_index) for row in rows]
        for (_, number), rows in found.items()
    }
    assert told == {
        0: [(0, 2, 4.0, 1), (1, 2, 2.0, 2)], 1: [(0, 1, 1.5, 0), (1, 3, 3.0, 1)],
        2: [(1, 2, 2.0, 1), (2, 2, 5.0, 2)], 3: [(1, 2, 3.5, 0), (2, 2, 1.0, 2)],
    }
    assert list(Generation.objects.order_by("number").values_list("species_count", flat=True)) == [2, 2, 2, 2]


def test_births_and_deaths_of_a_generation_are_an_event_each(divided: Instance) -> None:
    types = [EventType.SPECIES_CREATED, EventType.SPECIES_EXTINCT]
    events = selectors.events(divided.pk, types=types).items
    assert [(event.type, event.generation, event.message, event.data) for event in events] == [
        ("SPECIES_CREATED", 0, "New species: 0, 1.", {"species": [0, 1], "count": 2}),
        ("SPECIES_CREATED", 2, "New species: 2.", {"species": [2], "count": 1}),
        ("SPECIES_EXTINCT", 2, "Extinct species: 0.", {"species": [0], "count": 1}),
    ]
    sequences = [event.sequence for event in selectors.events(divided.pk, first=100).items]
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_run_without_species_has_none() -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0])
    assert selectors.species_of(instance.pk) == []
    assert Generation.objects.get().species_count is None


def new(number: int, born_in: int = 0) -> NewSnapshot:
    return NewSnapshot(
        number=number, born_in=born_in, size=1, champion=0, best_fitness=1.0, mean_fitness=None,
        adjusted_fitness=0.5, generations_since_improvement=0, offspring=1,
    )


def test_species_take_few_statements_however_many_they_are() -> None:
    instance = builders.run()

    def statements(generation: int, numbers: range) -> int:
        with CaptureQueriesContext(connection) as queries:
            record_species(
                instance=instance, generation=generation, snapshots=[new(number) for number in numbers]
            )
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    many = 1 if connection.vendor == "postgresql" else 11  # SQLite takes some 100 rows at a time
    assert statements(0, range(2)) <= 4
    assert statements(1, range(2, 1002)) <= 4 + many
    assert statements(2, range(1001, 1003)) <= 5
    assert Species.objects.filter(extinct_in=1).count() == 2
    assert Species.objects.filter(extinct_in=2).count() == 999
    assert list(Species.objects.filter(extinct_in=None).values_list("number", flat=True)) == [1001, 1002]


def test_species_die_out_in_a_statement_that_names_none_of_them() -> None:
    instance = builders.run()
    record_species(instance=instance, generation=0, snapshots=[new(number) for number in range(5_000)])
    with CaptureQueriesContext(connection) as queries:
        record_species(instance=instance, generation=1, snapshots=[new(5_000, 1)])
    assert Species.objects.filter(extinct_in=1).count() == 5_000
    assert max(len(each["sql"]) for each in queries if each["sql"].startswith("UPDATE")) < 500
    event = Event.objects.get(type=EventType.SPECIES_EXTINCT)
    assert (len(event.data["species"]), event.data["count"]) == (1_000, 5_000)
    assert event.message.endswith("and 4992 more.")


def test_a_species_has_one_row_and_one_snapshot_a_generation(divided: Instance) -> None:
    for model in (Species, SpeciesSnapshot):
        row = model._default_manager.first()
        assert row is not None
        row.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_species_are_deleted_with_their_run(divided: Instance) -> None:
    other = builders.generation(builders.run(), [1.0], species=[0])
    builders.generation(divided, [1.0], species=[1], state=InstanceState.PAUSED)
    services.delete_instance(instance_id=divided.pk)
    assert set(Species.objects.values_list("instance", flat=True)) == {other.pk}
    assert set(SpeciesSnapshot.objects.values_list("instance", flat=True)) == {other.pk}


def test_pruning_keeps_the_history_of_species(divided: Instance) -> None:
    builders.generation(divided, [1.0], species=[1], state=InstanceState.SUCCEEDED)
    before = SpeciesSnapshot.objects.count()
    services.prune(older_than_days=0)
    assert SpeciesSnapshot.objects.count() == before
    services.prune(older_than_days=0, runs=True)
    assert not SpeciesSnapshot.objects.exists()
    assert not Species.objects.exists()


# What is read


def test_species_are_filtered_and_paged_by_number(divided: Instance) -> None:
    def numbers(**which: object) -> list[int]:
        return [each.number for each in selectors.species_of(divided.pk, **which)]  # type: ignore[arg-type]

    assert (numbers(alive=True), numbers(alive=False)) == ([1, 2], [0])
    assert (numbers(first=2), numbers(after=1)) == ([0, 1], [2])


def test_the_histories_of_many_species_take_few_statements_and_can_be_thinned() -> None:
    instance = builders.run()
    for _ in range(30):
        instance = builders.generation(instance, [1.0, 2.0], species=[0, 1])
    found = selectors.species_of(instance.pk)
    with CaptureQueriesContext(connection) as queries:
        histories = selectors.histories_of(found, 500)
    assert len(queries) == 2
    assert [[row.generation for row in rows] for rows in histories.values()] == [list(range(30))] * 2
    thinned = selectors.histories_of(found, 5)[instance.pk, 0]
    assert [row.generation for row in thinned] == [0, 6, 12, 18, 24, 29]


def test_shares_tell_the_largest_species_and_all_others_together() -> None:
    instance = builders.run()
    instance = builders.generation(instance, [1.0] * 6, species=[0, 0, 0, 1, 1, 2])
    instance = builders.generation(instance, [1.0] * 6, species=[0, 1, 1, 1, 3, 3])
    found = selectors.shares(instance.pk, most=2)
    assert (found.generations, found.sizes, found.others) == ([0, 1], {0: [3, 1], 1: [2, 3]}, [1, 2])
    assert found.alive == 3
    assert selectors.shares(instance.pk + 1) == selectors.Shares([], {}, [], 0)


def test_shares_count_all_that_are_alive_however_few_are_told_apart() -> None:
    instance = builders.generation(builders.run(), [1.0] * 60, species=[*range(40), *range(20)])
    instance = builders.generation(instance, [1.0] * 60, species=[*range(35), *[34] * 25])
    found = selectors.shares(instance.pk)
    assert (len(found.sizes), found.alive) == (24, 35)


def test_agents_are_found_by_their_species(divided: Instance) -> None:
    page = selectors.agents(divided.pk, filter=AgentFilter(species=2))
    assert [(agent.generation, agent.index) for agent in page.items] == [(2, 2), (2, 3), (3, 2), (3, 3)]
    assert selectors.count_agents(divided.pk, AgentFilter(species=1)) == 9
    assert selectors.count_agents(divided.pk, AgentFilter(species=7)) == 0


# Family trees


def tree_by_rows(run: Instance, root: tuple[int, int], depth: int) -> set[tuple[int, int]]:
    """The ancestors up to so many births back, agent by agent."""
    found, border = {root}, {root}
    for _ in range(depth):
        agents = [selectors.agent(run.pk, *place) for place in border]
        border = {parent for agent in agents if agent for parent in agent.parents}
        found |= border
    return found


@pytest.fixture
def family() -> Instance:
    """A run of 40 generations of random families, whose parents are 1 to 3 generations back."""
    numbers, instance = random.Random(7), builders.run()
    for generation in range(40):
        age = min(generation, numbers.choice([1, 1, 1, 2, 3]))
        mothers = [numbers.randrange(6) for _ in range(6)] if age else None
        fathers = [numbers.choice([-1, numbers.randrange(6)]) for _ in range(6)] if age else None
        fitness = [numbers.choice([None, *[numbers.uniform(-1.0, 1.0)] * 5]) for _ in range(6)]
        instance = builders.generation(instance, fitness, mothers=mothers, fathers=fathers, age=age or 1)
    return instance


@pytest.mark.parametrize("depth", [0, 1, 3, 12, 100])
def test_a_lineage_holds_all_ancestors_up_to_its_depth(family: Instance, depth: int) -> None:
    found = selectors.lineage((family.pk, 39, 2), max_depth=depth)
    assert found is not None
    places = [(agent.generation, agent.index) for agent in found.agents]
    assert set(places) == tree_by_rows(family, (39, 2), depth)
    assert len(places) == len(set(places))
    assert found.is_truncated == any(
        parent not in places for agent in found.agents for parent in agent.parents
    )
    assert found.is_truncated == (depth < 100)


def test_parents_come_before_their_children_and_every_birth_is_an_edge(family: Instance) -> None:
    found = selectors.lineage((family.pk, 39, 2), max_depth=100)
    assert found is not None
    order = {(agent.generation, agent.index): place for place, agent in enumerate(found.agents)}
    edges = [((a.generation, a.index), (b.generation, b.index)) for a, b in found.edges]
    assert all(order[parent] < order[child] for parent, child in edges)
    births = {(parent, (agent.generation, agent.index)) for agent in found.agents for parent in agent.parents}
    assert set(edges) == births
    assert len(edges) == len(births)


def test_the_line_follows_the_fitter_parent(family: Instance) -> None:
    found = selectors.lineage((family.pk, 39, 2), max_depth=100)
    assert found is not None
    assert found.line[-1] == found.root
    assert found.line[0].parents == ()
    for parent, child in zip(found.line, found.line[1:], strict=False):
        assert (parent.generation, parent.index) in child.parents
        for place in child.parents:
            other = selectors.agent(family.pk, *place)
            assert other is not None
            assert other.fitness is None or (parent.fitness is not None and other.fitness <= parent.fitness)


@pytest.mark.parametrize("most", [1, 5, 500])
def test_the_line_alone_is_that_of_the_whole_family(family: Instance, most: int) -> None:
    whole = selectors.lineage((family.pk, 39, 2), max_depth=100)
    assert whole is not None
    with CaptureQueriesContext(connection) as queries:
        found = selectors.line((family.pk, 39, 2), most=most)
    assert found == whole.line[-most:]
    assert len(queries) <= 1 + 40 // 16 + 1
    assert selectors.line((family.pk, 40, 0), most=most) == []


@pytest.mark.parametrize(("fitness", "fitter"), [
    ([None, -1.0], 1), ([-1.0, None], 0), ([-1.0, -0.5], 1), ([0.5, 0.5], 0), ([None, None], 0),
    ([None, 0.0], 1),
])
def test_a_parent_that_failed_is_the_less_fit_and_of_equals_the_mother_counts(
    fitness: list[float | None], fitter: int
) -> None:
    instance = builders.generation(builders.run(), fitness)
    instance = builders.generation(instance, [1.0], mothers=[0], fathers=[1])
    found = selectors.lineage((instance.pk, 1, 0), max_depth=5)
    assert found is not None
    assert [(each.generation, each.index) for each in found.line] == [(0, fitter), (1, 0)]


def test_a_large_family_is_cut_short_at_its_oldest(family: Instance) -> None:
    found = selectors.lineage((family.pk, 39, 2), max_depth=100, most=20)
    whole = selectors.lineage((family.pk, 39, 2), max_depth=100)
    assert found is not None
    assert whole is not None
    assert (len(found.agents), found.is_truncated, len(whole.agents) > 40) == (20, True, True)
    oldest = found.agents[0].generation
    younger = [each for each in whole.agents if each.generation > oldest]
    assert [each for each in found.agents if each.generation > oldest] == younger
    assert all(each in whole.agents for each in found.agents)
    assert found.line == whole.line[-len(found.line):]


def test_a_family_tree_takes_a_statement_for_every_16_generations(family: Instance) -> None:
    with CaptureQueriesContext(connection) as queries:
        selectors.lineage((family.pk, 39, 2), max_depth=100)
    assert len(queries) <= 1 + 40 // 16 + 1


def test_nobody_has_no_lineage(family: Instance) -> None:
    assert selectors.lineage((family.pk, 39, 6), max_depth=5) is None
    assert selectors.lineage((family.pk, 40, 0), max_depth=5) is None


# Genomes of many


def test_genomes_of_many_agents_come_from_rows_and_checkpoints_in_few_statements() -> None:
    instance = builders.run()
    for _ in range(12):
        instance = builders.generation(instance, [1.0, 3.0, 2.0], keep_every=5)
    wanted = [(instance.pk, generation, index) for generation in range(13) for index in range(4)]
    with CaptureQueriesContext(connection) as queries:
        found = selectors.genomes_at(wanted)
    assert found == {each: genome for each in wanted if (genome := selectors.genome_of(*each)) is not None}
    assert {(generation, index) for _, generation, index in found} == {
        *((generation, 1) for generation in range(12)),
        *((generation, index) for generation in (0, 5, 10, 11) for index in range(3)),
    }
    assert len(queries) <= 2 + 3 * 4
