"""The addresses of the random draws of breeding.

The draws of child c have the addresses (seed, PARENTS, CROSSOVER or MUTATION, generation, c). With MUTATION,
the place of the episode names the kind of change. The numbers of the draws:

- PARENTS: 0 whether it is only mutated, 1 mother, 2 whether the father is of another species, 3 father, 4
  whether weights are averaged, 5 whether it is mutated as well, 6 to 10 the other species. Of a champion's
  child (see `refocused` in `allocation.py`) only 0: whether its weights are mutated or a connection is added.
- CROSSOVER: 2g and 2g + 1 for gene g of the fitter parent: which of two matching genes, and whether it is
  disabled.
- MUTATION, DECISIONS: whether there is 0 a new node, 1 a new connection, 2 a mutation of weights, 3 a toggled
  gene, 4 a gene enabled again.
- MUTATION, NODE: n for gene n or try n; 2^32 the activation.
- MUTATION, CONNECTION: 0 whether it is recurrent, 1 weight; 3t + 2 to 3t + 4 for try t: whether it is a
  self-loop, source, target.
- MUTATION, WEIGHTS: 0 whether it is severe; 3g + 1 to 3g + 3 for gene g: whether it may be replaced, whether
  it is perturbed or replaced, and the amount.
- MUTATION, SWITCHES: 0 the gene.
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
