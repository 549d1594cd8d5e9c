"""The table of kinds of work: the genome kind and the strategies of each, one line each.

The environment names the judge that scores its agents.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, by the names in the tables of genome kinds and strategies."""

    genome: str
    strategies: tuple[str, ...]  # the first is the default


KINDS = {
    "weight_evolution": Kind(
        genome="dense", strategies=("rising_threshold", "genetic", "openai_es", "cma_es")
    ),
    "neat": Kind(genome="graph", strategies=("neat",)),
}
