"""Curves of agents, cut out of their generations' packed curves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import BinaryField, Case, F, Q, When
from django.db.models.functions import Substr

from database.models import Generation
from database.packing import (
    USUAL_CURVE_HEAD,
    CurveShape,
    curve_head_bytes,
    read_curve_shape,
    unpack_agent_curves,
    unpack_curve,
)
from database.selectors.generations import at

#: Maximum number of agents whose curves are read in one statement.
MOST_AGENTS = 100

#: Bytes of a generation's curves up to which all of them are read.
MOST_BYTES = 8_000_000

Address = tuple[int, int, int]  # (instance, generation, index)
Curves = dict[str, list[float]]  # values by name, from the first epoch on; NaN where one is missing between


class CurveOfGeneration(NamedTuple):
    """A curve over a generation's agents, from the first epoch on."""

    median: list[float]
    best: list[float]


def curves_of(instance_id: int, generation: int, index: int) -> Curves | None:
    """Return an agent's curves, each up to its last value; None where its generation has none."""
    address = instance_id, generation, index
    return curves_at([address]).get(address)


def curves_at(
    addresses: Iterable[Address], shapes: Mapping[tuple[int, int], CurveShape] | None = None
) -> dict[Address, Curves]:
    """Return the curves of these agents, where their generations have some.

    One statement for every MOST_AGENTS agents reads their curves alone.

    Args:
        addresses: of the agents.
        shapes: those of their generations; None: one more statement reads them.
    """
    wanted = list(dict.fromkeys(addresses))
    shapes = curve_shapes_at(address[:2] for address in wanted) if shapes is None else shapes
    known = [
        address for address in wanted
        if address[:2] in shapes and 0 <= address[2] < shapes[address[:2]].agents
    ]
    found: dict[Address, Curves] = {address: {} for address in known}
    stored = [address for address in known if shapes[address[:2]].numbers]
    for first in range(0, len(stored), MOST_AGENTS):
        for address, piece in _pieces(stored[first : first + MOST_AGENTS], shapes):
            curves = unpack_agent_curves(piece, shapes[address[:2]])
            found[address] = {name: values.tolist() for name, values in curves.items()}
    return found


def curve_of_generation(instance_id: int, generation: int, name: str) -> CurveOfGeneration | None:
    """Return a curve's median and highest value of each epoch over a generation's agents.

    None where the generation has no such curve, or its curves take more than MOST_BYTES. Agents whose curve
    has ended count no more.
    """
    shape = curve_shapes_at([(instance_id, generation)]).get((instance_id, generation))
    if shape is None or name not in shape.names or not shape.numbers or shape.length > MOST_BYTES:
        return None
    rows = Generation.objects.filter(instance=instance_id, number=generation, curves__isnull=False)
    data = rows.values_list("curves", flat=True).first()
    if data is None:
        return None
    values = unpack_curve(bytes(data), shape, name)
    epochs = [column[~np.isnan(column)] for column in values.T]
    known = [column for column in epochs if len(column)]
    if not known:
        return None
    return CurveOfGeneration(
        [float(np.median(column)) for column in known], [float(column.max()) for column in known]
    )


def curve_shapes_at(generations: Iterable[tuple[int, int]]) -> dict[tuple[int, int], CurveShape]:
    """Return the shapes of curves by (instance, generation), where there are some; no curve is read."""
    wanted = set(generations)
    heads = dict(_heads(wanted, USUAL_CURVE_HEAD))
    longer = [address for address, head in heads.items() if curve_head_bytes(head) > len(head)]
    if longer:
        heads |= dict(_heads(longer, max(curve_head_bytes(heads[address]) for address in longer)))
    return {address: read_curve_shape(head) for address, head in heads.items()}


def _heads(generations: Iterable[tuple[int, int]], length: int) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Read the first bytes of generations' curves, with one statement."""
    wanted = list(generations)
    if not wanted:
        return
    rows = Generation.objects.filter(at(wanted), curves__isnull=False)
    heads = rows.annotate(head=Substr(F("curves"), 1, length, output_field=BinaryField()))
    for instance_id, number, head in heads.values_list("instance_id", "number", "head").order_by():
        yield (instance_id, number), bytes(head)


def _pieces(
    agents: Sequence[Address], shapes: Mapping[tuple[int, int], CurveShape]
) -> Iterator[tuple[Address, bytes]]:
    """Read each agent's values with one statement: a column has those of one agent of each generation."""
    indices: dict[tuple[int, int], list[int]] = {}
    for address in agents:
        indices.setdefault(address[:2], []).append(address[2])
    columns = {
        f"piece_{place}": Case(*(
            When(Q(instance=key[0], number=key[1]), then=_cut(shapes[key], each[place]))
            for key, each in indices.items() if place < len(each)
        ), output_field=BinaryField())
        for place in range(max(map(len, indices.values())))
    }
    rows = Generation.objects.filter(at(indices)).annotate(**columns)
    for instance_id, number, *pieces in rows.values_list("instance_id", "number", *columns).order_by():
        own = indices[instance_id, number]
        for index, piece in zip(own, pieces[: len(own)], strict=True):
            yield (instance_id, number, index), bytes(piece)


def _cut(shape: CurveShape, index: int) -> Substr:
    """The values of the agent at `index`, as an SQL expression."""
    length = shape.bytes_per_agent
    return Substr(F("curves"), shape.start + index * length + 1, length, output_field=BinaryField())
