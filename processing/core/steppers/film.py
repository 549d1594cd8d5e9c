"""Pictures of an episode: how they are stored, and as a GIF."""

import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core.errors import Broken

#: What a picture of a GIF stands for at least, in milliseconds: browsers show faster ones more slowly. The last stays longer.
LEAST_MILLISECONDS, LAST_MILLISECONDS = 20, 1_500


@dataclass(frozen=True, slots=True)
class Film:
    """Pictures of an episode, in their order."""

    steps: tuple[int, ...]  # after how many steps each was drawn, from 0
    pictures: tuple[bytes, ...]  # PNG files
    rate: float  # steps a second at which it is to be shown


def pack_film(film: Film) -> bytes:
    """A line of JSON (`steps`, `sizes` in bytes, `rate`), then the pictures one after the other."""
    head = {"steps": film.steps, "sizes": [len(each) for each in film.pictures], "rate": film.rate}
    return json.dumps(head).encode() + b"\n" + b"".join(film.pictures)


def unpack_film(data: bytes) -> Film:
    """The film that `pack_film` stored. Raises Broken where the bytes are not whole."""
    line, _, rest = data.partition(b"\n")
    try:
        return cut(json.loads(line), rest)
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"film: expected what this server stored, got {error!r}") from error


def cut(head: Mapping[str, Any], data: bytes) -> Film:
    """The film with this head and these pictures, one after the other. Raises Broken where they do not belong together."""
    ends = np.cumsum([0, *head["sizes"]]).tolist()
    if ends[-1] != len(data):
        raise Broken(f"film: expected {ends[-1]} bytes, got {len(data)}")
    pictures = tuple(data[first:last] for first, last in itertools.pairwise(ends))
    return Film(tuple(head["steps"]), pictures, float(head["rate"]))


def gif(film: Film) -> bytes:
    """An animated GIF that is shown again and again, at the film's rate as far as browsers keep it."""
    from PIL import Image

    frames = [Image.open(io.BytesIO(each)) for each in film.pictures]
    lengths = [
        max(round(1_000 * (after - before) / film.rate), LEAST_MILLISECONDS)
        for before, after in zip(film.steps, film.steps[1:], strict=False)
    ]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=[*lengths, LAST_MILLISECONDS], loop=0, optimize=False
    )
    return file.getvalue()
