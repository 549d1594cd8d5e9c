"""What every strategy of the registry promises, whatever its parameters."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from processing.core.kinds import GENOMES, KINDS, STRATEGIES
from processing.core.parameters import StrategyParameters
from processing.core.search import generation as generations
from processing.core.search.checkpoint import Checkpoint, pack, unpack
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan
from processing.core.strategies.strategy import DocumentParts
from processing.core.types import NO_PARENT, Operator, Population, StopReason
from tests.contracts.cases import CASES, problem_for
from tests.core.searches import evaluated, evaluations_of, run, search, with_failures

SEED, GENERATIONS, SIZE = 5, 6, 60
#: Networks of few weights, where they have a size: a matrix of covariances takes the square of their number.
SMALL_NETWORK: dict[str, dict[str, Any]] = {"weight_evolution": {"hidden": [3]}}
NO_PARENTS = (Operator.INITIAL, Operator.SAMPLED)
TWO_PARENTS = (Operator.CROSSOVER, Operator.CROSSOVER_MUTATION)


@pytest.fixture(params=CASES, scope="module")
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return CASES[request.param]


@pytest.fixture(scope="module")
def plan(case: dict[str, Any]) -> Plan:
    return plan_for(case)


def plan_for(case: dict[str, Any], **changes: Any) -> Plan:
    kind = next(name for name, kind in KINDS.items() if case["type"] in kind.strategies)
    return search(
        strategy={"population_size": SIZE} | case, stop={"max_generations": GENERATIONS}, kind=kind,
        problem=problem_for(kind), **SMALL_NETWORK.get(kind, {}) | changes
    )


def novel(case: str) -> Plan:
    """A search for novelty, which strategies see in the place of fitness."""
    return plan_for(CASES[case], novelty={"k": 3})


def generations_with_failures(plan: Plan) -> Iterator[GenerationResult]:
    """Some generations in each of which every third agent fails, whatever the strategy says to that."""
    checkpoint = generations.begin(plan)
    for number in range(GENERATIONS):
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        evaluations = evaluated(plan, population, seed=SEED, generation=number)
        evaluations = with_failures(evaluations, slice(number % 3, None, 3))
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=SEED)
        checkpoint = closed.checkpoint
        yield closed


def same(plan: Plan, one: Population, other: Population) -> bool:
    names = ("operators", "mothers", "fathers", "ages", "father_ages")
    packed = [plan.genome.pack(each.genomes) for each in (one, other)]
    return (
        packed[0] == packed[1]
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    )


def agents(plan: Plan, population: Population, places: Any) -> bytes:
    """The packed genomes of some agents."""
    packed: bytes = plan.genome.pack(plan.genome.take(population.genomes, np.asarray(places, np.int32)))
    return packed


def test_every_strategy_of_the_registry_is_held_to_the_contract() -> None:
    assert {case["type"] for case in CASES.values()} == set(STRATEGIES)


def test_every_strategy_takes_the_genomes_of_the_kinds_that_name_it_and_none_that_it_cannot_search() -> None:
    for kind in KINDS.values():
        assert all(STRATEGIES[name].takes(kind.genome_kind) for name in kind.strategies)
    takes = {
        (name, genome) for name, strategy in STRATEGIES.items() for genome, kind in GENOMES.items()
        if strategy.takes(kind)
    }
    assert not takes & {(name, "graph") for name in ("rising_threshold", "genetic", "openai_es", "cma_es")}
    assert ("neat", "dense") not in takes


def test_strategies_that_compute_with_genomes_take_those_that_are_rows_of_float32_alone() -> None:
    for genome in GENOMES.values():
        for name in ("openai_es", "cma_es"):
            assert STRATEGIES[name].takes(genome) == genome.is_vector


def test_the_parameters_of_a_strategy_have_the_size_of_its_generations() -> None:
    for name, strategy in STRATEGIES.items():
        assert issubclass(strategy.Parameters, StrategyParameters)
        assert strategy.Parameters.model_validate({"type": name}).population_size > 0
    with pytest.raises(TypeError, match="Sizeless: expected the parameter population_size, got none"):
        type("Sizeless", (StrategyParameters,), {"__module__": __name__})


def test_what_is_advised_after_a_run_are_parameters_of_the_strategy(plan: Plan) -> None:
    known = type(plan.strategy.parameters).model_fields
    for reason in StopReason:
        advice = plan.strategy.advice(reason)
        assert advice.endswith(".")
        assert set(re.findall(r"`strategy\.(\w+)`", advice)) <= set(known)


def test_a_preset_changes_none_of_the_values_that_it_is_given() -> None:
    given = DocumentParts(
        {"type": "neat", "preset": "paper", "population_size": 7}, {},
        {"type": "double_pole", "velocities": False},
    )
    stored = json.dumps(given)
    filled, concerns = STRATEGIES["neat"].with_preset(given)
    assert (json.dumps(given), concerns) == (stored, [])
    assert filled.strategy["population_size"] == 7
    assert filled.strategy["weight_coefficient"] == 3.0
    assert filled.genome["bias"] == 0.5


def test_every_generation_has_the_size_asked_for(plan: Plan) -> None:
    for closed in run(plan, seed=SEED):
        population = closed.population
        assert len(population) == plan.population_size == SIZE
        fields = (population.operators, population.mothers, population.fathers, population.ages)
        assert {len(field) for field in fields} == {SIZE} == {plan.genome.count(population.genomes)}
        assert set(population.operators.tolist()) <= set(Operator)


def test_parents_are_agents_that_did_not_fail(plan: Plan) -> None:
    history: list[GenerationResult] = []
    for closed in generations_with_failures(plan):
        population = closed.population
        for agent in range(SIZE):
            father_ages = population.ages if population.father_ages is None else population.father_ages
            ages = ((population.mothers, population.ages), (population.fathers, father_ages))
            parents = [
                (int(age[agent]), parent[agent]) for parent, age in ages if parent[agent] != NO_PARENT
            ]
            operator = population.operators[agent]
            assert len(parents) == (0 if operator in NO_PARENTS else 2 if operator in TWO_PARENTS else 1)
            assert (population.ages[agent] == 0) == (not parents)
            for age, parent in parents:
                assert 1 <= age <= closed.number
                assert not np.isnan(history[closed.number - age].evaluations.fitness[parent])
        history.append(closed)


def test_parents_come_from_the_generation_that_the_age_names(plan: Plan) -> None:
    history: list[GenerationResult] = []
    for closed in run(plan, seed=SEED):
        population = closed.population
        copies = np.flatnonzero(population.operators == Operator.ELITE)
        for agent in copies:
            parents = history[closed.number - int(population.ages[agent])].population
            assert agents(plan, population, [agent]) == agents(plan, parents, [population.mothers[agent]])
        history.append(closed)


def test_elites_are_the_best_of_the_generation_before() -> None:
    plan = plan_for(CASES["genetic, more elites than parents"])
    history = list(run(plan, seed=SEED))
    for before, after in itertools.pairwise(history):
        best = np.argsort(-before.evaluations.fitness, kind="stable")[:5]
        assert after.population.mothers[:5].tolist() == best.tolist()
        assert np.all(after.population.operators[:5] == Operator.ELITE)
        assert agents(plan, after.population, range(5)) == agents(plan, before.population, best)


def test_a_stored_checkpoint_gives_the_same_next_population(plan: Plan) -> None:
    checkpoint = generations.begin(plan)
    for closed in [None, *generations_with_failures(plan)]:
        checkpoint = checkpoint if closed is None else closed.checkpoint
        again = unpack(pack(checkpoint, plan.genome), plan.genome)
        assert pack(again, plan.genome) == pack(checkpoint, plan.genome)
        populations = [generations.open_generation(plan, one, seed=SEED) for one in (checkpoint, again)]
        assert same(plan, *populations)


def test_a_run_resumed_from_any_checkpoint_has_the_same_digests(plan: Plan, case: dict[str, Any]) -> None:
    whole = list(run(plan, seed=SEED))
    digests = [closed.checkpoint.digest for closed in whole]
    assert len(set(digests)) == len(digests)
    for closed in whole[:-1]:
        anew = plan_for(case)  # as another process has it: nothing may be remembered outside the checkpoint
        start = unpack(pack(closed.checkpoint, plan.genome), anew.genome)
        rest = [one.checkpoint.digest for one in run(anew, seed=SEED, start=start)]
        assert rest == digests[closed.number + 1 :]


@pytest.mark.parametrize(("threads", "slices"), [(2, 1), (1, 3), (2, 7)])
def test_threads_and_slices_change_no_digest(plan: Plan, threads: int, slices: int) -> None:
    alone = [closed.checkpoint.digest for closed in run(plan, seed=SEED)]
    others = [closed.checkpoint.digest for closed in run(plan, seed=SEED, threads=threads, slices=slices)]
    assert alone == others


def test_another_seed_is_another_run(plan: Plan) -> None:
    one, other = (list(run(plan, seed=seed))[-1].checkpoint.digest for seed in (SEED, SEED + 1))
    assert one != other


def test_the_best_so_far_never_falls(plan: Plan) -> None:
    best, stagnation = -np.inf, 0
    for closed in run(plan, seed=SEED):
        top = np.nanmax(closed.evaluations.fitness)
        stagnation = 0 if top > best else stagnation + 1
        best = max(best, top)
        assert closed.champion == int(np.nanargmax(closed.evaluations.fitness))
        assert closed.checkpoint.best_fitness == best
        assert closed.is_improved == (stagnation == 0)
        assert closed.checkpoint.stagnation == stagnation


@pytest.mark.parametrize("failing", [0, 2])
def test_a_generation_in_which_all_agents_fail_ends_the_run_or_is_tried_again(
    plan: Plan, failing: int
) -> None:
    checkpoint = generations.begin(plan)
    for number in range(failing + 2):
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        assert len(population) == SIZE
        evaluations = evaluated(plan, population, seed=SEED, generation=number)
        if number == failing:
            evaluations = evaluations_of(np.full(SIZE, np.nan))
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=SEED)
        if number == failing:
            assert closed.champion is None
            assert not closed.is_improved
            assert (closed.statistics["failed"], closed.statistics["best"]) == (SIZE, None)
            assert closed.checkpoint.best_fitness == checkpoint.best_fitness
        if closed.stop is not None:
            assert closed.number == failing or closed.explanation["rule"] == "THRESHOLD_MISSED"
            return
        checkpoint = unpack(pack(closed.checkpoint, plan.genome), plan.genome)


def test_a_search_all_of_whose_agents_failed_is_revived_from_its_last_parents(plan: Plan) -> None:
    first = next(run(plan, seed=SEED))
    number = first.number + 1
    population = generations.open_generation(plan, first.checkpoint, seed=SEED)
    failed = generations.close_generation(
        plan, first.checkpoint, population, evaluations_of(np.full(SIZE, np.nan)), seed=SEED
    )
    revived = unpack(pack(generations.revived(plan, failed.checkpoint), plan.genome), plan.genome)
    again = generations.open_generation(plan, revived, seed=SEED)
    children = again.mothers != NO_PARENT
    assert set((number + 1 - again.ages[children]).tolist()) <= {first.number}
    assert not np.isnan(first.evaluations.fitness[again.mothers[children]]).any()
    closed = generations.close_generation(
        plan, revived, again, evaluated(plan, again, seed=SEED, generation=number + 1), seed=SEED
    )
    assert closed.champion is not None
    assert closed.checkpoint.stagnation <= 1


def test_a_search_that_has_no_parents_yet_is_revived_with_new_agents(plan: Plan) -> None:
    checkpoint, agents = generations.begin(plan), set()
    for number in range(2):
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        packed = {plan.genome.pack(plan.genome.take(population.genomes, np.array([index], np.int32)))
                  for index in range(SIZE)}
        assert not agents & packed
        assert (population.mothers == NO_PARENT).all()
        agents |= packed
        evaluations = evaluations_of(np.full(SIZE, np.nan)) if number == 0 else evaluated(
            plan, population, seed=SEED, generation=number
        )
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=SEED)
        checkpoint = unpack(pack(generations.revived(plan, closed.checkpoint), plan.genome), plan.genome)
    assert closed.champion is not None


def test_a_strategy_does_not_change_what_it_is_given(plan: Plan) -> None:
    checkpoint: Checkpoint = generations.begin(plan)
    for number in range(3):
        stored = pack(checkpoint, plan.genome)
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        before = plan.genome.pack(population.genomes)
        evaluations = evaluated(plan, population, seed=SEED, generation=number)
        fitness = evaluations.fitness.copy()
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=SEED)
        assert pack(checkpoint, plan.genome) == stored
        assert plan.genome.pack(population.genomes) == before
        assert np.array_equal(evaluations.fitness, fitness)
        checkpoint = closed.checkpoint


@pytest.mark.filterwarnings("error")
def test_enormous_fitness_leaves_every_number_that_is_told_finite(plan: Plan) -> None:
    checkpoint, huge = generations.begin(plan), np.resize([1.7e308, -1.7e308, 1.7e308], SIZE)
    for number in range(3):
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        fitness = np.full(SIZE, 1.7e308) if number == 1 else huge
        closed = generations.close_generation(
            plan, checkpoint, population, evaluations_of(fitness), seed=SEED
        )
        told = [closed.statistics, closed.explanation, *(each._asdict() for each in closed.snapshots)]
        assert json.dumps(told, allow_nan=False)
        checkpoint = unpack(pack(closed.checkpoint, plan.genome), plan.genome)


@pytest.mark.parametrize("case", ["neat, defaults", "neat, growing fast"])
def test_species_are_told_by_fitness_also_where_novelty_makes_them(case: str) -> None:
    test_species_are_numbered_over_the_run_and_their_snapshots_add_up(novel(case))


def test_species_are_numbered_over_the_run_and_their_snapshots_add_up(plan: Plan) -> None:
    known: dict[int, int] = {}
    for closed in generations_with_failures(plan):
        if closed.species is None:
            assert closed.snapshots == ()
            continue
        fitness = closed.evaluations.fitness
        assert sorted({each.number for each in closed.snapshots}) == sorted(set(closed.species.tolist()))
        assert sum(each.size for each in closed.snapshots) == sum(
            each.offspring for each in closed.snapshots
        ) == SIZE
        for each in closed.snapshots:
            own = fitness[closed.species == each.number]
            assert each.size == len(own)
            assert known.setdefault(each.number, each.born_in) == each.born_in <= closed.number
            if each.champion is None:
                assert np.isnan(own).all()
                assert each.offspring == 0
            else:
                assert each.best_fitness == np.nanmax(own) == fitness[each.champion]
                assert each.mean_fitness == pytest.approx(np.nanmean(own))
