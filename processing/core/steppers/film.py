"""Films: the pictures of an episode, their stored form, and their conversion to a GIF."""

import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core.errors import Broken

#: Durations in milliseconds of a picture of a GIF, at least, as browsers slow down shorter ones, and of the
#: last.
LEAST_MILLISECONDS, LAST_MILLISECONDS = 20, 1_500


@dataclass(frozen=True, slots=True)
class Film:
    """The pictures of an episode in order."""

    steps: tuple[int, ...]  # after how many steps each was drawn, from 0
    pictures: tuple[bytes, ...]  # PNG files
    rate: float  # playback speed in steps a second


def pack_film(film: Film) -> bytes:
    """Return the stored form: a line of JSON (`steps`, `sizes` in bytes, `rate`), then the pictures."""
    head = {"steps": film.steps, "sizes": [len(each) for each in film.pictures], "rate": film.rate}
    return json.dumps(head).encode() + b"\n" + b"".join(film.pictures)


def unpack_film(data: bytes) -> Film:
    """Return the film that `pack_film` stored.

    Raises:
        Broken: the bytes are not a stored film.
    """
    line, _, rest = data.partition(b"\n")
    try:
        return cut(json.loads(line), rest)
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"film: expected what this server stored, got {error!r}") from error


def cut(head: Mapping[str, Any], data: bytes) -> Film:
    """Return the film of a head and concatenated pictures.

    Args:
        head: `steps`, `sizes` and `rate`.
        data: the pictures.
    Raises:
        Broken: the sizes do not add up to the length of the data.
    """
    ends = np.cumsum([0, *head["sizes"]]).tolist()
    if ends[-1] != len(data):
        raise Broken(f"film: expected {ends[-1]} bytes, got {len(data)}")
    pictures = tuple(data[first:last] for first, last in itertools.pairwise(ends))
    return Film(tuple(head["steps"]), pictures, float(head["rate"]))


def gif(film: Film) -> bytes:
    """Return an endless GIF at the film's rate, with at least LEAST_MILLISECONDS for each picture."""
    from PIL import Image

    frames = [Image.open(io.BytesIO(each)) for each in film.pictures]
    lengths = [
        max(round(1_000 * (after - before) / film.rate), LEAST_MILLISECONDS)
        for before, after in zip(film.steps, film.steps[1:], strict=False)
    ]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=[*lengths, LAST_MILLISECONDS], loop=0,
        optimize=False
    )
    return file.getvalue()
