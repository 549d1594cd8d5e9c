"""Graph genomes: their layout, and what their networks answer."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from processing.core.environments.maze.grid_world import GridWorld
from processing.core.errors import Broken
from processing.core.genomes import graphs
from processing.core.genomes.dense import Output
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.genomes.graphs import Graphs
from processing.core.judges.episodes import Episodes
from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import LANES
from processing.core.rollouts.actions import Range
from processing.core.rollouts.kernel import rollouts_of, workspace
from processing.core.rollouts.single_step import respond, settle
from processing.core.types import Float32Array, Purpose
from tests.core.mazes import maze
from tests.core.networks_by_hand import Genome, Link, answers, graphs_of, random_genome

INPUTS, OUTPUTS = 3, 2
ROOM = SimpleNamespace(
    integers=0, floats=0, bits=0, episodes=1, max_steps=1, has_common_episodes=False, is_random=False
)
KINDS: dict[str, dict[str, Any]] = {
    "in order": {}, "tanh": {"output_activation": Activation.TANH}, "without bias": {"bias": None},
    "recurrent": {"recurrent": True, "output_activation": Activation.IDENTITY},
    "three passes": {"activations_per_step": 3, "output_activation": Activation.RELU, "bias": 0.5},
}  # fmt: skip


class Responder:
    """Networks of LANES rollouts, evaluated side by side; each lane keeps the memory of its own rollout."""

    def __init__(self, kind: Graph, genomes: Graphs) -> None:
        self.kind, self.prepared = kind, kind.prepared(genomes)
        room = SimpleNamespace(**vars(ROOM), outputs=kind.outputs)
        self.work = workspace(room, self.prepared)
        self.rollouts = rollouts_of(
            room, kind, seed=1, generation=0, purpose=Purpose.EPISODE, first=0, last=0, origin=0,
            sampled=False
        )
        self.settle, self.respond = compiled(settle, kind.parts), compiled(respond, kind.parts)

    def begin(self, lane: int, agent: int) -> None:
        self.settle(self.prepared.genomes, self.prepared.network, self.work, agent, lane)

    def outputs(self, seen: Float32Array) -> Float32Array:
        """What the networks answer, (LANES, outputs), to what their lanes see, (LANES, inputs)."""
        found = np.zeros((self.kind.outputs, LANES), np.float32)
        self.work.scratch[: seen.size] = seen.T.reshape(-1)
        with np.errstate(all="ignore"):
            self.respond(
                self.prepared.genomes, self.prepared.network, self.work, self.rollouts, 0, found.reshape(-1)
            )
        return found.T


def graph(*, inputs: int = INPUTS, outputs: int = OUTPUTS, **parameters: Any) -> Graph:
    return Graph(GraphParameters(**parameters), inputs=inputs, outputs=outputs)


def genomes(kind: Graph, size: int, *, seed: int = 1) -> list[Genome]:
    numbers = np.random.default_rng(seed)
    return [
        random_genome(kind, numbers, hidden=int(numbers.integers(0, 7)), links=int(numbers.integers(0, 25)))
        for _ in range(size)
    ]


def observations(rollouts: int, steps: int, *, inputs: int = INPUTS) -> Float32Array:
    return np.random.default_rng(2).normal(0, 2, (rollouts, steps, inputs)).astype(np.float32)


def bits(values: Any) -> list[Any]:
    """Numbers that are equal only for the same bits; all NaN are alike."""
    found = np.asarray(values, np.float32)
    return np.where(np.isnan(found), -1, found.view(np.int32).astype(np.int64)).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", KINDS)
def test_networks_answer_as_computed_by_hand_whoever_lives_beside_them(name: str) -> None:
    kind = graph(**KINDS[name])
    drawn, size, steps = genomes(kind, 40), 40, 3
    seen = observations(size, steps)
    wanted = [bits(answers(kind, genome, x)) for genome, x in zip(drawn, seen, strict=True)]
    responder, found = Responder(kind, graphs_of(drawn)), {}
    order = np.random.default_rng(3).permutation(size).tolist()
    lanes, ages, waiting = [-1] * LANES, [0] * LANES, order
    while waiting or max(lanes) >= 0:
        for lane in range(LANES):  # rollouts begin at different times, so that any may be beside any
            if lanes[lane] < 0 and waiting and (lane + len(waiting)) % 3:
                lanes[lane], ages[lane] = waiting.pop(), 0
                found[lanes[lane]] = []
                responder.begin(lane, lanes[lane])
        x = np.stack([seen[agent, age % steps] for agent, age in zip(lanes, ages, strict=True)])
        y = responder.outputs(x)
        for lane, agent in enumerate(lanes):
            if agent >= 0:
                found[agent].append(bits(y[lane]))
                ages[lane] += 1
                lanes[lane] = agent if ages[lane] < steps else -1
    assert [found[agent] for agent in range(size)] == wanted


def test_a_network_may_be_much_larger_than_its_neighbours() -> None:
    kind, numbers = graph(), np.random.default_rng(5)
    drawn = [random_genome(kind, numbers, hidden=40, links=400), *genomes(kind, LANES - 1)]
    seen = observations(LANES, 1)
    responder = Responder(kind, graphs_of(drawn))
    for lane in range(LANES):
        responder.begin(lane, lane)
    found = responder.outputs(seen[:, 0])
    assert [bits(y) for y in found] == [
        bits(answers(kind, genome, x)[0]) for genome, x in zip(drawn, seen, strict=True)
    ]


@pytest.mark.parametrize("total", [-1e-45, np.inf, -np.inf, 3.0])
def test_a_lane_that_adds_less_than_its_neighbours_keeps_its_sum(total: float) -> None:
    """-1e-45 * 0.25 is -0 after rounding; anything but 0 * -0 would lose the sign."""
    kind = graph(inputs=1, outputs=1, bias=None, output_activation=Activation.IDENTITY)
    short = Genome((Link(0, 1, 0.25),), {})
    others = Genome(
        tuple(Link(2 + n, 1, 1.0) for n in range(9)), {2 + n: Activation.SIGMOID for n in range(9)}
    )
    through = Genome((Link(0, 2, 1.0), Link(2, 1, 0.25)), {2: Activation.IDENTITY})
    responder = Responder(kind, graphs_of([short, others, through]))
    for lane, agent in enumerate((0, 1, 2)):
        responder.begin(lane, agent)
    found = responder.outputs(np.full((LANES, 1), total, np.float32))
    wanted = np.float32(total) * np.float32(0.25)
    assert bits(found[0]) == bits(found[2]) == bits([wanted])
    assert np.signbit(found[0, 0]) == (total < 0)


def test_a_node_without_links_has_the_activation_of_0() -> None:
    kind = graph(inputs=1, outputs=2)
    only = Genome((Link(0, 2, 1.0, enabled=False), Link(4, 3, 1.0)), {4: Activation.GAUSSIAN})
    responder = Responder(kind, graphs_of([only]))
    responder.begin(0, 0)
    found = responder.outputs(np.ones((LANES, 1), np.float32))[0]
    assert found[0] == 0.5
    assert found[1] == pytest.approx(1 / (1 + np.exp(-4.924273)), abs=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_fitness_has_the_same_bits_for_any_threads_and_slices(name: str) -> None:
    kind = graph(inputs=24, outputs=9, output=Output.SOFTMAX, **KINDS[name])
    all_of_them = graphs_of(genomes(kind, 70))
    judge = Episodes(GridWorld(maze(("....G....", "....S....", "........."), max_steps=12)), kind)
    whole = judge.evaluate(all_of_them, seed=3, generation=1)
    parts = [
        judge.evaluate(
            kind.take(all_of_them, np.arange(*bounds, dtype=np.int32)), seed=3, generation=1,
            origin=bounds[0], threads=2
        )
        for bounds in ((0, 1), (1, 40), (40, 70))
    ]
    assert np.concatenate([part.fitness for part in parts]).tolist() == whole.fitness.tolist()
    assert np.concatenate([part.steps for part in parts]).tolist() == whole.steps.tolist()
    assert len(set(whole.fitness.tolist())) > 3


_PLAIN = """
import numpy as np
from tests.core import test_graph as tests
kind = tests.graph(**tests.KINDS["{name}"])
responder = tests.Responder(kind, tests.graphs_of(tests.genomes(kind, 16)))
for lane in range(16):
    responder.begin(lane, lane)
seen = tests.observations(16, 2)
print([tests.bits(responder.outputs(seen[:, step])) for step in range(2)])
"""


@pytest.mark.parametrize("name", ["in order", "recurrent"])
def test_plain_python_gives_the_same_bits(name: str) -> None:
    code, root = _PLAIN.replace("{name}", name), Path(__file__).parents[2]
    plain, compiled = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, env=os.environ | {"NUMBA_DISABLE_JIT": off}, text=True,
            capture_output=True, check=True,
        ).stdout
        for off in ("1", "0")
    )  # fmt: skip
    assert plain == compiled
    assert len(plain) > 200


def test_a_link_to_an_unknown_node_or_a_cycle_is_broken() -> None:
    kind = graph(inputs=1, outputs=1)
    cycle = Genome(
        (Link(3, 2, 1.0), Link(4, 3, 1.0), Link(3, 4, 1.0)), dict.fromkeys((3, 4), Activation.TANH)
    )
    unknown = Genome((Link(7, 2, 1.0),), {})
    fine = Genome((Link(0, 2, 1.0),), {})
    for wrong in (cycle, unknown, Genome((Link(0, 1, 1.0),), {})):
        with pytest.raises(Broken, match="genome 1: expected links between its own nodes"):
            kind.prepared(graphs_of([fine, wrong]))
    assert graph(inputs=1, outputs=1, recurrent=True).prepared(graphs_of([fine, cycle])).rows > 0


def test_initial_genomes_link_every_input_and_the_bias_to_every_output() -> None:
    kind = graph()
    found = kind.random(200, seed=3, generation=0)
    assert found.genes.tolist() == [8] * 200
    assert found.innovations[7].tolist() == list(range(8))
    assert list(zip(found.sources[7].tolist(), found.targets[7].tolist(), strict=True)) == [
        (source, target) for target in (4, 5) for source in range(4)
    ]
    assert found.enabled.all()
    assert found.nodes.tolist() == [0] * 200
    assert -1 <= found.weights.min() < -0.98
    assert 0.98 < found.weights.max() <= 1
    assert abs(found.weights.mean()) < 0.06


def test_a_group_has_no_more_room_than_its_largest_genome_needs() -> None:
    kind = graph()
    drawn = genomes(kind, 9)
    found = graphs_of(drawn)
    for agent, genome in enumerate(drawn):
        one = kind.take(found, np.array([agent], np.int32))
        assert one.weights.shape == (1, len(genome.links))
        assert one.hidden.shape == (1, len(genome.hidden))
        assert kind.pack(one) == kind.pack(graphs_of([genome]))
    again = kind.join([kind.take(found, np.array([agent], np.int32)) for agent in range(9)])
    assert all(np.array_equal(a, b) for a, b in zip(again, found, strict=True))


def test_any_whole_rows_of_packed_genomes_can_be_unpacked_alone() -> None:
    kind = graph()
    found = graphs_of(genomes(kind, 9))
    data = kind.pack(found)
    length = len(data) // 9
    for first, last in ((0, 9), (2, 5), (8, 9), (3, 3)):
        cut = kind.unpack(data[first * length : last * length])
        assert kind.pack(cut) == kind.pack(kind.take(found, np.arange(first, last, dtype=np.int32)))


@pytest.mark.parametrize("at", [0, 4, 8])
def test_packed_genomes_whose_numbers_were_changed_are_broken(at: int) -> None:
    data = bytearray(graph().pack(graphs_of(genomes(graph(), 3))))
    data[at] ^= 1
    with pytest.raises(Broken, match="packed genomes"):
        graphs.unpack(bytes(data))


def test_complexity_is_the_mean_number_of_enabled_connections() -> None:
    kind = graph()
    drawn = genomes(kind, 5)
    assert kind.complexity(graphs_of(drawn)) == sum(link.enabled for one in drawn for link in one.links) / 5


def test_diversity_is_the_spread_about_the_mean_genome() -> None:
    kind = graph()
    found = graphs_of(genomes(kind, 6))
    table = np.zeros((6, int(found.innovations.max()) + 1))
    for agent in range(6):
        used = found.innovations[agent] >= 0
        table[agent, found.innovations[agent, used]] = np.clip(found.weights[agent, used], -9, 9)
    small = found._replace(weights=np.clip(found.weights, -9, 9))
    assert kind.diversity(small) == pytest.approx(np.sqrt(((table - table.mean(0)) ** 2).mean()), rel=1e-9)
    far = small._replace(
        innovations=np.where(small.innovations >= 0, small.innovations + 2**30, -1).astype(np.int32)
    )
    assert kind.diversity(far) == kind.diversity(small)


def test_a_genome_is_described_as_nodes_and_connections() -> None:
    kind = graph(inputs=1, outputs=1)
    links = (Link(0, 2, 0.5), Link(0, 7, 1.0), Link(7, 2, -1.0, enabled=False), Link(7, 7, 2.0))
    nodes, connections = kind.describe(graphs_of([Genome(links, {7: Activation.SIN})]), 0)
    assert [tuple(node) for node in nodes] == [
        (0, "input", None, None), (1, "bias", None, 1.0), (2, "output", "steep_sigmoid", None),
        (7, "hidden", "sin", None)
    ]  # fmt: skip
    assert [tuple(one) for one in connections] == [
        (0, 0, 2, 0.5, True, False), (1, 0, 7, 1.0, True, False), (2, 7, 2, -1.0, False, False),
        (3, 7, 7, 2.0, True, True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [
        ("steep_sigmoid", Range.UNIT), ("gaussian", Range.UNIT), ("tanh", Range.SYMMETRIC),
        ("abs", Range.UNBOUNDED)
    ],
)
def test_the_range_of_the_outputs_follows_from_their_activation(activation: str, wanted: Range) -> None:
    assert graph(output_activation=Activation(activation)).output_range == wanted


def test_an_empty_group_is_empty() -> None:
    nothing = graph().join([])
    assert isinstance(nothing, Graphs)
    assert graph().count(nothing) == 0
    assert graph().pack(nothing) == b""
    assert graph().complexity(nothing) == graph().diversity(nothing) == 0
