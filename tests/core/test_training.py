"""Networks are trained in child processes, whatever happens to these, with the same bits everywhere."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formatting.parse import parse
from processing.core.criterion import Closing
from processing.core.datasets.images import augmented, batches, divided, normalization_of, order
from processing.core.datasets.lookup import can_train
from processing.core.datasets.parameters import Augment
from processing.core.datasets.prepared import Prepared
from processing.core.datasets.source import Split
from processing.core.datasets.store import Store, Wanted
from processing.core.errors import Refused, Transient
from processing.core.evaluations import check
from processing.core.genomes.cnn.network import (
    Activation,
    Convolution,
    DenseLayer,
    Network,
    Optimizer,
    Pooling,
    genes_of,
)
from processing.core.judges import classification, trained
from processing.core.limits import Limits
from processing.core.ranking import pareto_front
from processing.core.search import generation as generations
from processing.core.search.plan import Plan, plan_of
from processing.core.training import pool as pools
from processing.core.training.messages import Job, TrainingResult
from processing.core.types import Evaluations, Failure
from staging.stage import stage
from tests.core.beats import Beats
from tests.core.searches import population_of_genomes

trains = pytest.mark.skipif(not can_train(), reason="make setup-train installs PyTorch")
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "cnn_evolution", "name": "test", "dataset": {"name": "digits", "train_limit": 100},
    "training": {"epochs": 3}, "strategy": {"type": "genetic", "population_size": 6},
    "search_space": {"filters": [4, 8], "dense_units": [8, 16], "max_parameters": 5_000},
    "stop": {"max_generations": 3},
}
GOOD = Network(
    (Convolution(8, 3, True, Activation.RELU, Pooling.MAX),), (DenseLayer(16, Activation.RELU),), 0.0, 0.003,
    32, Optimizer.ADAM,
)


def plan(**changes: Any) -> Plan:
    item = stage(parse(json.dumps(DOCUMENT | changes)), Limits())
    return plan_of(item.spec, item.facts)


def evaluated(found: Plan, networks: list[Network], **given: Any) -> Evaluations:
    genomes = genes_of(networks)
    result: Evaluations = found.judge.evaluate(genomes, **{"seed": 7, "generation": 0, **given})
    check(result, len(networks))
    return result


def equal(one: Evaluations, other: Evaluations) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("fitness", "steps", "failures", "metrics", "curves")
    )


def digits() -> Prepared:
    return Store.here().open("digits")


# ---- images


def test_images_are_divided_by_the_data_set_alone_with_the_same_share_of_each_class() -> None:
    train, validation = divided(digits(), validation_fraction=None, train_limit=100)
    assert (len(train), len(validation)) == (100, 360)
    assert np.bincount(train.labels[train.places]).tolist() == [10] * 10
    again, _ = divided(digits(), validation_fraction=None, train_limit=100)
    assert np.array_equal(train.places, again.places)


def test_without_a_validation_split_some_training_images_are_put_aside(tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.add("mine", "shapes", progress=lambda *_: None)
    data = store.open("mine")
    train, validation = divided(data, validation_fraction=0.2, train_limit=None)
    assert len(train) + len(validation) == len(data.labels[Split.TRAIN])
    assert len(validation) == round(0.2 * len(data.labels[Split.TRAIN]))
    assert not set(train.places) & set(validation.places)
    counts = np.bincount(data.labels[Split.TRAIN][validation.places])
    assert counts.max() - counts.min() <= 1


def test_images_are_normalised_by_channels() -> None:
    data = digits()
    mean, scale = normalization_of(data)
    pixels = (data.images[Split.TRAIN].astype(np.float64) - mean) * scale
    assert pixels.mean() == pytest.approx(0, abs=1e-4)
    assert pixels.std() == pytest.approx(1, abs=1e-4)


def test_every_image_is_in_one_batch_and_a_single_one_is_left_out() -> None:
    places = order(5, 0, 33)
    assert sorted(places.tolist()) == list(range(33))
    assert not np.array_equal(places, order(5, 1, 33))
    assert [len(each) for each in batches(places, 16)] == [16, 16]
    assert [len(each) for each in batches(places[:1], 16)] == [1]


def test_augmented_images_are_shifted_each_by_itself_and_mirrored_where_asked() -> None:
    images = np.arange(2 * 1 * 16 * 16).reshape(2, 1, 16, 16).astype(np.uint8)
    places = np.array([3, 9])
    assert augmented(images, Augment.NONE, 1, 0, places) is images
    shifted = augmented(images, Augment.SHIFT, 1, 0, places)
    assert shifted.shape == images.shape
    assert not np.array_equal(shifted, augmented(images, Augment.SHIFT, 1, 1, places))
    alone = augmented(images[1:], Augment.SHIFT_AND_FLIP, 1, 0, places[1:])
    assert np.array_equal(augmented(images, Augment.SHIFT_AND_FLIP, 1, 0, places)[1:], alone)
    drawn = [augmented(images[:1], Augment.SHIFT_AND_FLIP, 1, epoch, places[:1]) for epoch in range(20)]
    mirrored = {bool(each[0, 0, 8, 4] > each[0, 0, 8, 11]) for each in drawn}
    assert mirrored == {True, False}


# ---- trainings


@trains
def test_a_result_depends_on_neither_processes_nor_neighbours_nor_place() -> None:
    found = plan()
    others = list(found.genome.networks(found.genome.random(3, seed=1, generation=0)))
    first = evaluated(found, [GOOD, *others], threads=2)
    assert equal(evaluated(found, [GOOD, *others], threads=1), first)
    moved = evaluated(found, [*others, GOOD], generation=5, origin=40)
    assert moved.fitness[-1] == first.fitness[0]
    assert evaluated(found, [GOOD], seed=8).curves[0, 0, 0] != first.curves[0, 0, 0]


@trains
def test_it_learns_and_says_how() -> None:
    found = plan(dataset={"name": "digits"}, training={"epochs": 6}, fitness={"parameter_penalty": 0.1})
    result = evaluated(found, [GOOD])
    numbers = dict(zip(result.metric_names, result.metrics[0], strict=True))
    assert numbers["validation_accuracy"] > 0.9
    assert numbers["parameters"] == found.genome.parameters_of(GOOD)
    penalty = 0.1 * numbers["parameters"] / 5_000
    assert result.fitness[0] == pytest.approx(numbers["validation_accuracy"] - penalty)
    assert result.curve_names == ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    assert result.curves[0, -1, 2] < result.curves[0, 0, 2]
    assert (result.steps[0], numbers["best_epoch"]) == (6, 6)
    assert result.confusions.shape == (1, 10, 10)
    assert np.trace(result.confusions[0]) == round(numbers["validation_accuracy"] * 360)
    (profile,) = result.trained_by
    assert json.loads(profile)["threads"] == "1"
    assert json.loads(profile)["instructions"] == "AVX2" or json.loads(profile)["machine"] != "x86_64"


@trains
def test_early_stopping_keeps_the_best_epoch() -> None:
    found = plan(training={"epochs": 40, "early_stopping_epochs": 2})
    result = evaluated(found, [GOOD])
    accuracies = result.curves[0, : result.steps[0], 3]
    best = int(np.argmax(accuracies))
    assert result.steps[0] == best + 3 < 40
    assert result.fitness[0] == pytest.approx(accuracies[best])
    assert np.isnan(result.curves[0, result.steps[0] :]).all()


@trains
def test_a_loss_that_is_not_finite_fails_the_agent_alone() -> None:
    wild = GOOD._replace(
        convolutions=(Convolution(8, 3, False, Activation.SELU, Pooling.NONE),) * 3, learning_rate=1.0,
        optimizer=Optimizer.SGD,
    )
    result = evaluated(plan(), [wild, GOOD])
    assert result.failures.tolist() == [Failure.NON_FINITE_FITNESS, Failure.NONE]
    ((agent, reason),) = result.reasons
    assert agent == 0
    assert reason.startswith("Its loss was not finite in epoch ")


@trains
@pytest.mark.parametrize("optimizer", Optimizer)
@pytest.mark.parametrize("activation", [Activation.SIGMOID, Activation.GELU, Activation.ELU])
def test_every_optimizer_and_activation_can_be_trained(optimizer: Optimizer, activation: Activation) -> None:
    layers = (
        Convolution(4, 5, True, activation, Pooling.AVERAGE),
        Convolution(4, 1, False, activation, Pooling.NONE),
    )
    network = Network(layers, (DenseLayer(8, activation),), 0.3, 0.002, 16, optimizer)
    assert not evaluated(plan(training={"epochs": 1}), [network]).failures.any()


@trains
def test_equal_genomes_are_trained_once_and_known_ones_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found, jobs = plan(), []
    seeds = found.judge.seed_of
    monkeypatch.setattr(found.judge, "seed_of", lambda *given: jobs.append(given) or seeds(*given))
    other = GOOD._replace(batch_size=64)
    twice = evaluated(found, [GOOD, other, GOOD])
    assert len(jobs) == 2
    assert twice.known.tolist() == [0, 0, 1]
    assert twice.fitness[0] == twice.fitness[2]
    genomes = genes_of([GOOD, other, GOOD])
    population = population_of_genomes(genomes, 3)
    state, _ = found.judge.closed(found.judge.begin(), population, twice, Closing(7, 0))
    later = evaluated(found, [other, GOOD], state=state, generation=1)
    assert len(jobs) == 2
    assert later.known.tolist() == [1, 1]
    assert equal(later, evaluated(found, [other, GOOD], generation=1))
    figures = found.judge.figures(later, 0)
    assert (figures["known_agents"], figures["seconds_saved"] > 0) == (2, True)
    assert "confusion" not in figures
    assert len(found.judge.figures(twice, 0)["confusion"]) == 10


def test_of_results_the_oldest_leave_first(monkeypatch: pytest.MonkeyPatch) -> None:
    state = trained.nothing(64, 2)
    monkeypatch.setattr(trained, "MOST_BYTES", 3 * (64 + 8 + 4 + 4 + 2 * 4 * 4))
    for number in range(5):
        state = trained.with_further(
            state, np.full((1, 64), number, np.uint8), seconds=np.array([1.0]),
            epochs=np.array([2], np.int32), best=np.array([1], np.int32),
            curves=np.zeros((1, 2, 4), np.float32),
        )
    assert state["genomes"][:, 0].tolist() == [2, 3, 4]


@trains
@pytest.mark.parametrize("threads", [1, 2])
def test_a_search_has_one_digest_with_and_without_known_results(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(found: Plan) -> str:
        checkpoint = generations.begin(found)
        for _ in range(3):
            population = generations.open_generation(found, checkpoint, seed=5)
            results = found.judge.evaluate(
                population.genomes, seed=5, generation=checkpoint.next_generation, threads=threads,
                state=checkpoint.judge,
            )
            closed = generations.close_generation(found, checkpoint, population, results, seed=5)
            checkpoint = closed.checkpoint
        return checkpoint.digest

    with_cache = digest(plan())
    forgetting = plan()
    monkeypatch.setattr(forgetting.judge, "known", lambda *_: {})
    assert digest(forgetting) == with_cache


# ---- processes


@trains
def test_children_that_are_killed_in_mid_epoch_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MOST_TRIES", 2)
    monkeypatch.setattr(pools, "LOOK_SECONDS", 0.01)  # so that every training is seen under way
    found = plan(training={"epochs": 12}, dataset={"name": "digits"})
    undisturbed = evaluated(found, [GOOD], threads=1)
    killed: list[int] = []

    def kill() -> bool:
        for process in pools.pool().all:
            if process.at_work() is not None and len(killed) < pools.MOST_TRIES - 1:
                killed.append(process.process.pid)
                os.kill(process.process.pid, signal.SIGKILL)
        return False

    assert equal(evaluated(found, [GOOD], threads=1, beat=kill), undisturbed)
    assert len(killed) == pools.MOST_TRIES - 1


@trains
def test_a_training_that_nobody_lets_end_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MOST_TRIES", 2)
    monkeypatch.setattr(pools, "LOOK_SECONDS", 0.01)  # so that every training is seen under way
    found = plan(training={"epochs": 500})

    def kill() -> bool:
        for process in pools.pool().all:
            if process.at_work() is not None:
                os.kill(process.process.pid, signal.SIGKILL)
        return False

    result = evaluated(found, [GOOD], beat=kill)
    assert result.failures.tolist() == [Failure.WORKER_LOST]
    assert result.reasons == ((0, "The process of its training died (SIGKILL)."),)


@trains
def test_a_training_without_a_batch_for_long_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(classification, "SLOWEST", 0)
    found, stopped = plan(training={"epochs": 500}), threading.Event()

    def stop() -> bool:
        for process in pools.pool().all:
            if process.at_work() is not None and not stopped.is_set():
                os.kill(process.process.pid, signal.SIGSTOP)
                stopped.set()
        return False

    result = evaluated(found, [GOOD._replace(batch_size=64)], beat=stop)
    assert result.failures.tolist() == [Failure.TIMEOUT]


@trains
def test_a_turn_that_is_over_begins_no_training_and_ends_those_under_way() -> None:
    found = plan()
    networks = [GOOD._replace(batch_size=size) for size in (16, 32, 64, 128)]
    result = found.judge.evaluate(genes_of(networks), seed=7, generation=0, threads=1, beat=lambda: True)
    check(result, 4, may_be_fewer=True)
    assert result.agents.tolist() == [0]


@trains
def test_whoever_ends_an_evaluation_ends_its_trainings_and_the_next_one_works() -> None:
    found, beats = plan(training={"epochs": 500}), Beats()

    def refuse() -> bool:
        beats()
        if beats.number > 2:
            raise Refused("enough")
        return False

    with pytest.raises(Refused, match="enough"):
        evaluated(found, [GOOD], beat=refuse)
    assert not any(process.jobs for process in pools.pool().all)
    assert not evaluated(plan(), [GOOD]).failures.any()


@trains
def test_costly_networks_are_begun_first() -> None:
    found = plan()
    small, large = (
        GOOD._replace(
            convolutions=(Convolution(filters, 3, False, Activation.RELU, Pooling.NONE),), dense=()
        ) for filters in (4, 8)
    )
    assert found.judge.by_cost(genes_of([small, large, GOOD])) == [1, 2, 0]


@trains
def test_a_machine_without_the_data_set_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DATASETS_FOLDER", str(tmp_path))
    wanted = Wanted(number=240)
    Store.here().add("mine", "shapes", wanted=wanted, progress=lambda *_: None)
    item = stage(parse(json.dumps(DOCUMENT | {"dataset": {"name": "mine"}})), Limits())
    found = plan_of(item.spec, item.facts)
    Store.here().remove("mine")
    genomes = found.genome.random(2, seed=1, generation=0)
    with pytest.raises(Transient, match="The data set mine is not on this machine"):
        found.judge.evaluate(genomes, seed=1, generation=0)
    Store.here().add("theirs", "shapes", wanted=wanted, progress=lambda *_: None)  # the same images
    assert not found.judge.evaluate(genomes, seed=1, generation=0).failures.any()


@trains
def test_another_data_set_of_the_same_name_is_not_trained_on() -> None:
    found = plan()
    found.problem.facts = dict(found.problem.facts) | {"sha256": "0" * 64}
    with pytest.raises(Transient, match="The data set digits is not on this machine"):
        evaluated(found, [GOOD])


def test_messages_come_back_as_they_were() -> None:
    job = Job(3, b"\n\x00genes", 2**52)
    assert Job.unpacked(job.packed()) == job
    result = TrainingResult(
        2, Failure.NONE, "", epochs=2, best=1, curves=np.arange(8, dtype=np.float32).reshape(2, 4),
        confusion=np.arange(4, dtype=np.int32).reshape(2, 2), seconds=0.5, trained_by="x",
    )
    again = TrainingResult.unpacked(result.packed())
    assert np.array_equal(again.curves, result.curves)
    assert np.array_equal(again.confusion, result.confusion)
    fields = {"curves": None, "confusion": None}
    assert replace(again, **fields) == replace(result, **fields)


def test_the_front_has_what_nothing_is_better_than() -> None:
    points = [(5, 0.9), (3, 0.9), (4, 0.95), (9, 0.95), (1, 0.2), (3, 0.9)]
    assert pareto_front(points) == [4, 1, 2]
    assert all(
        any(points[each][0] <= x and points[each][1] >= y for each in pareto_front(points)) for x, y in points
    )


def test_no_process_that_hands_out_trainings_imports_what_trains() -> None:
    program = (
        "import sys, processing.core.search.plan, processing.core.training.pool;"
        "print(sorted({'torch', 'sklearn', 'datasets', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"



@trains
@pytest.mark.parametrize("size", [(8, 8), (9, 7), (2, 2)])
def test_pooling_is_that_of_pytorch_to_the_bit(size: tuple[int, int]) -> None:
    import torch

    from processing.core.training.modules import MaxPooling

    torch.manual_seed(1)
    maps = torch.randn(5, 3, *size)
    found = []
    for pooling in (MaxPooling(), torch.nn.MaxPool2d(2)):
        given = maps.clone().requires_grad_()
        pooled = pooling(given)
        pooled.backward(torch.arange(pooled.numel(), dtype=torch.float32).reshape(pooled.shape))
        found.append((pooled.detach(), given.grad))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*found, strict=True))


@trains
def test_of_equal_values_pooling_gives_the_first_the_gradient() -> None:
    import torch

    from processing.core.training.modules import MaxPooling

    maps = torch.zeros(1, 1, 2, 2, requires_grad=True)
    MaxPooling()(maps).sum().backward()
    assert maps.grad is not None
    assert maps.grad.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]
