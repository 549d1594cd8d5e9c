"""Work items of networks that are trained: every fault is reported, in the document's own keys."""

import json
from typing import Any

import pytest

from api import intake
from formatting.faults import Fault, Faulty
from formatting.parse import parse
from processing.core.datasets.lookup import can_train
from processing.core.limits import Limits
from staging.stage import stage
from staging.staged_item import StagedItem

pytestmark = pytest.mark.skipif(not can_train(), reason="make setup-train installs PyTorch")
GOOD: dict[str, Any] = {
    "version": 1, "kind": "cnn_evolution", "name": "test", "dataset": {"name": "digits"},
    "strategy": {"type": "genetic", "population_size": 6}, "stop": {"max_generations": 2},
}


def staged(changes: dict[str, Any], limits: Limits | None = None) -> StagedItem:
    return stage(parse(json.dumps(GOOD | changes)), limits or Limits())


def faults_of(changes: dict[str, Any], limits: Limits | None = None) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as refusal:
        staged(changes, limits)
    return refusal.value.faults


def space(**changes: Any) -> dict[str, Any]:
    return {"search_space": changes}


@pytest.mark.parametrize(("changes", "path", "words"), [
    ({"dataset": {"name": "digitss"}}, "dataset.name", 'Did you mean "digits"?'),
    ({"dataset": {"name": "nowhere-at-all"}}, "dataset.name", "that this server has"),
    ({"dataset": {"name": "../../etc"}}, "dataset.name", "that this server has"),
    ({"dataset": {"name": ""}}, "dataset.name", "1 to 40"),
    ({"dataset": {"name": "x" * 41}}, "dataset.name", "1 to 40"),
    ({"dataset": {"name": 7}}, "dataset.name", "text"),
    ({"dataset": {}}, "dataset.name", "expected"),
    ({"dataset": None}, "dataset", "object"),
    ({"dataset": "digits"}, "dataset", "object"),
    ({"dataset": {"name": "digits", "path": "/data"}}, "dataset.path", "key"),
    ({"dataset": {"name": "digits", "url": "https://example.org"}}, "dataset.url", "key"),
    ({"dataset": {"name": "digits", "validation_fraction": 0.2}}, "dataset.validation_fraction", "null"),
    ({"dataset": {"name": "shapes", "validation_fraction": 0.9}}, "dataset.validation_fraction", "0.5"),
    ({"dataset": {"name": "shapes", "validation_fraction": 0.0}}, "dataset.validation_fraction", "0.02"),
    ({"dataset": {"name": "digits", "train_limit": 0}}, "dataset.train_limit", "2"),
    ({"dataset": {"name": "digits", "train_limit": 9}}, "dataset.train_limit", "one image of each class"),
    ({"dataset": {"name": "digits", "train_limit": 2.5}}, "dataset.train_limit", "whole number"),
    ({"dataset": {"name": "digits", "augment": "flip"}}, "dataset.augment", "shift"),
    ({"dataset": {"name": "digits", "type": "table"}}, "dataset.type", "images"),
    ({"training": {"epochs": 0}}, "training.epochs", "1"),
    ({"training": {"epochs": 1_001}}, "training.epochs", "1000"),
    ({"training": {"early_stopping_epochs": 0}}, "training.early_stopping_epochs", "1"),
    ({"training": {"learning_rate": 0.1}}, "training.learning_rate", "key"),
    ({"training": None}, "training", "object"),
    ({"fitness": {"parameter_penalty": -0.1}}, "fitness.parameter_penalty", "0"),
    ({"fitness": {"parameter_penalty": 1.5}}, "fitness.parameter_penalty", "1"),
    ({"fitness": 0.9}, "fitness", "object"),
    (space(conv_layers={"min": 3, "max": 1}), "search_space.conv_layers.max", "at least min, 3"),
    (space(conv_layers={"min": 1, "max": 7}), "search_space.conv_layers.max", "6"),
    (space(dense_layers={"min": 2, "max": 1}), "search_space.dense_layers.max", "at least min, 2"),
    (space(dropout={"min": 0.4, "max": 0.1}), "search_space.dropout.max", "at least min, 0.4"),
    (space(dropout={"max": 0.9}), "search_space.dropout.max", "0.5"),
    (space(learning_rate={"min": 0.1, "max": 0.01}), "search_space.learning_rate.max", "at least min, 0.1"),
    (space(learning_rate={"min": 0.0}), "search_space.learning_rate.min", "0.0001"),
    (space(learning_rate={"scale": "cubic"}), "search_space.learning_rate.scale", "log"),
    (space(filters=[]), "search_space.filters", "1 to 16"),
    (space(filters=[8, 8]), "search_space.filters.1", "each value once"),
    (space(filters=[0]), "search_space.filters.0", "1"),
    (space(kernel_sizes=[4]), "search_space.kernel_sizes.0", "odd"),
    (space(kernel_sizes=[9]), "search_space.kernel_sizes.0", "7"),
    (space(activations=["swish"]), "search_space.activations.0", "relu"),
    (space(optimizers=["adam", "lion"]), "search_space.optimizers.1", "adamw"),
    (space(batch_sizes=[4]), "search_space.batch_sizes.0", "8"),
    (space(pooling=["min"]), "search_space.pooling.0", "max"),
    (space(max_parameters=10), "search_space.max_parameters", "100"),
    (space(max_parameters=200), "search_space", "smallest network"),
    ({"strategy": {"type": "neat", "population_size": 5}}, "strategy.type", "genetic"),
    ({"strategy": {"population_size": 1}}, "strategy.population_size", "2"),
    ({"environment": {"type": "maze", "rows": ["SG"]}}, "environment", "key"),
    ({"network": {"hidden": [4]}}, "network", "key"),
])
def test_a_fault_is_reported_where_it_is(changes: dict[str, Any], path: str, words: str) -> None:
    found = faults_of(changes)
    assert path in {".".join(map(str, each.path)) for each in found}
    assert any(words in f"{each.message} {each.hint}" for each in found), found


@pytest.mark.django_db
def test_all_faults_come_at_once() -> None:
    document = GOOD | {
        "dataset": {"name": "digits", "validation_fraction": 0.3}, "training": {"epochs": 0},
        "search_space": {"filters": [8, 8], "conv_layers": {"min": 2, "max": 1}, "activations": ["swish"]},
        "strategy": {"type": "genetic", "population_size": 6, "elites": 9},
    }
    with pytest.raises(Faulty) as refusal:
        intake.check(document)
    assert {".".join(map(str, each.path)) for each in refusal.value.faults} == {
        "dataset.validation_fraction", "training.epochs", "search_space.filters.1",
        "search_space.conv_layers.max", "search_space.activations.0", "strategy.elites",
    }


def test_what_is_left_out_is_filled_in_and_kept() -> None:
    spec = staged({}).spec
    assert spec["dataset"] == {
        "type": "images", "name": "digits", "train_limit": None, "validation_fraction": None,
        "augment": "none",
    }
    assert spec["training"] == {"epochs": 10, "early_stopping_epochs": None}
    assert spec["fitness"] == {"parameter_penalty": 0.0}
    item = staged({})
    assert item.facts is not None
    assert item.facts["counts"].keys() == {"train", "validation", "test"}
    assert len(item.facts["sha256"]) == 64


def test_a_training_that_would_take_too_long_is_refused() -> None:
    (fault,) = faults_of({"training": {"epochs": 500}}, Limits(max_multiply_adds=10**9))
    assert fault.code == "LIMIT_EXCEEDED"
    assert "multiply-adds of a training" in fault.message


def test_early_stopping_that_never_happens_is_a_warning() -> None:
    (warning,) = staged({"training": {"epochs": 4, "early_stopping_epochs": 4}}).warnings
    assert warning.path == ("training", "early_stopping_epochs")
