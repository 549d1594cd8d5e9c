"""The mutation of one child: a new node, or else a new connection, or else changes of its genes.

Each function changes genome `child` of `children`, which has room for another node and two more genes, and
returns whether it did.

Source: Stanley and Miikkulainen 2002, section 3.1; tries, walks and weights: authors' code v1.2.1.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

import numpy as np

from processing.core.kernels.roles import kernel, part
from processing.core.neat.connecting import add_connection
from processing.core.neat.draws import CONNECTION, DECISIONS, NODE, SWITCHES, WEIGHTS, index_part, spread_part
from processing.core.neat.innovation import FREE, GENE, SPLIT, change_part, place_part
from processing.core.neat.innovation import NODE as NODE_COUNTER
from processing.core.rng import agent_key, uniform_part

_CHOICE = 2**32
#: Fraction of the genes whose weights may be replaced in a mutation that is not severe.
REPLACED = np.float32(0.5)


class Mutation(NamedTuple):
    """Probabilities and sizes of changes; `NeatParameters` describes each."""

    add_node: np.float32
    add_connection: np.float32
    recurrent: np.float32
    weights: np.float32
    toggle: np.float32
    re_enable: np.float32
    power: np.float32
    rate: np.float32
    severe: np.float32
    severe_perturbed: np.float32
    severe_replaced: np.float32
    new_perturbed: np.float32
    new_replaced: np.float32
    replaced: np.float32
    limit: np.float32
    connection_power: np.float32
    tries: int
    small: int  # genes; in smaller genomes the gene to split is searched from the oldest on
    walk_on: np.float32
    large: int  # genes; in genomes of at least this size the newest genes are treated separately
    new_fraction: float


@part
def mutate(chances, frame, table, choices, prefix, children, child, scratch):
    """Mutate the child by the draws of its address; return whether it was changed."""
    decisions = agent_key(prefix, child, DECISIONS)
    if uniform_part(decisions, 0) < chances.add_node:
        return add_node(chances, frame, table, choices, agent_key(prefix, child, NODE), children, child)
    if uniform_part(decisions, 1) < chances.add_connection:
        return add_connection(
            chances, frame, table, agent_key(prefix, child, CONNECTION), children, child, scratch
        )
    changed = False
    if uniform_part(decisions, 2) < chances.weights:
        mutate_weights(chances, agent_key(prefix, child, WEIGHTS), children, child)
        changed = True
    if uniform_part(decisions, 3) < chances.toggle:
        changed = toggle(agent_key(prefix, child, SWITCHES), children, child) or changed
    if uniform_part(decisions, 4) < chances.re_enable:
        changed = re_enable(children, child) or changed
    return changed


@kernel
def add_node(chances, frame, table, choices, key, children, child):
    """Split an enabled gene: a new node gets an ingoing weight of 1 and the gene's weight outgoing."""
    split = chosen_gene(chances, frame, key, children, child)
    if split < 0:
        return False
    change = change_part(children.innovations[child, split], SPLIT)
    place = place_part(table, change)
    if table.changes[place] == FREE:
        table.changes[place] = change
        table.genes[place] = table.counters[GENE]
        table.nodes[place] = table.counters[NODE_COUNTER]
        table.activations[place] = choices[index_part(key, _CHOICE, choices.size)]
        table.counters[GENE] += 2
        table.counters[NODE_COUNTER] += 1
    children.enabled[child, split] = 0
    node, first, hidden = table.nodes[place], np.int64(children.genes[child]), np.int64(children.nodes[child])
    children.sources[child, first] = children.sources[child, split]
    children.targets[child, first] = node
    children.weights[child, first] = np.float32(1)
    children.sources[child, first + 1] = node
    children.targets[child, first + 1] = children.targets[child, split]
    children.weights[child, first + 1] = children.weights[child, split]
    for i in range(2):
        children.innovations[child, first + i] = table.genes[place] + i
        children.enabled[child, first + i] = 1
    children.genes[child] = first + 2
    children.hidden[child, hidden] = node
    children.activations[child, hidden] = table.activations[place]
    children.nodes[child] = hidden + 1
    return True


@part
def chosen_gene(chances, frame, key, children, child):
    """Choose the gene to split, which is enabled and does not start at the bias; -1 where none was found.

    A small genome is searched from its first such gene on, and each gene is skipped with a fixed probability,
    so that old connections are split more often. A search that ends at a disabled gene finds none. In larger
    genomes genes are tried at random.
    """
    genes = np.int64(children.genes[child])
    if genes < chances.small:
        i = np.int64(0)
        while i < genes and (children.enabled[child, i] == 0 or children.sources[child, i] == frame.bias):
            i += 1
        while (
            i < genes and (children.sources[child, i] == frame.bias or uniform_part(key, i) < chances.walk_on)
        ):
            i += 1
        return i if i < genes and children.enabled[child, i] == 1 else np.int64(-1)
    for attempt in range(chances.tries):
        i = index_part(key, attempt, genes)
        if children.enabled[child, i] == 1 and children.sources[child, i] != frame.bias:
            return i
    return np.int64(-1)


@kernel
def mutate_weights(chances, key, children, child):
    """Perturb weights by, or replace them with, a uniform number within +-power; they are clipped to +-limit.

    In a severe mutation every weight is perturbed, replaced or kept with fixed probabilities. Otherwise this
    holds for the newest genes of a large genome, with probabilities of their own; the weights of all other
    genes are perturbed with the probability `rate`, and every second one of them may be replaced as well.
    """
    genes = np.int64(children.genes[child])
    severe = uniform_part(key, 0) < chances.severe
    newest = chances.new_fraction * genes
    for g in range(genes):
        perturbed, replaced = chances.rate, np.float32(0)
        if severe:
            perturbed, replaced = chances.severe_perturbed, chances.severe_replaced
        elif genes >= chances.large and g > newest:
            perturbed, replaced = chances.new_perturbed, chances.new_replaced
        elif uniform_part(key, 3 * g + 1) < REPLACED:
            replaced = chances.replaced
        choice, moved = uniform_part(key, 3 * g + 2), chances.power * spread_part(key, 3 * g + 3)
        weight = children.weights[child, g]
        if choice < perturbed:
            weight += moved
        elif choice < perturbed + replaced:
            weight = moved
        children.weights[child, g] = min(max(weight, -chances.limit), chances.limit)


@part
def toggle(key, children, child):
    """Toggle a random gene; the last enabled gene of its source stays enabled."""
    g = index_part(key, 0, children.genes[child])
    if children.enabled[child, g] == 0:
        children.enabled[child, g] = 1
        return True
    for other in range(children.genes[child]):
        if (
            other != g and children.enabled[child, other] == 1
            and children.sources[child, other] == children.sources[child, g]
        ):
            children.enabled[child, g] = 0
            return True
    return False


@part
def re_enable(children, child):
    """Enable the oldest disabled gene."""
    for g in range(children.genes[child]):
        if children.enabled[child, g] == 0:
            children.enabled[child, g] = 1
            return True
    return False
