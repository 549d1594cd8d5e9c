"""What can be read from the archive, and in which order."""

import math
import random
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from database import selectors, services
from database.models import Checkpoint, EventType, Instance, InstanceState, Slice, Worker
from database.selectors import (
    AgentFilter,
    AgentOrder,
    AgentRecord,
    BadCursor,
    InstanceFilter,
    InstanceOrder,
    Page,
    WorkItemFilter,
    WorkItemOrder,
)
from database.selectors.generations import thinned
from processing.core.types import Operator
from tests import builders

pytestmark = pytest.mark.django_db


def all_of(read: Callable[[Any], Page[Any]]) -> list[Any]:
    """Everything that a list has, page by page."""
    found, after = [], None
    while True:
        page = read(after)
        found += page.items
        if not page.has_next:
            return found
        after = page.cursors[-1]


def places(agents: list[AgentRecord]) -> list[tuple[int, int]]:
    return [(agent.generation, agent.index) for agent in agents]


@pytest.fixture
def played() -> Instance:
    """A run of three generations, with ties and failures."""
    instance = builders.run()
    instance = builders.generation(instance, [1.0, 3.0, None, 3.0])
    instance = builders.generation(
        instance, [None, 2.0, 5.0, 1.0], mothers=[1, 1, 3, 0], fathers=[3, -1, -1, -1]
    )
    return builders.generation(instance, [None, None, None, None], mothers=[1, 1, 1, 1], age=2)


# What agents say of themselves


def test_an_agent_knows_its_rank_and_ties_go_to_the_lower_index(played: Instance) -> None:
    ranks = [agent.rank for agent in selectors.agents(played.pk, filter=AgentFilter(generation_to=0)).items]
    assert ranks == [3, 1, None, 2]


def test_a_failed_agent_has_neither_fitness_nor_rank_and_never_wins(played: Instance) -> None:
    agent = selectors.agent(played.pk, 0, 2)
    assert agent is not None
    assert (agent.fitness, agent.rank, agent.state, agent.is_champion) == (None, None, "FAILED", False)
    assert [each.fitness for each in selectors.champions(played.pk).items] == [3.0, 5.0]


def test_an_agent_names_its_parents_by_generation_and_index(played: Instance) -> None:
    found = {place: selectors.agent(played.pk, *place) for place in ((0, 0), (1, 0), (1, 1), (2, 3))}
    assert [agent and agent.parents for agent in found.values()] == [
        (), ((0, 1), (0, 3)), ((0, 1),), ((0, 1),)
    ]


def test_an_agent_is_viable_where_it_reaches_the_threshold() -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0, None], threshold=2.0)
    assert [agent.is_viable for agent in selectors.agents(instance.pk).items] == [False, True, False]


def test_there_is_no_agent_beyond_a_generation(played: Instance) -> None:
    assert [selectors.agent(played.pk, *place) for place in ((0, 4), (0, -1), (3, 0))] == [None, None, None]
    assert selectors.agent(played.pk + 1, 0, 0) is None


def test_the_champion_of_a_run_is_the_best_of_all_generations(played: Instance) -> None:
    champion = selectors.champion(played)
    assert champion is not None
    assert (champion.generation, champion.index, champion.fitness) == (1, 2, 5.0)
    assert selectors.champion(builders.run()) is None


def test_agents_at_many_addresses_take_one_statement(played: Instance) -> None:
    with CaptureQueriesContext(connection, ) as queries:
        found = selectors.agents_at(
            [(played.pk, 0, 0), (played.pk, 1, 2), (played.pk, 0, 3), (played.pk, 9, 0)]
        )
    assert len(queries) == 1
    assert {place[1:]: agent.fitness for place, agent in found.items()} == {
        (0, 0): 1.0, (1, 2): 5.0, (0, 3): 3.0
    }


# Lists of agents


def test_agents_come_in_the_order_of_generation_and_index_either_way(played: Instance) -> None:
    every = [(generation, index) for generation in range(3) for index in range(4)]
    forward = all_of(lambda after: selectors.agents(played.pk, first=5, after=after))
    back = all_of(lambda after: selectors.agents(played.pk, descending=True, first=5, after=after))
    assert places(forward) == every
    assert places(back) == every[::-1]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("first", [1, 3, 50])
def test_agents_by_fitness_come_as_a_plain_sort_has_them(descending: bool, first: int) -> None:
    draw = random.Random(first)
    instance = builders.run()
    expected = []
    for number in range(15):
        fitness = [draw.choice([None, 0.0, 1.0, 2.5, -3.0, draw.gauss(number / 10, 1)]) for _ in range(7)]
        instance = builders.generation(instance, fitness)
        expected += [(value, number, index) for index, value in enumerate(fitness)]
    sign = -1 if descending else 1
    expected.sort(key=lambda entry: (entry[0] is None, sign * (entry[0] or 0.0), entry[1:]))
    found = all_of(
        lambda after: selectors.agents(
            instance.pk, order=AgentOrder.FITNESS, descending=descending, first=first, after=after
        )
    )
    assert [(agent.fitness, agent.generation, agent.index) for agent in found] == expected


@pytest.mark.parametrize(("filter", "expected"), [
    (AgentFilter(champions_only=True), [(0, 1), (1, 2)]),
    (AgentFilter(failed=True), [(0, 2), (1, 0), (2, 0), (2, 1), (2, 2), (2, 3)]),
    (AgentFilter(failed=False, generation_from=1), [(1, 1), (1, 2), (1, 3)]),
    (AgentFilter(minimum_fitness=3.0), [(0, 1), (0, 3), (1, 2)]),
    (AgentFilter(maximum_fitness=1.0), [(0, 0), (1, 3)]),
    (AgentFilter(operators=(Operator.INITIAL,)), [(0, 0), (0, 1), (0, 2), (0, 3)]),
    (AgentFilter(generation_from=1, generation_to=1, minimum_fitness=2.0), [(1, 1), (1, 2)]),
    (AgentFilter(generation_from=7), []),
])
def test_agents_can_be_filtered_and_counted(
    played: Instance, filter: AgentFilter, expected: list[tuple[int, int]]
) -> None:
    assert places(
        all_of(lambda after: selectors.agents(played.pk, filter=filter, first=2, after=after))
    ) == expected
    assert selectors.count_agents(played.pk, filter) == len(expected)


def test_the_best_agents_of_a_long_run_are_found_in_few_of_its_generations() -> None:
    instance = builders.run()
    for number in range(100):
        instance = builders.generation(instance, [float(number), 0.0])
    with CaptureQueriesContext(connection) as queries:
        page = selectors.agents(instance.pk, order=AgentOrder.FITNESS, descending=True, first=3)
    assert [agent.fitness for agent in page.items] == [99.0, 98.0, 97.0]
    assert len(queries) == 2  # which generations, and the scalars of the most promising ones


def test_filtered_agents_are_not_counted_where_there_are_too_many(
    played: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("database.selectors.agents"), "MOST_COUNTED", 5)
    assert selectors.count_agents(played.pk, AgentFilter(minimum_fitness=0.0)) is None
    assert selectors.count_agents(played.pk) == 12


@pytest.mark.parametrize(
    "cursor", [(), (1,), ("a", 1), (1, 2, 3, 4), (0, 2**40), (None, None), (True, False)]
)
def test_a_cursor_of_another_list_is_refused(played: Instance, cursor: tuple[Any, ...]) -> None:
    with pytest.raises(BadCursor):
        selectors.agents(played.pk, after=cursor)
    with pytest.raises(BadCursor):
        selectors.agents(played.pk, order=AgentOrder.FITNESS, after=("x", 1, 2))


def test_offspring_are_found_in_all_later_generations(played: Instance) -> None:
    children = all_of(lambda after: selectors.offspring(played.pk, 0, 1, first=2, after=after))
    assert places(children) == [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3)]
    assert places(selectors.offspring(played.pk, 0, 3).items) == [(1, 0), (1, 2)]
    assert selectors.offspring(played.pk, 2, 0).items == []


# Parents of several generations


@pytest.fixture
def mixed() -> Instance:
    """A run whose last agents have fathers of other generations than their mothers."""
    instance = builders.generation(builders.run(), [1.0, 9.0, 3.0])
    instance = builders.generation(instance, [2.0, 5.0, 4.0], mothers=[0, 1, 2])
    return builders.generation(
        instance, [6.0, 7.0, 8.0, 0.0], mothers=[1, 0, 2, 1], fathers=[1, 2, 2, -1], father_ages=[2, 1, 2, 0]
    )


def test_mother_and_father_may_be_of_different_generations(mixed: Instance) -> None:
    found = [selectors.agent(mixed.pk, 2, index) for index in range(4)]
    assert [agent and agent.parents for agent in found] == [
        ((1, 1), (0, 1)), ((1, 0), (1, 2)), ((1, 2), (0, 2)), ((1, 1),)
    ]


def test_offspring_of_a_father_of_an_older_generation_are_found(mixed: Instance) -> None:
    of_first = all_of(lambda after: selectors.offspring(mixed.pk, 0, 1, first=1, after=after))
    assert places(of_first) == [(1, 1), (2, 0)]
    assert places(selectors.offspring(mixed.pk, 1, 1).items) == [(2, 0), (2, 3)]
    assert places(selectors.offspring(mixed.pk, 1, 2).items) == [(2, 1), (2, 2)]


def test_a_lineage_holds_parents_of_all_generations(mixed: Instance) -> None:
    found = selectors.lineage((mixed.pk, 2, 0), max_depth=9)
    assert found is not None
    assert places(found.agents) == [(0, 1), (1, 1), (2, 0)]
    edges = {((a.generation, a.index), (b.generation, b.index)) for a, b in found.edges}
    assert edges == {((1, 1), (2, 0)), ((0, 1), (2, 0)), ((0, 1), (1, 1))}
    assert not found.is_truncated
    shallow = selectors.lineage((mixed.pk, 2, 2), max_depth=1)
    assert shallow is not None
    assert places(shallow.agents) == [(0, 2), (1, 2), (2, 2)]


def test_a_line_follows_the_fitter_parent_into_an_older_generation(mixed: Instance) -> None:
    address = (mixed.pk, 2, 0)
    found = selectors.lineage(address, max_depth=9)
    assert found is not None
    assert places(found.line) == places(selectors.line(address, most=9)) == [(0, 1), (2, 0)]


def test_a_line_finds_fathers_beyond_the_generations_that_are_read_together(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("database.selectors.lineage"), "BLOCKS_AT_ONCE", 2)
    instance = builders.generation(builders.run(), [9.0, 1.0])
    for number in range(1, 7):
        instance = builders.generation(
            instance, [float(number), 0.0], mothers=[0, 1], fathers=[0, -1], father_ages=[number, 0]
        )
    assert places(selectors.line((instance.pk, 6, 0), most=9)) == [(0, 0), (6, 0)]
    assert places(selectors.line((instance.pk, 6, 1), most=9)) == [(number, 1) for number in range(7)]


# Metrics, curves and figures


METRICS = {"accuracy": [0.5, 0.75, math.nan], "parameters": [10.0, 20.0, 30.0]}
CURVES = {"loss": [[3.0, 2.0, 1.0], [5.0], []], "accuracy": [[0.25, math.nan, 0.5], [], []]}


@pytest.fixture
def trained() -> Instance:
    """A run of one generation with metrics, curves and figures, and one without."""
    instance = builders.generation(
        builders.run(), [1.0, 2.0, None], metrics=METRICS, curves=CURVES, figures={"sigma": 0.5}
    )
    return builders.generation(instance, [1.0, 2.0, 3.0])


def test_an_agent_has_its_own_metrics(trained: Instance) -> None:
    first, second, failed = (selectors.agent(trained.pk, 0, index) for index in range(3))
    assert first is not None
    assert second is not None
    assert failed is not None
    assert first.metrics == {"accuracy": 0.5, "parameters": 10.0}
    assert second.metrics == {"accuracy": 0.75, "parameters": 20.0}
    assert failed.metrics is not None
    assert math.isnan(failed.metrics["accuracy"])
    assert hash(first) != hash(second)
    without = selectors.agent(trained.pk, 1, 0)
    assert without is not None
    assert without.metrics is None


def test_curves_of_an_agent_end_with_their_last_values(trained: Instance) -> None:
    found = selectors.curves_of(trained.pk, 0, 0)
    assert found is not None
    assert found["loss"] == [3.0, 2.0, 1.0]
    assert [None if math.isnan(value) else value for value in found["accuracy"]] == [0.25, None, 0.5]
    assert selectors.curves_of(trained.pk, 0, 1) == {"loss": [5.0]}
    assert selectors.curves_of(trained.pk, 0, 2) == {}
    assert [
        selectors.curves_of(trained.pk, *place) for place in ((0, 3), (0, -1), (1, 0), (9, 0))
    ] == [None] * 4


def test_curves_of_many_agents_take_two_statements_and_read_no_others() -> None:
    instance = builders.run()
    for number in range(3):
        curves = {"loss": [[float(100 * number + agent), 0.5] for agent in range(5)]}
        instance = builders.generation(instance, [1.0] * 5, curves=curves)
    wanted = [(instance.pk, 0, 4), (instance.pk, 1, 0), (instance.pk, 1, 3), (instance.pk, 2, 2)]
    with CaptureQueriesContext(connection) as queries:
        found = selectors.curves_at([*wanted, (instance.pk, 2, 5)])
    assert {place: curves["loss"][0] for place, curves in found.items()} == {
        (instance.pk, number, agent): 100 * number + agent for _, number, agent in wanted
    }
    assert len(queries) == 2
    assert all("SUBSTR" in query["sql"].upper() for query in queries)


def test_curves_of_more_agents_than_fit_in_a_statement_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("database.selectors.curves"), "MOST_AGENTS", 2)
    losses = [[float(agent)] for agent in range(5)]
    instance = builders.generation(builders.run(), [1.0] * 5, curves={"loss": losses})
    found = selectors.curves_at((instance.pk, 0, agent) for agent in range(5))
    assert [curves["loss"] for curves in found.values()] == losses


def test_curves_with_long_names_are_found_too() -> None:
    curves = {f"{letter * 2_000}": [[1.0, 2.0], [3.0]] for letter in "ab"}
    instance = builders.generation(builders.run(), [1.0, 2.0], curves=curves)
    assert selectors.curves_of(instance.pk, 0, 1) == {name: [3.0] for name in curves}


def test_lists_of_generations_have_figures_but_read_no_curves(trained: Instance) -> None:
    rows = selectors.generations(trained.pk).items
    assert [row.figures for row in rows] == [{"sigma": 0.5}, None]
    assert "curves" in rows[0].get_deferred_fields()


# Genomes


def test_a_genome_comes_from_the_agents_row_or_else_from_the_checkpoint() -> None:
    instance = builders.run()
    for _ in range(3):
        instance = builders.generation(instance, [1.0, 2.0, 3.0], keep_every=0)
    # a row: the champion
    assert selectors.genome_of(instance.pk, 0, 2) == builders.genomes_of(0, 3)[2].tobytes()
    # in the newest checkpoint
    assert selectors.genome_of(instance.pk, 2, 1) == builders.genomes_of(2, 3)[1].tobytes()
    assert selectors.genome_of(instance.pk, 0, 1) is None  # kept nowhere
    assert [
        selectors.genome_of(instance.pk, *place) for place in ((2, 3), (2, -1), (9, 0))
    ] == [None, None, None]


def test_a_slice_of_a_checkpoint_does_not_read_all_of_it() -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0])
    with CaptureQueriesContext(connection) as queries:
        selectors.genome_of(instance.pk, 0, 0)
    assert "SUBSTR" in queries[-1]["sql"].upper()
    assert Checkpoint.objects.count() == 1


# Generations and statistics


def test_statistics_keep_the_first_the_last_and_every_record() -> None:
    bests: list[tuple[int, float | None]] = [
        (number, float(number in range(500, 1000))) for number in range(1000)
    ]
    kept = thinned(bests, 20)
    assert {0, 500, 999} <= set(kept)
    assert len(kept) == 20
    assert kept == sorted(set(kept))


def test_records_are_kept_even_where_they_are_more_than_the_points_asked_for() -> None:
    bests: list[tuple[int, float | None]] = [(0, None), *((number, float(number)) for number in range(1, 30))]
    assert thinned(bests, 5) == list(range(30))


def test_statistics_of_a_part_of_a_run() -> None:
    instance = builders.run()
    for number in range(30):
        instance = builders.generation(instance, [float(number % 7)])
    assert [
        row.number for row in selectors.statistics(instance.pk, first_number=3, last_number=5)
    ] == [3, 4, 5]
    thin = [row.number for row in selectors.statistics(instance.pk, max_points=10)]
    assert len(thin) == 10
    assert set(range(7)) | {29} <= set(thin)
    assert selectors.statistics(builders.run().pk) == []


def test_generations_come_in_pages_without_their_scalars(played: Instance) -> None:
    found = all_of(lambda after: selectors.generations(played.pk, first=2, after=after))
    assert [row.number for row in found] == [0, 1, 2]
    assert "scalars" in found[0].get_deferred_fields()
    assert selectors.generation(played.pk, 3) is None
    assert selectors.count_generations(played.pk) == 3


def test_checkpoints_are_known_of_many_generations_at_once(played: Instance) -> None:
    assert selectors.with_checkpoint([(played.pk, 0), (played.pk, 1), (played.pk, 2)]) == {
        (played.pk, 0), (played.pk, 2)
    }


def test_a_sparkline_has_few_points_and_the_last_generation() -> None:
    instance = builders.run()
    for number in range(25):
        instance = builders.generation(instance, [float(number)])
    idle = builders.run(name="idle")
    lines = selectors.sparklines([instance, idle], points=10)
    assert lines[idle.pk] == []
    assert lines[instance.pk] == [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0]


# Runs and work items


def test_runs_come_newest_first_in_pages() -> None:
    numbers = [builders.run(name=f"run {number}").pk for number in range(5)]
    found = all_of(lambda after: selectors.instances(first=2, after=after))
    assert [each.pk for each in found] == numbers[::-1]


def test_a_page_of_runs_brings_their_work_items_along() -> None:
    builders.run()
    with CaptureQueriesContext(connection) as queries:
        assert [each.work_item.name for each in selectors.instances().items] == ["little maze"]
    assert len(queries) == 1


@pytest.mark.parametrize("order", list(InstanceOrder))
@pytest.mark.parametrize("descending", [True, False])
def test_every_order_of_runs_is_complete_and_has_those_without_a_value_last(
    order: InstanceOrder, descending: bool
) -> None:
    for number in range(6):
        instance = builders.run(name=f"name {number % 3}")
        if number % 2:
            builders.generation(instance, [float(number // 3)], state=InstanceState.RUNNING)
    found = all_of(
        lambda after: selectors.instances(order=order, descending=descending, first=2, after=after)
    )
    assert len(found) == len({each.pk for each in found}) == 6
    keys: dict[InstanceOrder, Callable[[Any], Any]] = {
        InstanceOrder.CREATED_AT: lambda each: each.created_at,
        InstanceOrder.STARTED_AT: lambda each: each.started_at,
        InstanceOrder.NAME: lambda each: each.work_item.name,
        InstanceOrder.BEST_FITNESS: lambda each: each.best_fitness,
        InstanceOrder.DURATION: lambda each: each.duration,
    }
    values = [keys[order](each) for each in found]
    known = [value for value in values if value is not None]
    assert values == [*sorted(known, reverse=descending), *[None] * (6 - len(known))]


@pytest.mark.parametrize(("filter", "expected"), [
    (InstanceFilter(states=["PAUSED"]), {"b"}),
    (InstanceFilter(kinds=["weight_evolution"]), {"a", "b", "ä"}),
    (InstanceFilter(kinds=["other"]), set()),
    (InstanceFilter(labels=["x"]), {"a", "b"}),
    (InstanceFilter(labels=["x", "schön \"so\""]), {"b"}),
    (InstanceFilter(search="A"), {"a"}),
    (InstanceFilter(search="words"), {"ä"}),
])
def test_runs_can_be_filtered_and_counted(filter: InstanceFilter, expected: set[str]) -> None:
    builders.run(name="a", labels=["x"])
    builders.run(name="b", labels=["schön \"so\"", "x"], start=False)
    builders.run(name="ä", labels=["xy"], description="some words")
    assert {each.work_item.name for each in selectors.instances(filter=filter).items} == expected
    assert selectors.count_instances(filter) == len(expected)


def test_runs_can_be_filtered_by_work_item_and_time() -> None:
    one, other = builders.run(), builders.run()
    of_one = InstanceFilter(work_item_id=one.work_item_id)
    assert [each.pk for each in selectors.instances(filter=of_one).items] == [one.pk]
    later = InstanceFilter(created_after=one.created_at)
    assert [each.pk for each in selectors.instances(filter=later).items] == [other.pk]
    assert selectors.count_instances(InstanceFilter(created_before=one.created_at)) == 0


def test_work_items_can_be_listed_and_filtered() -> None:
    first, second = builders.run(name="b").work_item, builders.run(name="a", seed=9).work_item
    by_name = all_of(
        lambda after: selectors.work_items(order=WorkItemOrder.NAME, descending=False, first=1, after=after)
    )
    assert by_name == [second, first]
    # repeats of one experiment
    assert selectors.count_work_items(WorkItemFilter(spec_hash=first.spec_hash)) == 2
    assert selectors.work_item(first.pk) == first
    assert selectors.work_item(0) is None


@pytest.mark.parametrize("cursor", [("x", 1), (1, "x"), (1,), (1, 2**70), (None, True)])
def test_a_cursor_of_another_order_is_refused(cursor: tuple[Any, ...]) -> None:
    with pytest.raises(BadCursor):
        selectors.instances(after=cursor)
    with pytest.raises(BadCursor):
        selectors.instances(order=InstanceOrder.STARTED_AT, after=("yesterday", 1))


def test_work_is_counted_by_whether_it_waits_or_goes_on() -> None:
    builders.run()
    builders.run(start=False)
    builders.generation(builders.run(), [1.0])
    counts = selectors.active_counts()
    assert (counts.queued, counts.running) == (1, 1)


# Progress


def test_a_run_that_nobody_has_begun_has_made_no_progress() -> None:
    progress = selectors.progress(builders.run())
    assert (
        progress.generation, progress.fraction, progress.evaluations_per_second, progress.estimated_end_at
    ) == (
        0, 0.0, None, None,
    )
    assert (progress.max_generations, progress.population_size) == (50, 4)


def test_progress_measures_speed_and_the_way_that_is_left() -> None:
    instance = builders.run()
    for _ in range(5):
        instance = builders.generation(instance, [1.0, 2.0, None, 0.0], seconds=0.5)
    progress = selectors.progress(instance)
    assert (progress.generation, progress.total_evaluations, progress.failed) == (5, 20, 5)
    assert progress.evaluations_per_second == 8.0
    assert (progress.best_fitness, progress.mean, progress.fraction) == (2.0, 1.0, 5 / 50)
    assert progress.estimated_end_at is not None


def test_the_first_generation_in_which_kernels_are_compiled_tells_nothing_of_the_speed() -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0], seconds=60.0)
    progress = selectors.progress(instance)
    assert (progress.evaluations_per_second, progress.estimated_end_at) == (None, None)
    instance = builders.generation(instance, [1.0, 2.0], seconds=0.5)
    assert selectors.progress(instance).evaluations_per_second == 4.0


@pytest.mark.parametrize(("stop", "fraction"), [
    # 4 generations after the record in the first
    ({"max_generations": 50, "stagnation_generations": 8}, 0.5),
    ({"max_generations": 50, "max_seconds": 5.0}, 0.5),
    ({"max_generations": 50, "fitness": 4.0}, 0.1),  # the best has not risen since the first generation
    ({"max_generations": 50, "fitness": 2.0}, 1.0),
])
def test_the_stop_rule_nearest_to_the_end_says_how_far_a_run_is(
    stop: dict[str, Any], fraction: float
) -> None:
    instance = builders.run(stop=stop)
    for _ in range(5):
        instance = builders.generation(instance, [1.0, 2.0], seconds=0.5)
    assert selectors.progress(instance).fraction == pytest.approx(fraction)


def test_a_run_that_has_succeeded_is_at_its_end() -> None:
    instance = builders.generation(builders.run(), [1.0], state=InstanceState.SUCCEEDED)
    progress = selectors.progress(instance)
    assert (progress.fraction, progress.generation, progress.estimated_end_at) == (1.0, 0, None)


def test_the_progress_of_many_runs_takes_one_statement() -> None:
    runs = [builders.generation(builders.run(), [1.0]) for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        assert set(selectors.progress_of(runs)) == {each.pk for each in runs}
    assert len(queries) == 1


def test_agents_of_evaluated_slices_count_as_evaluated() -> None:
    runs = [builders.run() for _ in range(3)]
    for run in runs[:2]:
        Instance.objects.filter(pk=run.pk).update(pending_slices=1)
        for first, results in ((0, b"done"), (3, None)):
            Slice.objects.create(
                instance=run, generation=0, first=first, last=first + 3, epoch=0, population=b"x",
                results=results, opened_at=services.database_now(),
            )
    found = selectors.instances_at(run.pk for run in runs).values()
    with CaptureQueriesContext(connection) as queries:
        evaluated = {number: each.evaluated for number, each in selectors.progress_of(found).items()}
    assert evaluated == {runs[0].pk: 3, runs[1].pk: 3, runs[2].pk: 0}
    assert len(queries) == 1  # no generation is complete yet


# Workers


def test_workers_are_told_with_what_they_do() -> None:
    for name in ("w1", "w2", "gone"):
        services.register_worker(name=name, host="h", profile="p", threads=2)
    Worker.objects.filter(name="w2").update(seen_at=Now() - timedelta(minutes=1))
    Worker.objects.filter(name="gone").update(seen_at=Now() - timedelta(minutes=10))
    run = builders.run()
    services.claim(instance_id=run.pk, worker="w1/7", lease_seconds=60.0)
    found = selectors.workers(seen_seconds=300.0)
    assert [(each.row.name, each.is_online, each.activity) for each in found] == [
        ("w1", True, f"run {run.pk}"), ("w2", False, None),
    ]


# Events


def test_events_follow_each_other_and_can_be_narrowed(played: Instance) -> None:
    found = all_of(lambda after: selectors.events(played.pk, first=2, after=after))
    assert [event.sequence for event in found] == list(range(1, len(found) + 1))
    assert len(selectors.events(played.pk, after_sequence=2).items) == len(found) - 2
    told = selectors.events(played.pk, types=[EventType.GENERATION_COMPLETED]).items
    assert [event.generation for event in told] == [0, 1, 2]
    assert selectors.events(played.pk, minimum_level="WARNING").items == []
    assert selectors.count_events(played.pk) == len(found)
    event = selectors.event(played.pk, 1)
    assert event is not None
    assert event.sequence == 1
    assert selectors.event(played.pk, 99) is None
