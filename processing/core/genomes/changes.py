"""The differences between two genomes: nodes and links by their numbers, weights by count and size."""

from dataclasses import dataclass

import numpy as np

from processing.core.genomes.graph_genes import ConnectionGene, Genes, NodeRole
from processing.core.types import Float32Array


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences of a child's genome from a parent's."""

    nodes_added: tuple[int, ...]  # numbers of hidden nodes
    nodes_removed: tuple[int, ...]
    links_added: tuple[ConnectionGene, ...]
    links_removed: tuple[ConnectionGene, ...]
    links_enabled: tuple[ConnectionGene, ...]
    links_disabled: tuple[ConnectionGene, ...]
    weights_changed: int  # number of genes of both whose weight differs
    largest_change: float | None  # of a weight, as an absolute value; None where none changed, or unknown


def changes_of_bytes(before: bytes, after: bytes) -> Changes:
    """Return in how many bytes two packed genomes differ, as `weights_changed`."""
    number = sum(was != became for was, became in zip(before, after, strict=False))
    return Changes((), (), (), (), (), (), number + abs(len(after) - len(before)), None)


def changes_of_weights(before: Float32Array, after: Float32Array) -> Changes:
    """Return the differences between two genomes of the same fixed network.

    Args:
        before, after: (W,) float32.
    """
    moved = np.abs(after.astype(np.float64) - before.astype(np.float64))
    number = int(np.count_nonzero(moved))
    return Changes((), (), (), (), (), (), number, float(moved.max()) if number else None)


def changes_of_genes(before: Genes, after: Genes) -> Changes:
    """Return the differences between two graph genomes; genes are matched by innovation number."""
    links, later = ({gene.innovation: gene for gene in each.connections} for each in (before, after))
    nodes, ends = set(before.of(NodeRole.HIDDEN)), set(after.of(NodeRole.HIDDEN))
    both = [(links[number], later[number]) for number in sorted(links.keys() & later.keys())]
    moved = [abs(gene.weight - was.weight) for was, gene in both if gene.weight != was.weight]
    return Changes(
        nodes_added=tuple(sorted(ends - nodes)), nodes_removed=tuple(sorted(nodes - ends)),
        links_added=tuple(later[number] for number in sorted(later.keys() - links.keys())),
        links_removed=tuple(links[number] for number in sorted(links.keys() - later.keys())),
        links_enabled=tuple(gene for was, gene in both if gene.enabled and not was.enabled),
        links_disabled=tuple(gene for was, gene in both if was.enabled and not gene.enabled),
        weights_changed=len(moved), largest_change=max(moved, default=None),
    )
