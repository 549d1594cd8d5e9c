"""The table of kinds of work: what varies, how it may move, how it is scored. One line each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, in names of the tables of genomes, strategies and judges."""

    genome: str
    strategies: tuple[str, ...]  # the first is the default
    judge: str


KINDS = {
    "weight_evolution": Kind(genome="dense", strategies=("rising_threshold", "genetic"), judge="episodes"),
}
