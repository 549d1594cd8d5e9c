"""Networks in float64, against the same formulas in plain Python."""

import math

import numpy as np

from benchmarks.float64 import ACTIVATIONS, Node, answers, networks
from tests.arithmetic import added

INPUTS, OUTPUTS = (-1, -2, -3), (0, 1)


def random_network(numbers: np.random.Generator) -> list[Node]:
    ids = [*range(2, 2 + int(numbers.integers(0, 6))), *OUTPUTS[: int(numbers.integers(1, 3))]]
    known, found = list(INPUTS), []
    for one in ids:
        sources = numbers.permutation(known)[: int(numbers.integers(1, 5))].tolist()
        links = [(source, float(numbers.normal(0, 2))) for source in sources]
        name = ACTIVATIONS[int(numbers.integers(3))]
        found.append(Node(one, name, float(numbers.normal()), float(numbers.normal()), links))
        known.append(one)
    return found


def by_hand(network: list[Node], sample: list[float]) -> list[float]:
    values = dict(zip(INPUTS, sample, strict=True)) | dict.fromkeys(OUTPUTS, 0.0)
    for node in network:
        z = node.bias + node.response * added(values[source] * weight for source, weight in node.links)
        if node.activation == "sigmoid":
            z = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, 5.0 * z))))
        elif node.activation == "tanh":
            z = math.tanh(max(-60.0, min(60.0, 2.5 * z)))
        values[node.id] = z
    return [values[output] for output in OUTPUTS]


def test_the_difference_to_plain_python_is_exactly_0() -> None:
    numbers = np.random.default_rng(1)
    drawn, samples = [random_network(numbers) for _ in range(60)], numbers.normal(0, 3, (7, 3))
    found = answers(networks(drawn, INPUTS, OUTPUTS), samples)
    assert found.tolist() == [[by_hand(network, sample) for sample in samples.tolist()] for network in drawn]
