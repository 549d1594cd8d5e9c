"""Which parts of an observation networks get.

The parts are those of a Dict, by their names, or of a Tuple, by their numbers as texts; a part that is made of parts itself is
taken or left out as a whole. A space as JSON values: see `spaces.py`.
"""

from collections.abc import Sequence

from processing.core.environments.foreign.spaces import Space, observation_trouble, parts


def observed(space: Space, names: Sequence[str] | None) -> Space:
    """A space with the parts of these names only, in the space's own order, whatever order the names have; all where None.

    An observation of the whole space is also read as one of this.
    """
    if names is None:
        return space
    return {"type": "Dict", "spaces": [[key, part] for key, part in parts(space) if key is not None and str(key) in names]}


def part_troubles(space: Space) -> dict[str, str | None]:
    """For each part that has a name why no network can take it, in a sentence; None where it can."""
    return {str(key): observation_trouble(part, least=0) for key, part in parts(space) if key is not None}


def usable_parts(space: Space) -> tuple[str, ...] | None:
    """The names of the parts that networks can take; None where they take all, or none, or where there are no parts."""
    usable = tuple(name for name, sentence in part_troubles(space).items() if sentence is None)
    return usable if 0 < len(usable) < len(parts(space)) else None
