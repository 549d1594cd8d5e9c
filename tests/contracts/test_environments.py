"""What every environment of the registry promises."""

import json
from typing import Any

import gymnasium
import numpy as np
import pytest

from processing.core.environments import ENVIRONMENTS
from processing.core.judges.episodes import Episodes
from processing.core.plan import Plan
from tests.core.lives import SMALL, random_maze
from tests.core.searches import EXAMPLES, example, run, search

#: For each environment: documents of it, and its name among Gymnasium's.
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "maze": [
        {"type": "maze", "rows": SMALL, "max_steps": 30},
        {"type": "maze", "rows": random_maze(4, goals=3), "max_steps": 60, "episodes": 2,
         "rewards": {"open": 0.5, "revisit": -0.1}},
        {"type": "maze", "rows": ("S..", "..."), "max_steps": 5},
    ],
}
REGISTERED = {"maze": "GridWorld-v0"}


@pytest.fixture(params=[each for documents in DOCUMENTS.values() for each in documents])
def environment(request: pytest.FixtureRequest) -> Any:
    found = ENVIRONMENTS[request.param["type"]]
    return found(found.Parameters.model_validate_json(json.dumps(request.param)))


def test_every_environment_of_the_registry_is_held_to_the_contract() -> None:
    assert set(DOCUMENTS) == set(REGISTERED) == set(ENVIRONMENTS)


def test_an_environment_says_what_it_is(environment: Any) -> None:
    assert environment.inputs > 0
    assert environment.outputs > 1
    assert environment.max_steps > 0
    assert environment.episodes > 0
    assert isinstance(environment.is_random, bool)
    assert environment.parameters.type in ENVIRONMENTS
    assert len(environment.input_labels()) == environment.inputs
    assert len(environment.output_labels()) == environment.outputs


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_its_spaces_are_those_of_the_registered_gymnasium_environment(name: str) -> None:
    registered, kind = gymnasium.make(REGISTERED[name]), ENVIRONMENTS[name]
    assert registered.observation_space.shape == (kind.inputs,)
    assert isinstance(registered.action_space, gymnasium.spaces.Discrete)
    assert registered.action_space.n == kind.outputs
    observation, _ = registered.reset(seed=1)
    assert registered.observation_space.contains(observation)


def test_no_agent_earns_more_than_the_best_possible_or_lives_longer_than_it_may(environment: Any) -> None:
    genome = search().genome
    evaluations = Episodes(environment, genome).evaluate(genome.random(500, seed=1, generation=0), seed=1, generation=0)
    assert np.all(evaluations.fitness <= environment.best_possible() + 1e-9)
    assert np.all(evaluations.steps >= environment.episodes)
    assert np.all(evaluations.steps <= environment.max_steps * environment.episodes)


def test_a_replay_is_what_the_judge_saw() -> None:
    assert_replayed(search(output="argmax"))
    assert_replayed(search(output="softmax"))


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("maze-*.json")))
def test_a_replay_is_what_the_judge_saw_in_the_examples(name: str) -> None:
    assert_replayed(example(name, stop={"max_generations": 2}))


def assert_replayed(plan: Plan) -> None:
    """The champion and some others of the last generation, lived again from packed genome and address."""
    *_, last = run(plan, seed=11)
    episodes = plan.environment.episodes
    for agent in (last.champion, 0, 7, len(last.population) - 1):
        genome = plan.genome.pack(plan.genome.take(last.population.genomes, np.array([agent], np.int32)))
        lives = [
            plan.replay(genome, seed=11, generation=last.number, agent=agent, episode=episode)
            for episode in range(episodes)
        ]
        assert sum(life.steps for life in lives) == last.evaluations.steps[agent]
        assert sum((life.total for life in lives), start=0.0) / episodes == last.evaluations.fitness[agent]
