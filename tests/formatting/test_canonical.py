"""The hash of a work item is the same for all repeats of one experiment, and for nothing else."""

import hashlib
import json
from typing import Any

import pytest

from formatting.canonical import canonical, spec_hash
from formatting.parse import parse
from tests.formatting.documents import ABSENT, document


def hash_with(changes: dict[str, Any]) -> str:
    return spec_hash(parse(document(changes)))


@pytest.mark.parametrize("changes", [
    {"name": "other"}, {"description": "other"}, {"labels": ["other"]}, {"seed": 5}, {"priority": 5},
    {"replicates": 5}, {"record": {"agents": "all"}}, {"$schema": "x"},
    {"strategy.mutation_probability": 0.02}, {"network": {}}, {"environment.rewards": {"revisit": -0.0}},
    {"environment.rewards": {"goal": 3}}, {"environment.goals": None},
])
def test_repeats_and_other_spellings_have_the_same_hash(changes: dict[str, Any]) -> None:
    assert hash_with(changes) == hash_with({})


@pytest.mark.parametrize("changes", [
    {"environment.max_steps": 41}, {"strategy.mutation_scale": 0.5}, {"strategy": ABSENT},
    {"network.bias": False}, {"environment.goals": 2}, {"stop.max_generations": 31}, {"stop.fitness": 1.0},
    {"environment.rewards": {"goal": 2}},
])
def test_another_experiment_has_another_hash(changes: dict[str, Any]) -> None:
    assert hash_with(changes) != hash_with({})


def test_the_hash_is_the_sha_256_of_the_sorted_complete_document() -> None:
    work_item = parse(document())
    kept = {key: value for key, value in canonical(work_item).items()
            if key in ("version", "kind", "environment", "network", "strategy", "stop")}
    del kept["environment"]["goals"]  # it came later, and is null
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert spec_hash(work_item) == hashlib.sha256(text.encode()).hexdigest()


def test_the_canonical_document_has_every_default() -> None:
    spec = canonical(parse(document({"strategy": ABSENT})))
    assert spec["strategy"]["population_size"] == 1_000
    assert spec["environment"]["rewards"] == {"open": 0.15, "goal": 3.0, "revisit": 0.0}
    assert spec["record"] == {"agents": "auto"}
    assert "$schema" not in spec


def test_a_preset_is_not_hashed_but_what_it_means() -> None:
    def hash_of(preset: str, velocities: bool, **strategy: Any) -> str:
        return spec_hash(parse(document({
            "kind": "neat", "environment": {"type": "double_pole", "velocities": velocities},
            "network": {"bias": 0.5, "activations_per_step": 1},
            "strategy": {"type": "neat", "preset": preset, **strategy},
        })))

    assert hash_of("paper", True) == hash_of("default", True) != hash_of("paper", False)
    assert hash_of("paper", True) != hash_of("paper", True, population_size=20)
