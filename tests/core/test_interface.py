"""What is said of environments that give what they must not give: the call, the rule, and what was given."""

from typing import Any

import numpy as np
import pytest

from processing.core.environments.foreign.spaces import Reader
from processing.core.errors import Refused
from processing.core.steppers.interface import NotAsAgreed, read_observation, read_reset, read_step, reason_of
from processing.core.types import Evaluations, Failure, RemarkKind
from tests.cases.foreign import MODULE, case_plan

READER = Reader({"type": "Box", "shape": [2], "dtype": "float32"})
SEEN = np.zeros(2, np.float32)


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def evaluated(name: str) -> Evaluations:
    plan = case_plan(name)
    genomes = plan.genome.random(3, seed=4, generation=0)
    found: Evaluations = plan.judge.evaluate(genomes, seed=4, generation=0, threads=1)
    return found


OLD = "this is the interface of Gym before 0.26; since then it "


@pytest.mark.parametrize(("name", "said"), [
    ("OldReset", f"reset() gave an array of the shape (2,): {OLD}gives observation, info."),
    ("OldSeed", f"reset() takes no seed: {OLD}takes seed and options. It raised TypeError: "),
    ("OldStep", f"step() gave 4 values: {OLD}gives observation, reward, terminated, truncated, info."),
    ("ArrayReward", "step() gave an array of the shape (1,) as the reward: it must be a number."),
    (
        "Shrinks",
        "step() gave an observation that is not one of its space: ValueError: expected an observation of"
    ),
    ("Raises", "step() raised RuntimeError: the simulator is not there"),
])
def test_an_agent_that_fails_says_the_call_and_the_rule(name: str, said: str) -> None:
    evaluations = evaluated(name)
    assert set(evaluations.failures) == {Failure.ENVIRONMENT_ERROR}
    assert all(reason.startswith(said) for _, reason in evaluations.reasons)


def test_the_step_that_gave_what_it_must_not_give_counts_where_its_reward_was_read() -> None:
    assert evaluated("Shrinks").steps.tolist() == [3] * 3
    assert evaluated("ArrayReward").steps.tolist() == [0] * 3


def test_observations_that_are_not_finite_are_remarked_once_and_agents_keep_their_fitness() -> None:
    evaluations = evaluated("NanObservation")
    assert evaluations.fitness.tolist() == [5.0] * 3
    (remark,) = evaluations.remarks
    assert (remark.agent, remark.what) == (0, RemarkKind.NOT_FINITE)
    assert remark.sentence == "reset() gave nan as number 0 of the observation, counted from 0"


@pytest.mark.parametrize(("given", "said"), [
    ((SEEN, 1.0, False, False, {}), None), ([SEEN, np.float32(1), np.bool_(False), 0, None], None),
    ((SEEN, np.array(1.5), False, False, {}), None),
    (None, "step() gave None: it must give observation, reward, terminated, truncated, info."),
    (SEEN, "step() gave an array of the shape (2,): it must give"),
    ((SEEN, 1.0), "step() gave 2 values: it must give"),
    ((SEEN, None, False, False, {}), "step() gave None as the reward: it must be a number."),
    (
        (SEEN, "much", False, False, {}),
        "step() gave a value of the type str as the reward: it must be a number."
    ),
    ((SEEN, 10**400, False, False, {}), "as the reward: it must be a number."),
    (
        (SEEN[:1], 1.0, False, False, {}),
        "step() gave an observation that is not one of its space: ValueError: expected an obs"
    ),
])
def test_what_a_step_gives_is_read_or_told(given: Any, said: str | None) -> None:
    def read() -> tuple[float, bool]:
        observation, reward, is_over = read_step(given)
        read_observation(observation, READER, np.zeros(2, np.float32), "step()")
        return reward, is_over

    if said is None:
        assert read() == (float(given[1]), False)
        return
    with pytest.raises(NotAsAgreed) as caught:
        read()
    assert said in str(caught.value)


@pytest.mark.parametrize(("given", "said"), [
    ((SEEN, {}), None), ([SEEN, None], None), (SEEN, "an array of the shape (2,): this is the interface"),
    (3, "reset() gave 3: this is the interface"),
    ({"a": 1}, "a value of the type dict: this is the interface"),
    ((1, 2), "reset() gave 2 values and no info: this is the interface"),
    (
        (SEEN[:1], {}),
        "reset() gave an observation that is not one of its space: ValueError: expected an observation of the"
    ),
])
def test_what_a_reset_gives_is_read_or_told(given: Any, said: str | None) -> None:
    if said is None:
        read_reset(given, READER, np.zeros(2, np.float32))
        return
    with pytest.raises(NotAsAgreed) as caught:
        read_reset(given, READER, np.zeros(2, np.float32))
    assert said in str(caught.value)


def test_reasons_are_bounded_and_any_database_takes_them() -> None:
    assert len(reason_of("step()", RuntimeError("x" * 10_000))) <= 300
    assert reason_of("gymnasium.make()", Refused("It draws no pictures.")) == "It draws no pictures."
    assert "\0" not in reason_of("step()", NotAsAgreed("a\0b\udcff"))
