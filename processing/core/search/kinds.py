"""The table of kinds of work: what varies, and how it may move. One line each.

How agents are scored is the environment's to say: see `judge` there.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, in names of the tables of genomes and strategies."""

    genome: str
    strategies: tuple[str, ...]  # the first is the default


KINDS = {
    "weight_evolution": Kind(genome="dense", strategies=("rising_threshold", "genetic", "openai_es", "cma_es")),
    "neat": Kind(genome="graph", strategies=("neat",)),
}
