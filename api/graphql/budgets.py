"""Budgets: how much may be read and computed for one request.

What a query asks for is measured before it is executed, in `guard.py`. The size of the genomes, episodes,
curves and histories is known only when they are read, and is charged to these budgets.
"""

from dataclasses import dataclass

from processing.core.errors import Refused

#: Estimated seconds of replaying episodes.
MOST_REPLAY_SECONDS = 6.0
#: Bytes of packed genomes that are read, and how many at once for rows that may not need them.
MOST_GENOME_BYTES, GENOME_BYTES_AT_ONCE = 100_000_000, 8_000_000
#: Bytes of staged documents that are read, and how many at once for runs whose plan may not be needed.
MOST_STAGED_BYTES, STAGED_BYTES_AT_ONCE = 100_000_000, 8_000_000
#: Genes that are returned, and how many count as one where they are only counted, compared or drawn.
MOST_GENES, GENES_PER_LOOK = 80_000, 5
#: Bytes of stored replays that are read, and numbers within observations that are returned.
MOST_RECORDED_BYTES, MOST_OBSERVED_NUMBERS = 20_000_000, 300_000
#: Numbers of agents' curves that are read, and how many at once for rows that may not need them.
MOST_CURVE_NUMBERS, CURVE_NUMBERS_AT_ONCE = 300_000, 50_000
#: Rows of species in their generations that are read, and how many at once for rows that may not need them.
MOST_SNAPSHOTS, SNAPSHOTS_AT_ONCE = 20_000, 4_000


@dataclass(slots=True)
class Budget:
    """An amount that a request may still spend."""

    left: float
    refusal: str  # a sentence

    def spend(self, amount: float) -> None:
        """Take this amount. Raises Refused where less is left."""
        self.left -= amount
        if self.left < 0:
            raise Refused(self.refusal)


class Budgets:
    """All budgets of one request."""

    def __init__(self) -> None:
        self.replays = Budget(
            MOST_REPLAY_SECONDS,
            f"One request replays episodes for about {MOST_REPLAY_SECONDS:g} seconds. Ask for fewer at a "
            "time.",
        )
        self.recordings = Budget(
            MOST_RECORDED_BYTES,
            f"One request reads replays of {MOST_RECORDED_BYTES // 10**6} MB. Ask for fewer at a time."
        )
        self.observations = Budget(
            MOST_OBSERVED_NUMBERS,
            f"One request returns at most {MOST_OBSERVED_NUMBERS:,} numbers of observations. Ask for fewer "
            "episodes at a time, or for shorter ones.",
        )
        self.genomes = Budget(
            MOST_GENOME_BYTES,
            f"One request reads genomes of {MOST_GENOME_BYTES // 10**6} MB. Ask for fewer agents at a time."
        )
        self.staged = Budget(
            MOST_STAGED_BYTES,
            f"One request reads documents of {MOST_STAGED_BYTES // 10**6} MB. Ask for fewer runs at a time."
        )
        self.genes = Budget(
            MOST_GENES, f"One request returns at most {MOST_GENES:,} genes. Ask for fewer agents at a time, "
            "or download networks."
        )
        self.curves = Budget(
            MOST_CURVE_NUMBERS,
            f"One request reads at most {MOST_CURVE_NUMBERS:,} numbers of curves. Ask for fewer agents at a "
            "time.",
        )
        self.snapshots = Budget(
            MOST_SNAPSHOTS,
            f"One request reads at most {MOST_SNAPSHOTS:,} rows of species in their generations. Ask for "
            "fewer species or generations, or for fewer points with `maxPoints`.",
        )
