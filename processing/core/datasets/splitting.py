"""Which images are put aside: a share of each class, by the SHA-256 of the images themselves.

So the choice depends on nothing but the images: not on the names of files, nor on their order.
"""

import numpy as np

from processing.core.types import Int64Array, UInt8Array, UInt16Array


def put_aside(labels: UInt16Array, hashes: UInt8Array, number: int) -> Int64Array:
    """Choose images so that each class has the same share, as nearly as whole numbers allow.

    Of each class those with the lowest hashes are chosen, at least one and at most all but one.

    Args:
        labels: (N,) of uint16.
        hashes: (N, 32) uint8, a SHA-256 for each image.
        number: how many, from the number of classes to N less that number.
    Returns:
        (number,) int64 indices, ascending.
    """
    order = np.lexsort([*hashes.T[::-1], labels])
    _, first, counts = np.unique(labels[order], return_index=True, return_counts=True)
    shares = _shares(counts, number)
    chosen = [order[begin : begin + share] for begin, share in zip(first, shares, strict=True)]
    return np.sort(np.concatenate(chosen))


def _shares(counts: Int64Array, number: int) -> Int64Array:
    """Divide `number` among classes of these sizes, by the largest remainders."""
    exact = counts * (number / counts.sum())
    shares: Int64Array = np.clip(np.floor(exact).astype(np.int64), 1, counts - 1)
    for place in np.argsort(shares - exact, kind="stable"):
        if shares.sum() < number and shares[place] < counts[place] - 1:
            shares[place] += 1
    return shares
