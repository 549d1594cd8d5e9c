"""Which draw decides what while a generation is bred.

Everything of child c is drawn at (seed, PARENTS, CROSSOVER or MUTATION, generation, c); of MUTATION, the place of the
episode says which change is meant:

- PARENTS: 0 mutation alone? 1 mother, 2 father of another species? 3 father, 4 averaged? 5 mutated too? 6 to 10 which other
  species. Of a champion's child (see `allocation.py`) only 0: its weights, or a new connection?
- CROSSOVER: 2g and 2g + 1 for gene g of the fitter parent: whose of two matching genes, and whether it is disabled.
- MUTATION, DECISIONS: 0 new node? 1 new connection? 2 weights? 3 a gene switched? 4 a gene enabled again?
- MUTATION, NODE: n for gene n or try n; 2^32 the activation.
- MUTATION, CONNECTION: 0 recurrent? 1 weight; 3t + 2 to 3t + 4 for try t: to itself? source, target.
- MUTATION, WEIGHTS: 0 severe? 3g + 1 to 3g + 3 for gene g: which of two ways, perturbed or replaced, by how much.
- MUTATION, SWITCHES: 0 which gene.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from processing.core.kernels.roles import formula
from processing.core.rng import draw_part, uniform_part

DECISIONS, NODE, CONNECTION, WEIGHTS, SWITCHES = 0, 1, 2, 3, 4

_S32 = np.uint64(32)
_ONE, _TWO = np.float32(1), np.float32(2)


@formula
def index_part(key, n, bound):
    """Draw n of a key as a whole number from 0 to bound - 1, int64; bound < 2^31."""
    return np.int64(((draw_part(key, n) >> _S32) * np.uint64(bound)) >> _S32)


@formula
def spread_part(key, n):
    """Draw n of a key as float32, uniform from -1 to 1."""
    return _TWO * uniform_part(key, n) - _ONE
