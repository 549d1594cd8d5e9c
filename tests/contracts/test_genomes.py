"""What every genome kind of the registry promises: `GenomeKind` in `types.py`, and its `breed`
where it has a `Variation`.
"""

import json
from typing import Any

import numpy as np
import pytest

from processing.core.errors import Broken
from processing.core.genomes.graphs import Graphs
from processing.core.kinds import GENOMES
from processing.core.types import NO_PARENT, Int32Array, Operator
from tests.contracts.cases import GENOMES as PARAMETERS
from tests.contracts.cases import INPUT_SHAPES, VARIATIONS
from tests.core.networks_by_hand import graphs_of, random_genome

SIZE = 12


def made(name: str) -> Any:
    found = GENOMES[name.partition(",")[0]]
    inputs = INPUT_SHAPES.get(name.partition(",")[0], (5,))
    return found.of(found.Parameters(**PARAMETERS[name]), input_shape=inputs, output_shape=(3,))


@pytest.fixture(params=PARAMETERS)
def kind(request: pytest.FixtureRequest) -> Any:
    return made(request.param)


@pytest.fixture(params=[name for name in PARAMETERS if made(name).Variation is not None])
def breeding_kind(request: pytest.FixtureRequest) -> Any:
    return made(request.param)


def different(kind: Any) -> Any:
    """SIZE genomes of as many shapes as the kind allows."""
    genomes = kind.random(SIZE, seed=3, generation=0)
    if not isinstance(genomes, Graphs):
        return genomes
    numbers = np.random.default_rng(3)
    return graphs_of([random_genome(kind, numbers, hidden=agent % 4, links=agent) for agent in range(SIZE)])


def name_of(kind: Any) -> str:
    """The kind's name in the table."""
    return next(name for name, found in GENOMES.items() if found is type(kind))


def variation(kind: Any, values: dict[str, Any]) -> Any:
    return kind.Variation.model_validate_json(json.dumps(values))


def places(*numbers: int) -> Int32Array:
    return np.array(numbers, np.int32)


def test_every_genome_kind_of_the_registry_is_held_to_the_contract() -> None:
    assert {name.partition(",")[0] for name in PARAMETERS} == set(GENOMES)


def test_a_random_genome_depends_on_its_own_address_only(kind: Any) -> None:
    many, few = kind.random(SIZE, seed=3, generation=2), kind.random(4, seed=3, generation=2)
    assert kind.pack(kind.take(many, places(0, 1, 2, 3))) == kind.pack(few)
    others = [kind.random(4, seed=4, generation=2), kind.random(4, seed=3, generation=3)]
    assert len({kind.pack(each) for each in [few, *others]}) == 3


def test_packed_genomes_come_back_and_each_can_be_cut_out(kind: Any) -> None:
    genomes = different(kind)
    data = kind.pack(genomes)
    assert kind.pack(kind.unpack(data)) == data
    size, left = divmod(len(data), SIZE)
    assert left == 0
    for agent in range(SIZE):
        one, alone = data[agent * size : (agent + 1) * size], kind.pack(kind.take(genomes, places(agent)))
        assert len(alone) <= size
        assert kind.pack(kind.unpack(one)) == kind.pack(kind.unpack(alone)) == alone


def test_packed_genomes_that_were_cut_off_are_broken(kind: Any) -> None:
    with pytest.raises(Broken, match="packed genomes"):
        kind.unpack(kind.pack(kind.random(2, seed=3, generation=0))[:-1])


def test_groups_of_genomes_join_in_their_order(kind: Any) -> None:
    genomes = different(kind)
    assert kind.count(genomes) == SIZE
    parts = [kind.take(genomes, np.arange(*bounds, dtype=np.int32)) for bounds in ((0, 5), (5, 5), (5, SIZE))]
    assert kind.pack(kind.join(parts)) == kind.pack(genomes)
    assert kind.pack(kind.join([])) == b""
    assert kind.count(kind.join([])) == 0


def test_a_child_depends_on_its_parents_and_its_own_address_only(breeding_kind: Any) -> None:
    how = variation(breeding_kind, VARIATIONS[name_of(breeding_kind)][0])
    pool = breeding_kind.random(5, seed=3, generation=0)
    mothers, fathers = places(0, 1, 2, 3, 4, 0), places(4, 3, 2, 1, 0, NO_PARENT)
    children, operators = breeding_kind.breed(pool, mothers, fathers, how, elites=0, seed=3, generation=1)
    first, _ = breeding_kind.breed(pool, mothers[:2], fathers[:2], how, elites=0, seed=3, generation=1)
    again, _ = breeding_kind.breed(pool, mothers, fathers, how, elites=0, seed=3, generation=2)
    assert breeding_kind.pack(breeding_kind.take(children, places(0, 1))) == breeding_kind.pack(first)
    assert breeding_kind.pack(children) != breeding_kind.pack(again)
    assert operators[5] == Operator.MUTATION
    assert set(operators[:5].tolist()) == {Operator.CROSSOVER_MUTATION}


def test_elites_are_exact_copies(breeding_kind: Any) -> None:
    how = variation(breeding_kind, VARIATIONS[name_of(breeding_kind)][0])
    pool, mothers = breeding_kind.random(5, seed=3, generation=0), places(4, 2, 0, 1)
    children, operators = breeding_kind.breed(pool, mothers, mothers, how, elites=3, seed=3, generation=1)
    kept = places(0, 1, 2)
    assert breeding_kind.pack(breeding_kind.take(children, kept)) == breeding_kind.pack(
        breeding_kind.take(pool, mothers[:3])
    )
    assert operators.tolist()[:3] == [Operator.ELITE] * 3


def test_without_crossover_and_mutation_children_are_their_mothers(breeding_kind: Any) -> None:
    pool, mothers = breeding_kind.random(5, seed=3, generation=0), places(4, 2, 0, 1)
    for changes in VARIATIONS[name_of(breeding_kind)][1]:
        how = variation(breeding_kind, changes)
        children, _ = breeding_kind.breed(
            pool, mothers, mothers[::-1].copy(), how, elites=0, seed=3, generation=1
        )
        assert breeding_kind.pack(children) == breeding_kind.pack(breeding_kind.take(pool, mothers))


def test_diversity_is_0_for_copies_and_grows_with_the_spread(kind: Any) -> None:
    genomes = different(kind)
    copies = kind.take(genomes, np.zeros(SIZE, np.int32))
    half = kind.take(genomes, np.arange(SIZE, dtype=np.int32) // 2 * 2)
    assert kind.diversity(copies) == 0
    assert kind.diversity(kind.take(genomes, places(0))) == 0
    assert kind.diversity(half) > 0
    assert kind.diversity(genomes) > 0
    assert kind.complexity(genomes) > 0
