import hashlib
import json
from typing import Any

import numpy as np
import pytest

from processing.core.errors import Broken
from processing.core.genomes.dense import Dense, DenseParameters, Initializer
from processing.core.genomes.variation import VariationParameters
from processing.core.types import NO_PARENT, Float32Array, Operator, UInt8Array

N, M = 64, 12


def dense(**parameters: object) -> Dense:
    return Dense(DenseParameters(**parameters), inputs=24, outputs=9)  # type: ignore[arg-type]


def variation(**changes: Any) -> VariationParameters:
    values: dict[str, Any] = {
        "crossover": "uniform", "crossover_probability": 1.0, "mutation": "gaussian",
        "mutation_probability": 0.0, "mutation_scale": 0.5,
    }
    return VariationParameters.model_validate_json(json.dumps(values | changes))


def bred(
    *, elites: int = 0, **changes: object
) -> tuple[Float32Array, Float32Array, Float32Array, UInt8Array]:
    """Mothers' and fathers' genomes, the children and their operators."""
    kind = dense()
    pool = kind.random(M, seed=1, generation=0)
    mothers, fathers = np.arange(N, dtype=np.int32) % M, np.arange(1, N + 1, dtype=np.int32) % M
    children, operators = kind.breed(
        pool, mothers, fathers, variation(**changes), elites=elites, seed=4, generation=6
    )
    return pool[mothers], pool[fathers], children, operators


def test_number_of_weights_counts_biases_only_where_there_are_any() -> None:
    assert dense().number_of_weights == 24 * 10 + 10 + 10 * 9 + 9
    assert dense(bias=False).number_of_weights == 24 * 10 + 10 * 9
    assert dense(hidden=()).number_of_weights == 24 * 9 + 9


@pytest.mark.parametrize(
    ("initializer", "spread", "limit"),
    [
        (Initializer.HE_NORMAL, (2 / 24) ** 0.5, 3.47 * (2 / 24) ** 0.5),
        (Initializer.XAVIER_UNIFORM, (1 / 24 / 3) ** 0.5, (1 / 24) ** 0.5),
        (Initializer.XAVIER_UNIFORM_NORMALIZED, (6 / 34 / 3) ** 0.5, (6 / 34) ** 0.5),
    ],
)
def test_initialisers_have_their_spread_and_zero_biases(
    initializer: Initializer, spread: float, limit: float
) -> None:
    kind = dense(initializer=initializer)
    genomes = kind.random(500, seed=2, generation=0)
    weights, biases = zip(*(kind.layers(genome)[0] for genome in genomes), strict=True)
    assert np.std(weights) == pytest.approx(spread, rel=0.01)
    assert np.abs(weights).max() <= limit
    assert not np.any(biases)


def test_a_random_genome_depends_on_its_own_address_only() -> None:
    kind = dense()
    many = kind.random(1_500, seed=2, generation=0)
    assert np.array_equal(many[:3], kind.random(3, seed=2, generation=0))
    assert not np.array_equal(many[0], kind.random(1, seed=3, generation=0)[0])
    assert not np.array_equal(many[0], kind.random(1, seed=2, generation=1)[0])


def test_genomes_and_breeding_keep_their_golden_digest() -> None:
    genomes = dense().random(50, seed=42, generation=0)
    mothers = np.arange(50, dtype=np.int32)
    how = variation(mutation_probability=0.1, crossover_probability=0.7)
    children, operators = dense().breed(
        genomes, mothers, mothers[::-1].copy(), how, elites=2, seed=42, generation=1
    )
    digest = hashlib.sha256(genomes.tobytes() + children.tobytes() + operators.tobytes()).hexdigest()[:16]
    assert digest == "daac995cd4ef4d65"


def test_uniform_crossover_takes_each_weight_from_either_parent() -> None:
    mothers, fathers, children, operators = bred()
    assert np.all((children == mothers) | (children == fathers))
    assert 0.45 < np.mean(children[:, :240] == mothers[:, :240]) < 0.55
    assert np.all(operators == Operator.CROSSOVER)


def test_average_crossover_is_the_middle() -> None:
    mothers, fathers, children, _ = bred(crossover="average")
    assert np.allclose(children, (mothers + fathers) / 2, atol=1e-6)


@pytest.mark.parametrize("changes", [{"crossover": "none"}, {"crossover_probability": 0.0}])
def test_without_crossover_and_mutation_children_are_copies(changes: dict[str, object]) -> None:
    mothers, _, children, operators = bred(**changes)
    assert np.array_equal(children, mothers)
    assert np.all(operators == Operator.ELITE)


def test_a_child_without_father_has_one_parent() -> None:
    kind = dense()
    pool = kind.random(2, seed=1, generation=0)
    mothers, fathers = np.ones(5, np.int32), np.full(5, NO_PARENT, np.int32)
    children, operators = kind.breed(
        pool, mothers, fathers, variation(mutation_probability=1.0), elites=0, seed=1, generation=1
    )
    assert np.all(operators == Operator.MUTATION)
    assert np.abs(children - pool[1]).max() < 0.5 * 3.5


def test_crossover_probability_is_the_share_of_children_with_two_parents() -> None:
    _, _, _, operators = bred(crossover_probability=0.5)
    assert 0.25 < np.mean(operators == Operator.CROSSOVER) < 0.75


def test_gaussian_mutation_changes_the_given_share_of_weights_by_the_given_spread() -> None:
    mothers, _, children, operators = bred(crossover="none", mutation_probability=0.2)
    change = (children - mothers)[children != mothers]
    assert len(change) / children.size == pytest.approx(0.2, abs=0.01)
    assert change.std() == pytest.approx(0.5, rel=0.03)
    assert np.all(operators == Operator.MUTATION)


def test_single_weight_mutation_changes_one_weight_at_most() -> None:
    mothers, _, children, operators = bred(
        crossover="none", mutation="single_weight", mutation_probability=0.5
    )
    changed = (children != mothers).sum(axis=1)
    assert set(changed) == {0, 1}
    assert np.array_equal(operators == Operator.MUTATION, changed == 1)


def test_elites_are_exact_copies() -> None:
    mothers, _, children, operators = bred(mutation_probability=1.0, elites=3)
    assert np.array_equal(children[:3], mothers[:3])
    assert not np.any(children[3:] == mothers[3:])
    assert list(operators[:4]) == [Operator.ELITE] * 3 + [Operator.CROSSOVER_MUTATION]


def test_a_child_depends_on_its_own_address_only() -> None:
    kind = dense()
    pool, mothers = kind.random(M, seed=1, generation=0), np.arange(N, dtype=np.int32) % M
    fathers, how = mothers[::-1].copy(), variation(mutation_probability=0.3)
    all_of_them, _ = kind.breed(pool, mothers, fathers, how, elites=0, seed=4, generation=6)
    first, _ = kind.breed(pool, mothers[:5], fathers[:5], how, elites=0, seed=4, generation=6)
    assert np.array_equal(all_of_them[:5], first)


def test_packed_genomes_come_back_and_can_be_cut() -> None:
    kind = dense()
    genomes = kind.random(4, seed=1, generation=0)
    data = kind.pack(genomes)
    size = 4 * kind.number_of_weights
    assert np.array_equal(kind.unpack(data), genomes)
    assert np.array_equal(kind.unpack(data[size : 2 * size]), genomes[1:2])
    with pytest.raises(Broken, match="multiple of 1396 bytes"):
        kind.unpack(data[:-1])


def test_take_and_join_undo_each_other() -> None:
    kind = dense()
    genomes = kind.random(4, seed=1, generation=0)
    halves = [kind.take(genomes, np.array(rows, np.int32)) for rows in ([0, 1], [2, 3])]
    assert np.array_equal(kind.join(halves), genomes)


def test_complexity_is_the_number_of_weights() -> None:
    assert dense().complexity(dense().random(3, seed=1, generation=0)) == 349


def test_layers_are_views_of_the_genome() -> None:
    kind = dense(hidden=(3, 2))
    genome = np.arange(kind.number_of_weights, dtype=np.float32)
    layers = kind.layers(genome)
    assert [weights.shape for weights, _ in layers] == [(24, 3), (3, 2), (2, 9)]
    assert layers[0][1] is not None
    assert list(layers[0][1]) == [72, 73, 74]
    assert layers[1][0][0, 0] == 75
    assert dense(bias=False).layers(np.zeros(330, np.float32))[0][1] is None
