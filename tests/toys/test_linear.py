"""A genome kind that is added from outside acts in the server's own environments, in child processes too."""

from typing import Any

import numpy as np
import pytest

from api import intake
from processing.core.search.plan import Plan, plan_of
from staging.staged_item import StagedItem


def staged(kind: str, world: str, network: dict[str, Any]) -> StagedItem:
    """A work item of this kind."""
    return intake.check({
        "version": 1, "kind": kind, "name": "linear", "seed": 1, "network": network,
        "environment": {"type": "gymnasium", "id": world, "max_steps": 40, "episodes": 2},
        "strategy": {"type": "genetic", "population_size": 8, "parents": 4}, "stop": {"max_generations": 2},
    })


def plan(kind: str, world: str, network: dict[str, Any]) -> Plan:
    """The plan of a work item of this kind."""
    item = staged(kind, world, network)
    return plan_of(item.spec, item.facts)


@pytest.mark.django_db
@pytest.mark.parametrize("world", ["FrozenLake-v1", "CartPole-v0", "CartPole-v1"])
@pytest.mark.parametrize("output", ["argmax", "softmax"])
def test_it_acts_as_a_network_of_the_server_with_the_same_weights_does(world: str, output: str) -> None:
    ours = plan("linear_evolution", world, {"draws": output == "softmax"})
    same = {"hidden": [], "initializer": "xavier_uniform", "output": output}
    servers = plan("weight_evolution", world, same)
    assert ours.judge.problem.is_compiled == (world == "CartPole-v1")
    one, two = (
        each.judge.evaluate(each.genome.random(8, seed=1, generation=0), seed=1, generation=0)
        for each in (ours, servers)
    )
    assert not one.failures.any()
    np.testing.assert_array_equal(one.fitness, two.fitness)
    np.testing.assert_array_equal(one.steps, two.steps)


@pytest.mark.django_db
@pytest.mark.parametrize(("world", "given", "bias"), [
    ("CartPole-v1", {}, True), ("Pendulum-v1", {}, False), ("Pendulum-v1", {"bias": True}, True),
])
def test_its_defaults_that_depend_on_the_problem_are_filled_in(
    world: str, given: dict[str, Any], bias: bool
) -> None:
    assert staged("linear_evolution", world, given).spec["network"]["bias"] is bias
