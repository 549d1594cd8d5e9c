"""Species and their histories over generations."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import F, Q, Window
from django.db.models.functions import Mod, RowNumber
from django.db.models.lookups import Exact

from database.models import Instance, Species, SpeciesSnapshot
from database.selectors.generations import at

SpeciesAddress = tuple[int, int]  # (instance, number)


@dataclass(frozen=True, slots=True)
class Shares:
    """Sizes of a run's species at some of its generations."""

    generations: list[int]
    # by species number: agents in each of these generations; the largest species only
    sizes: dict[int, list[int]]
    others: list[int]  # agents of all other species
    alive: int  # number of species in the last of these generations


def species(instance_id: int, number: int) -> Species | None:
    """Return the species of this number; None where there is none."""
    return Species.objects.filter(instance=instance_id, number=number).first()


def species_of(
    instance_id: int, *, alive: bool | None = None, first: int = 100, after: int | None = None
) -> list[Species]:
    """Return species of a run numbered above `after`, by number.

    Args:
        alive: True for species that are not extinct, False for extinct ones, None for both.
    """
    rows = Species.objects.filter(instance=instance_id)
    if alive is not None:
        rows = rows.filter(extinct_in__isnull=alive)
    if after is not None:
        rows = rows.filter(number__gt=after)
    return list(rows.order_by("number")[:first])


def species_at(addresses: Iterable[SpeciesAddress]) -> dict[SpeciesAddress, Species]:
    """Return the species that exist at these addresses, with one statement."""
    wanted = set(addresses)
    if not wanted:
        return {}
    return {(row.instance_id, row.number): row for row in Species.objects.filter(at(wanted))}


def snapshots_at(
    addresses: Iterable[tuple[int, int]], *, first: int = 100, after: int | None = None
) -> dict[tuple[int, int], list[SpeciesSnapshot]]:
    """Return the species of these generations (instance, generation), by number, with one statement.

    Args:
        first: maximum number of species of each generation.
        after: only species numbered above it.
    """
    wanted = set(addresses)
    found: dict[tuple[int, int], list[SpeciesSnapshot]] = {}
    if not wanted:
        return found
    rows = SpeciesSnapshot.objects.filter(at(wanted, "generation"))
    if after is not None:
        rows = rows.filter(number__gt=after)
    place = Window(RowNumber(), partition_by=["instance", "generation"], order_by="number")
    for row in rows.annotate(place=place).filter(place__lte=first).order_by(
        "instance", "generation", "number"
    ):
        found.setdefault((row.instance_id, row.generation), []).append(row)
    return found


def histories_of(found: Iterable[Species], max_points: int) -> dict[SpeciesAddress, list[SpeciesSnapshot]]:
    """Return about `max_points` snapshots of each species, the first and the last among them."""
    kinds = list(found)
    if not kinds:
        return {}
    instances = Instance.objects.filter(pk__in={each.instance_id for each in kinds})
    completed = dict(instances.values_list("pk", "next_generation"))
    rows: dict[SpeciesAddress, list[SpeciesSnapshot]] = {
        (each.instance_id, each.number): [] for each in kinds
    }
    conditions = [_thinned(each, completed.get(each.instance_id, 0), max_points) for each in kinds]
    for row in SpeciesSnapshot.objects.filter(reduce(or_, conditions)).order_by(
        "instance", "number", "generation"
    ):
        rows[row.instance_id, row.number].append(row)
    return rows


def shares(instance_id: int, *, max_points: int = 200, most: int = 24) -> Shares:
    """Return the sizes of the `most` largest species at about `max_points` generations and the last.

    It takes two statements.
    """
    newest = SpeciesSnapshot.objects.filter(instance=instance_id).order_by("-generation")
    last = newest.values_list("generation", flat=True).first()
    if last is None:
        return Shares([], {}, [], 0)
    stride = -(-(last + 1) // max_points)
    chosen = Q(Exact(Mod(F("generation"), stride), 0)) | Q(generation=last)
    rows = SpeciesSnapshot.objects.filter(chosen, instance=instance_id)
    table: dict[int, dict[int, int]] = {}
    for generation, number, size in rows.values_list("generation", "number", "size"):
        table.setdefault(generation, {})[number] = size
    totals: dict[int, int] = {}
    for each in table.values():
        for number, size in each.items():
            totals[number] = totals.get(number, 0) + size
    shown = sorted(sorted(totals, key=lambda number: (-totals[number], number))[:most])
    generations = sorted(table)
    sizes = {number: [table[generation].get(number, 0) for generation in generations] for number in shown}
    others = [
        sum(size for number, size in table[generation].items() if number not in sizes)
        for generation in generations
    ]
    return Shares(generations, sizes, others, len(table[last]))


def _thinned(each: Species, generations: int, max_points: int) -> Q:
    """Return the condition for every n-th of a species' snapshots from the first on, and the last."""
    own = Q(instance=each.instance_id, number=each.number)
    end = generations if each.extinct_in is None else each.extinct_in
    stride = -(-max(end - each.born_in, 1) // max(max_points, 1))
    every = Q(Exact(Mod(F("generation") - each.born_in, stride), 0))
    return own if stride == 1 else own & (every | Q(generation=end - 1))
