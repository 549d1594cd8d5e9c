"""What every environment of the registry promises."""

import json
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest

import processing.core.reference.as_gymnasium
from processing.core.criterion import Closing
from processing.core.environments import ENVIRONMENTS
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges import JUDGES
from processing.core.search.plan import Plan
from tests.arithmetic import added
from tests.core.mazes import SMALL, random_maze
from tests.core.searches import EXAMPLES, example, run, search

#: For each environment: documents of it.
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "maze": [
        {"type": "maze", "rows": SMALL, "max_steps": 30},
        {"type": "maze", "rows": random_maze(4, goals=3), "max_steps": 60, "episodes": 2,
         "rewards": {"open": 0.5, "revisit": -0.1}},
        {"type": "maze", "rows": ("S..", "..."), "max_steps": 5},
    ],
    "double_pole": [
        {"type": "double_pole", "max_steps": 300},
        {"type": "double_pole", "velocities": False, "max_steps": 200},
    ],
    "table": [
        {"type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
        {
            "type": "table", "inputs": [[1], [-2.5]], "targets": [[3, 0], [-1, 2]],
            "fitness": "negative_mean_squared_error"
        },
        {"type": "table", "inputs": [[1], [2]], "targets": [[1, 0], [0, 1]], "fitness": "accuracy",
         "criterion": "largest_output"},
        {"type": "table", "inputs": [[1], [2], [3]], "targets": [[10], [30], [20]], "scaling": "by_column",
         "fitness": "negative_normalized_squared_error", "criterion": "by_column", "tolerance": 0.1},
    ],
    "gymnasium": [
        {"type": "gymnasium", "id": "CartPole-v1", "episodes": 2},
        {"type": "gymnasium", "id": "Pendulum-v1", "seeds": "fresh"},
        {"type": "gymnasium", "id": "MountainCarContinuous-v0", "max_steps": 50},
        {
            "type": "gymnasium", "id": "FrozenLake-v1", "kwargs": {"map_name": "8x8"}, "episodes": 3,
            "max_steps": 20
        },
        {"type": "gymnasium", "id": "LunarLander-v3", "kwargs": {"continuous": True}, "max_steps": 30},
    ],
}
#: Those that are also registered with Gymnasium, and under which name.
REGISTERED = {"maze": "GridWorld-v0"}
SIZE = 60


@pytest.fixture(
    params=[each for documents in DOCUMENTS.values() for each in documents],
    ids=lambda each: each.get("id", each["type"])
)
def environment(request: pytest.FixtureRequest) -> Any:
    found = ENVIRONMENTS[request.param["type"]]
    return found.of(found.Parameters.model_validate_json(json.dumps(request.param)), None)


def judge_of(environment: Any) -> Any:
    kind = Dense(DenseParameters(hidden=(4,)), inputs=environment.inputs, outputs=environment.outputs)
    return JUDGES[environment.judge].of(environment, kind, {})


def test_every_environment_of_the_registry_is_held_to_the_contract() -> None:
    assert set(DOCUMENTS) == set(ENVIRONMENTS)


def test_an_environment_says_what_it_is(environment: Any) -> None:
    assert environment.inputs > 0
    assert environment.outputs > 0
    assert environment.max_steps > 0
    assert environment.episodes > 0
    assert isinstance(environment.is_random, bool)
    assert isinstance(environment.has_common_episodes, bool)
    assert environment.parameters.type in ENVIRONMENTS
    assert environment.judge in JUDGES
    assert len(environment.input_labels()) == environment.inputs
    assert len(environment.output_labels()) == environment.outputs
    assert environment.criterion is None or callable(environment.criterion.winner)
    assert environment.actions in ("choice", "commands", "answers")
    assert environment.judge == "foreign" or min(environment.plain_seconds) > 0


def test_its_judge_says_what_it_remembers_and_gives_every_agent_a_score(environment: Any) -> None:
    judge = judge_of(environment)
    genomes = judge.genome.random(SIZE, seed=1, generation=0)
    evaluations = judge.evaluate(genomes, seed=1, generation=0, state=judge.begin())
    state, scores = judge.closed(judge.begin(), None, evaluations, Closing(1, 0))
    assert set(state) == set(judge.begin())
    assert scores.shape == (SIZE,)


def test_no_agent_earns_more_than_the_best_possible_or_lives_longer_than_it_may(environment: Any) -> None:
    judge = judge_of(environment)
    evaluations = judge.evaluate(judge.genome.random(SIZE, seed=1, generation=0), seed=1, generation=0)
    best = environment.best_possible()
    assert not evaluations.failures.any()
    assert best is None or np.all(evaluations.fitness <= best + 1e-9)
    assert np.all(evaluations.steps >= environment.episodes)
    assert np.all(evaluations.steps <= environment.max_steps * environment.episodes)


def test_neither_threads_nor_parts_change_a_bit(environment: Any) -> None:
    judge = judge_of(environment)
    genomes = judge.genome.random(SIZE, seed=1, generation=0)
    whole, part = (
        judge.evaluate(genomes[first:], seed=1, generation=2, origin=first, threads=threads)
        for first, threads in ((0, 2), (21, 1))
    )
    assert np.array_equal(whole.fitness[21:], part.fitness)
    assert np.array_equal(whole.steps[21:], part.steps)


@pytest.mark.parametrize("name", REGISTERED)
def test_its_spaces_are_those_of_the_registered_gymnasium_environment(name: str) -> None:
    assert processing.core.reference.as_gymnasium.GridWorldEnv
    registered, kind = gymnasium.make(REGISTERED[name]), ENVIRONMENTS[name]
    assert registered.observation_space.shape == (kind.inputs,)
    assert isinstance(registered.action_space, gymnasium.spaces.Discrete)
    assert registered.action_space.n == kind.outputs
    observation, _ = registered.reset(seed=1)
    assert registered.observation_space.contains(observation)


JUDGE_ALL = """
import json, sys
from processing.core.environments import ENVIRONMENTS
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges import JUDGES
for document in json.loads(sys.argv[1]):
    kind = ENVIRONMENTS[document["type"]]
    one = kind.of(kind.Parameters.model_validate_json(json.dumps(document)), None)
    genome = Dense(DenseParameters(hidden=(4,)), inputs=one.inputs, outputs=one.outputs)
    judge = JUDGES[one.judge].of(one, genome, {})
    judge.evaluate(genome.random(3, seed=1, generation=0), seed=1, generation=0)
    print(json.dumps([document["type"], "gymnasium" in sys.modules]))
"""


def test_no_environment_brings_gymnasium_into_the_process_that_judges() -> None:
    """Foreign ones import it in processes of their own."""
    documents = [each for every in DOCUMENTS.values() for each in every]
    found = subprocess.run(
        [sys.executable, "-c", JUDGE_ALL, json.dumps(documents)], capture_output=True, text=True, check=True,
        cwd=EXAMPLES.parent
    )
    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert told == [[document["type"], False] for document in documents]


def test_a_replay_is_what_the_judge_saw() -> None:
    assert_replayed(search(output="argmax"))
    assert_replayed(search(output="softmax"))


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("maze-*.json")))
def test_a_replay_is_what_the_judge_saw_in_the_examples(name: str) -> None:
    assert_replayed(example(name, stop={"max_generations": 2}))


def assert_replayed(plan: Plan) -> None:
    """The champion and some others of the last generation, replayed from packed genome and address."""
    *_, last = run(plan, seed=11)
    episodes = plan.judge.episodes
    for agent in (last.champion, 0, 7, len(last.population) - 1):
        genome = plan.genome.pack(plan.genome.take(last.population.genomes, np.array([agent], np.int32)))
        episodes_replayed = [
            plan.judge.replays.episode(genome, seed=11, generation=last.number, agent=agent, episode=episode)
            for episode in range(episodes)
        ]
        assert sum(episode.steps for episode in episodes_replayed) == last.evaluations.steps[agent]
        assert added(
            episode.total for episode in episodes_replayed
        ) / episodes == last.evaluations.fitness[agent]
