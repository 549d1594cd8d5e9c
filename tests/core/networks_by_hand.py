"""Graphs drawn at random, and what each of them answers, computed node by node with exact fractions.

Shares no code with the kernels: every sum is a fraction, rounded once to float32.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from processing.core.genomes import graphs
from processing.core.genomes.graph import Activation, Graph
from processing.core.genomes.graphs import Graphs
from processing.core.types import Float32Array

F = np.float32


@dataclass(frozen=True)
class Link:
    """A connection gene; its innovation number is its place in the genome."""

    source: int
    target: int
    weight: float
    enabled: bool = True


@dataclass(frozen=True)
class Genome:
    """Connection genes, and hidden nodes with their activations."""

    links: tuple[Link, ...]
    hidden: dict[int, Activation]


def graphs_of(genomes: list[Genome]) -> Graphs:
    """These genomes in their own layout."""
    found = graphs.empty(
        len(genomes), max(len(one.links) for one in genomes), max(len(one.hidden) for one in genomes)
    )
    for agent, genome in enumerate(genomes):
        found.genes[agent], found.nodes[agent] = len(genome.links), len(genome.hidden)
        for at, link in enumerate(genome.links):
            found.innovations[agent, at], found.weights[agent, at] = at, link.weight
            found.sources[agent, at], found.targets[agent, at] = link.source, link.target
            found.enabled[agent, at] = link.enabled
        for at, node in enumerate(sorted(genome.hidden)):
            found.hidden[agent, at] = node
            found.activations[agent, at] = list(Activation).index(genome.hidden[node])
    return graphs.trim(found)


def random_genome(
    kind: Graph, numbers: np.random.Generator, *, hidden: int, links: int, initial: float = 0.8
) -> Genome:
    """A genome with some of the initial links and others between any nodes, backwards too where the kind
    remembers.

    A tenth of the genes is not enabled; some weights are 0, -0 or huge.
    """
    chosen = [Activation(name) for name in numbers.choice(list(Activation), hidden)]
    nodes = dict(
        zip((kind.first_hidden + numbers.choice(50, hidden, replace=False)).tolist(), chosen, strict=True)
    )
    inner = [*range(kind.first_output, kind.first_hidden), *nodes]
    rank = {node: number for number, node in enumerate(numbers.permutation(inner).tolist())}
    pairs = [(s, t) for t in range(kind.first_output, kind.first_hidden) for s in range(kind.first_output)]
    pairs = [pair for pair in pairs if numbers.random() < initial]
    for _ in range(links):
        source, target = int(numbers.integers(0, kind.first_output + len(inner))), int(numbers.choice(inner))
        source = source if source < kind.first_output else inner[source - kind.first_output]
        is_forward = source < kind.first_output or rank[source] < rank[target]
        if (is_forward or kind.remembers) and (source, target) not in pairs:
            pairs.append((source, target))
    weights = numbers.normal(0, 1.5, len(pairs)).astype(F)
    special = numbers.random(len(pairs))
    weights[special < 0.15] = numbers.choice(
        np.array([0.0, -0.0, 1e30, -3e-39], F), int((special < 0.15).sum())
    )
    return Genome(
        tuple(
            Link(source, target, float(weight), bool(numbers.random() < 0.9))
            for (source, target), weight in zip(pairs, weights, strict=True)
        ),
        nodes,
    )


def answers(kind: Graph, genome: Genome, observations: Float32Array) -> list[list[np.float32]]:
    """The outputs at each of the observations, (T, inputs), received one after the other in one episode."""
    memory = dict.fromkeys([*range(kind.first_output, kind.first_hidden), *genome.hidden], F(0))
    found = []
    with np.errstate(all="ignore"):
        for x in observations:
            outside = dict(enumerate(x)) | ({} if kind.bias is None else {kind.inputs: F(kind.bias)})
            if kind.passes == 0:
                known = dict(outside)
                found.append(
                    [
                        _in_order(kind, genome, node, known)
                        for node in range(kind.first_output, kind.first_hidden)
                    ]
                )
                continue
            for _ in range(kind.passes):
                before = outside | memory
                memory = {node: _node(kind, genome, node, before.__getitem__) for node in memory}
            found.append([memory[node] for node in range(kind.first_output, kind.first_hidden)])
    return found


def _in_order(kind: Graph, genome: Genome, node: int, known: dict[int, np.float32]) -> np.float32:
    """A node's value, after those of all that it reads."""
    if node not in known:
        known[node] = _node(kind, genome, node, lambda source: _in_order(kind, genome, source, known))
    return known[node]


def _node(kind: Graph, genome: Genome, node: int, value: Callable[[int], np.float32]) -> np.float32:
    total = F(0)
    for link in genome.links:
        if link.enabled and link.target == node:
            total = fused(value(link.source), F(link.weight), total)
    return ACTIVATIONS[genome.hidden.get(node, kind.parameters.output_activation)](total)


def fused(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    """a * b + c, rounded once."""
    rough = F(np.float64(a) * np.float64(b) + np.float64(c))
    if not np.isfinite(rough):
        return rough
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    if exact == 0:
        return rough
    near = [
        one for one in (rough, np.nextafter(rough, F(np.inf)), np.nextafter(rough, F(-np.inf)))
        if np.isfinite(one)
    ]
    best = min(abs(Fraction(float(one)) - exact) for one in near)
    closest = [one for one in near if abs(Fraction(float(one)) - exact) == best]
    return next((one for one in closest if int(one.view(np.uint32)) % 2 == 0), closest[0])


def _polynomial(x: np.float32, *coefficients: float) -> np.float32:
    total = F(coefficients[0])
    for one in coefficients[1:]:
        total = fused(total, x, F(one))
    return total


def _exp(x: np.float32) -> np.float32:
    x = F(88) if x > 88 else x if x > -87 else F(-87)
    n = fused(x, F(1.44269504088896341), F(12582912)) - F(12582912)
    r = fused(n, -F(-2.12194440e-4), fused(n, F(-0.693359375), x))
    series = _polynomial(
        r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
        5.0000001201e-1
    )
    return (fused(series, r * r, r) + F(1)) * F(2.0 ** int(n))


def _tanh(x: np.float32) -> np.float32:
    top = F(7.90531110763549805)
    x = top if x > top else -top if -top > x else x
    y = x * x
    p = _polynomial(
        y, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    )
    return x * p / _polynomial(
        y, 1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03
    )


def _sin(x: np.float32) -> np.float32:
    x = F(0) if x * x > F(2.0**40) else x
    pi, whole = F(np.pi), F(12582912)
    n = fused(x, F(1 / np.pi), whole) - whole
    r = fused(n, -F(np.pi - float(pi)), fused(n, -pi, x))
    y = r * r
    p = _polynomial(
        y, 2.608918327634109e-06, -0.0001981110680823599, 0.008333088094451775, -0.16666660459903315
    )
    value = fused(y * p, r, r)
    odd = n - F(2) * (fused(n, F(0.5), whole) - whole)
    return -value if odd * odd > F(0.5) else value


def _sigmoid(x: np.float32) -> np.float32:
    return F(1) / (F(1) + _exp(-x))


def _selu(x: np.float32) -> np.float32:
    return F(1.0507009873554805) * (x if x > 0 else F(1.6732632423543772) * (_exp(x) - F(1)))


def _gelu(x: np.float32) -> np.float32:
    inner = F(0.7978845608028654) * fused(F(0.044715) * (x * x), x, x)
    return F(0) if x < F(-5.5) else F(0.5) * x * (F(1) + _tanh(inner))


ACTIVATIONS: dict[Activation, Callable[[np.float32], np.float32]] = {
    Activation.STEEP_SIGMOID: lambda x: _sigmoid(F(4.924273) * x), Activation.SIGMOID: _sigmoid,
    Activation.TANH: _tanh, Activation.RELU: lambda x: x if x > 0 else F(0),
    Activation.LEAKY_RELU: lambda x: x if x > 0 else F(0.01) * x,
    Activation.IDENTITY: lambda x: x, Activation.SELU: _selu, Activation.GELU: _gelu, Activation.SIN: _sin,
    Activation.GAUSSIAN: lambda x: _exp(-(x * x)), Activation.ABS: lambda x: x if x > 0 else F(0) - x,
    Activation.STEP: lambda x: F(x > 0),
}  # fmt: skip
