"""Generations and their statistics; the packed scalars stay in the database."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from database.models import PACKED, Checkpoint, Generation, Instance
from database.selectors.paging import Cursor, Page, page_of, whole_key

#: Maximum length of a list in an SQL condition.
MOST_NUMBERS = 500

Address = tuple[int, int]  # (instance, generation)


def generation(instance_id: int, number: int) -> Generation | None:
    """Return a completed generation; None where there is none."""
    return _rows(instance_id).filter(number=number).first()


def generations_at(addresses: Iterable[Address]) -> dict[Address, Generation]:
    """Return the generations that exist at these addresses."""
    wanted = set(addresses)
    if not wanted:
        return {}
    rows = Generation.objects.defer(*PACKED).filter(at(wanted))
    return {(row.instance_id, row.number): row for row in rows}


def generations(
    instance_id: int, *, descending: bool = False, first: int = 20, after: Cursor | None = None
) -> Page[Generation]:
    """Return the completed generations of a run, ordered by number."""
    return page_of(_rows(instance_id), whole_key("number"), descending=descending, first=first, after=after)


def count_generations(instance_id: int) -> int:
    """Count the completed generations of a run."""
    return Generation.objects.filter(instance=instance_id).count()


def with_checkpoint(addresses: Iterable[Address]) -> set[Address]:
    """Return which of these generations have a checkpoint."""
    wanted = set(addresses)
    if not wanted:
        return set()
    return set(Checkpoint.objects.filter(at(wanted, "generation")).values_list("instance_id", "generation"))


def normalization_of(instance_id: int, number: int) -> bytes | None:
    """Return the packed mean and scale that normalised a generation's observations; None where the
    generation has none.
    """
    rows = Generation.objects.filter(instance=instance_id, number=number)
    data = rows.values_list("normalization", flat=True).first()
    return None if data is None else bytes(data)


def with_normalization(addresses: Iterable[Address]) -> set[Address]:
    """Return which of these generations have a stored normalization."""
    wanted = set(addresses)
    if not wanted:
        return set()
    kept = Generation.objects.filter(at(wanted), normalization__isnull=False)
    return set(kept.values_list("instance_id", "number"))


def statistics(
    instance_id: int, *, first_number: int = 0, last_number: int | None = None, max_points: int = 500
) -> list[Generation]:
    """Return the generations first_number..last_number (to the end where None), thinned to `max_points`.

    The first, the last and every generation with a new best fitness are always kept, even beyond
    `max_points`.
    """
    rows = _rows(instance_id).filter(number__gte=first_number)
    if last_number is not None:
        rows = rows.filter(number__lte=last_number)
    bests = list(rows.order_by("number").values_list("number", "best_so_far"))
    if len(bests) <= max_points:
        return list(rows.order_by("number"))
    numbers = thinned(bests, max_points)
    chosen = (rows.filter(number__in=group).order_by("number") for group in _groups(numbers))
    return [row for group in chosen for row in group]


def thinned(bests: Sequence[tuple[int, float | None]], max_points: int) -> list[int]:
    """Choose about `max_points` numbers, spread evenly, with the first, the last, and all new bests.

    Args:
        bests: number and best fitness so far of each generation, ordered by number.
    """
    kept, best = {bests[0][0], bests[-1][0]}, None
    for number, value in bests:
        if value is not None and (best is None or value > best):
            kept.add(number)
            best = value
    others = [number for number, _ in bests if number not in kept]
    room = min(max_points - len(kept), len(others))
    kept.update(others[place * len(others) // room] for place in range(max(room, 0)))
    return sorted(kept)


def sparklines(instances: Iterable[Instance], *, points: int = 60) -> dict[int, list[float | None]]:
    """Return about `points` values of the best fitness so far of each run, the last one included."""
    lines: dict[int, list[float | None]] = {each.pk: [] for each in instances}
    wanted = [
        Q(instance=each.pk, number__in=_spread(each.next_generation, points))
        for each in instances if each.next_generation
    ]
    if wanted:
        rows = Generation.objects.filter(reduce(or_, wanted)).order_by("instance", "number")
        for instance_id, best in rows.values_list("instance_id", "best_so_far"):
            lines[instance_id].append(best)
    return lines


def at(addresses: Iterable[Address], number: str = "number") -> Q:
    """Return the condition that a row belongs to one of these generations; `number` names its column."""
    numbers: dict[int, list[int]] = {}
    for instance_id, value in addresses:
        numbers.setdefault(instance_id, []).append(value)
    return reduce(or_, (Q(**{"instance": key, f"{number}__in": values}) for key, values in numbers.items()))


def _rows(instance_id: int) -> QuerySet[Generation]:
    return Generation.objects.defer(*PACKED).filter(instance=instance_id)


def _spread(size: int, points: int) -> list[int]:
    step = -(-size // points)
    return sorted({*range(0, size, step), size - 1})


def _groups(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), MOST_NUMBERS):
        yield numbers[start : start + MOST_NUMBERS]
