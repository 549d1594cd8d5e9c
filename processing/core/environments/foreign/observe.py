"""The selection of parts of an observation that networks receive.

The parts are those of a Dict, by key, or of a Tuple, by index as text. A part that is itself a Dict or Tuple
is taken or left out as a whole. Spaces are JSON values, see `spaces.py`.
"""

from collections.abc import Sequence

from processing.core.environments.foreign.spaces import Space, parts, unusable_observation_reason


def observed(space: Space, names: Sequence[str] | None) -> Space:
    """Return a space reduced to the named parts, in its own order; the space itself where `names` is None.

    An observation of the full space is also a valid observation of the reduced space for `spaces.Reader`.
    """
    if names is None:
        return space
    return {
        "type": "Dict",
        "spaces": [[key, part] for key, part in parts(space) if key is not None and str(key) in names]
    }


def part_troubles(space: Space) -> dict[str, str | None]:
    """Return for each named part why networks cannot take it, in a sentence, or None where they can."""
    return {
        str(key): unusable_observation_reason(part, least=0) for key, part in parts(space) if key is not None
    }


def usable_parts(space: Space) -> tuple[str, ...] | None:
    """Return the names of the parts that networks can take; None where these are all or none."""
    usable = tuple(name for name, sentence in part_troubles(space).items() if sentence is None)
    return usable if 0 < len(usable) < len(parts(space)) else None
