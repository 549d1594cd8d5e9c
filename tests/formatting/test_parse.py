"""Well-formed documents become complete work items; of others, everything that is wrong is said in their own
words.
"""

import json
from typing import Any

import pytest

from formatting.canonical import canonical
from formatting.explanation import misspelt
from formatting.faults import MAX_FAULTS, Fault, FaultCode, Malformed, Path
from formatting.parse import parse
from formatting.work_item import WORK_ITEMS, RecordScope
from processing.core.genomes.dense import Activation, DenseParameters
from processing.core.kinds import KINDS
from tests.formatting.documents import ABSENT, document


def faults_of(raw: Any) -> tuple[Fault, ...]:
    with pytest.raises(Malformed) as refusal:
        parse(raw)
    return refusal.value.faults


def only_fault(changes: dict[str, Any]) -> Fault:
    """The one fault of a document that is valid but for `changes`."""
    (found,) = faults_of(json.dumps(document(changes)))
    return found


def test_text_bytes_and_values_of_one_document_make_the_same_work_item() -> None:
    values = document({"description": "für alle"})
    text = json.dumps(values, ensure_ascii=False)
    assert parse(values) == parse(text) == parse(text.encode()) == parse(b"\xef\xbb\xbf" + text.encode())


def test_what_is_left_out_is_filled_in() -> None:
    work_item = parse(document({"strategy": ABSENT}))
    assert isinstance(work_item, WORK_ITEMS["weight_evolution"])
    model = KINDS["weight_evolution"].strategy_model("rising_threshold")
    assert work_item.strategy == model.model_validate({"type": "rising_threshold"})
    assert work_item.network == DenseParameters()
    assert (work_item.seed, work_item.replicates, work_item.priority) == (0, 1, 0)
    assert work_item.record.agents is RecordScope.AUTO
    assert work_item.stop.fitness is None


def test_lists_become_tuples_words_enums_and_whole_numbers_floats_where_these_are_asked() -> None:
    work_item = parse(document({"network.hidden": [9, 8], "network.activation": "gelu", "stop.fitness": 6}))
    assert isinstance(work_item, WORK_ITEMS["weight_evolution"])
    network = work_item.network
    assert isinstance(network, DenseParameters)
    assert network.hidden == (9, 8)
    assert network.activation is Activation.GELU
    assert isinstance(work_item.stop.fitness, float)


def test_the_schema_key_of_editors_is_allowed_and_dropped() -> None:
    assert parse(document({"$schema": "work-item.schema.json"})) == parse(document())
    assert only_fault({"$schema": 3}).path == ("$schema",)


def test_a_work_item_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(document()).seed = 4


@pytest.mark.parametrize(("changes", "code", "path"), [
    ({"name": ABSENT}, FaultCode.REQUIRED, ("name",)),
    ({"version": ABSENT}, FaultCode.REQUIRED, ("version",)),
    ({"kind": ABSENT}, FaultCode.REQUIRED, ("kind",)),
    ({"stop": ABSENT}, FaultCode.REQUIRED, ("stop",)),
    ({"stop.max_generations": ABSENT}, FaultCode.REQUIRED, ("stop", "max_generations")),
    ({"environment.type": ABSENT}, FaultCode.REQUIRED, ("environment", "type")),
    ({"version": 2}, FaultCode.OUT_OF_RANGE, ("version",)),
    ({"version": True}, FaultCode.INVALID_TYPE, ("version",)),
    ({"name": ""}, FaultCode.OUT_OF_RANGE, ("name",)),
    ({"name": "x" * 201}, FaultCode.OUT_OF_RANGE, ("name",)),
    ({"name": "  \t\u00a0\u3000"}, FaultCode.INVALID_FORMAT, ("name",)),
    ({"name": "\u200b\ufeff\x1b\n"}, FaultCode.INVALID_FORMAT, ("name",)),
    ({"labels": ["fine", " "]}, FaultCode.INVALID_FORMAT, ("labels", 1)),
    ({"name": None}, FaultCode.INVALID_TYPE, ("name",)),
    ({"labels": ["x"] * 21}, FaultCode.OUT_OF_RANGE, ("labels",)),
    ({"labels": ["fine", "x" * 51]}, FaultCode.OUT_OF_RANGE, ("labels", 1)),
    ({"labels": "demo"}, FaultCode.INVALID_TYPE, ("labels",)),
    ({"seed": True}, FaultCode.INVALID_TYPE, ("seed",)),
    ({"seed": "7"}, FaultCode.INVALID_TYPE, ("seed",)),
    ({"seed": 3.0}, FaultCode.INVALID_TYPE, ("seed",)),
    ({"seed": -1}, FaultCode.OUT_OF_RANGE, ("seed",)),
    ({"seed": 2**53}, FaultCode.OUT_OF_RANGE, ("seed",)),
    ({"seed": 2**64}, FaultCode.OUT_OF_RANGE, ("seed",)),
    ({"replicates": 0}, FaultCode.OUT_OF_RANGE, ("replicates",)),
    ({"replicates": 1001}, FaultCode.OUT_OF_RANGE, ("replicates",)),
    ({"priority": 101}, FaultCode.OUT_OF_RANGE, ("priority",)),
    ({"environment": []}, FaultCode.INVALID_TYPE, ("environment",)),
    ({"environment.rows": "S.G"}, FaultCode.INVALID_TYPE, ("environment", "rows")),
    ({"environment.rows": ["S.", 7]}, FaultCode.INVALID_TYPE, ("environment", "rows", 1)),
    ({"environment.rows": [7]}, FaultCode.INVALID_TYPE, ("environment", "rows", 0)),
    ({"environment.rows": []}, FaultCode.OUT_OF_RANGE, ("environment", "rows")),
    ({"environment.rewards": {"open": False}}, FaultCode.INVALID_TYPE, ("environment", "rewards", "open")),
    ({"environment.type": "mase"}, FaultCode.UNKNOWN_ENVIRONMENT, ("environment", "type")),
    ({"network.hidden": [9, 0]}, FaultCode.OUT_OF_RANGE, ("network", "hidden", 1)),
    ({"network.hidden": [9.5]}, FaultCode.INVALID_TYPE, ("network", "hidden", 0)),
    ({"network.bias": 1}, FaultCode.INVALID_TYPE, ("network", "bias")),
    ({"network.activation": 3}, FaultCode.INVALID_TYPE, ("network", "activation")),
    ({"strategy": None}, FaultCode.INVALID_TYPE, ("strategy",)),
    ({"strategy.type": ["genetic"]}, FaultCode.INVALID_TYPE, ("strategy", "type")),
    ({"strategy.population_size": 10**9 + 1}, FaultCode.OUT_OF_RANGE, ("strategy", "population_size")),
    ({"strategy.mutation_scale": "0.1"}, FaultCode.INVALID_TYPE, ("strategy", "mutation_scale")),
    ({"strategy.rise": 0.1}, FaultCode.UNKNOWN_FIELD, ("strategy", "rise")),
    ({"stop.max_seconds": 0}, FaultCode.OUT_OF_RANGE, ("stop", "max_seconds")),
    ({"record.agents": "some"}, FaultCode.NOT_IN_CHOICES, ("record", "agents")),
    ({"inputs": 24}, FaultCode.UNKNOWN_FIELD, ("inputs",)),
])
def test_a_wrong_value_is_one_fault_at_its_own_path(
    changes: dict[str, Any], code: FaultCode, path: tuple[str | int, ...]
) -> None:
    found = only_fault(changes)
    assert (found.code, found.path) == (code, path)
    assert found.expected
    assert found.given


@pytest.mark.parametrize(("changes", "message"), [
    ({"seed": True}, "seed: expected a whole number from 0 to 9007199254740991, got true"),
    ({"labels": ["", "b"]}, 'labels[0]: expected a text of 1 to 50 characters, got ""'),
    ({"environment.max_steps": 0}, "environment.max_steps: expected a whole number from 1 to 1000000, got 0"),
    ({"stop.stagnation_generations": 0},
     "stop.stagnation_generations: expected a whole number from 1 to 1000000, or null, got 0"),
    ({"strategy.crossover": "avrage"},
     'strategy.crossover: Did you mean "average"? Expected "average", "uniform" or "none", got "avrage"'),
    ({"name": ABSENT}, "name: expected a text of 1 to 200 characters, got nothing"),
    ({"name": " "}, 'name: expected a text of 1 to 200 characters, not all of them blank, got " "'),
    ({"stop": [1, 2]}, "stop: expected an object, got a list of 2 entries"),
])
def test_a_message_says_where_what_was_expected_and_what_was_given(
    changes: dict[str, Any], message: str
) -> None:
    assert only_fault(changes).message == message


@pytest.mark.parametrize(("changes", "hint"), [
    ({"sed": 4}, 'Did you mean "seed"?'),
    ({"environment.maxSteps": 4}, 'Did you mean "max_steps"?'),
    ({"kind": "weight-evolution"}, 'Did you mean "weight_evolution"?'),
    ({"kind": "evolution"}, 'Did you mean "weight_evolution"?'),
    ({"kind": "cma_es"}, 'Did you mean "weight_evolution"?'),
    ({"kind": 3}, None),
    ({"kind": ABSENT}, 'Did you mean "weight_evolution"?'),
    ({"environment.type": "Maze"}, 'Did you mean "maze"?'),
    ({"strategy.type": "genetics"}, 'Did you mean "genetic"?'),
    ({"network.activation": "TanH"}, 'Did you mean "tanh"?'),
    ({"seed": 3.0}, "Write 3, without a decimal point or an exponent."),
    ({"seed": "3"}, "Write the number without quotes."),
    ({"network.hidden": 9}, "Put it into a list: […]."),
    ({"zzz": 9}, None),
])
def test_a_likely_slip_gets_a_hint(changes: dict[str, Any], hint: str | None) -> None:
    assert only_fault(changes).hint == hint


def test_all_faults_come_at_once_even_behind_misspelt_types() -> None:
    found = faults_of(document({
        "kind": "weight_evolutoin", "name": "nul\0", "labels": [""], "seed": float("nan"), "colour": "red",
        "environment.type": "mase", "environment.max_steps": 0, "network.activation": "than",
        "strategy.type": "genetik", "strategy.elites": -1, "stop.max_generations": 10**400,
    }))
    assert {each.path for each in found} == {
        ("kind",), ("name",), ("labels", 0), ("seed",), ("colour",), ("environment", "type"),
        ("environment", "max_steps"), ("network", "activation"), ("strategy", "type"), ("strategy", "elites"),
        ("stop", "max_generations"),
    }
    assert len(found) == 11


def test_the_users_own_key_that_looks_like_a_type_stays_in_the_path() -> None:
    assert only_fault({"strategy.genetic": {"elites": 1}}).path == ("strategy", "genetic")


def test_no_more_than_a_hundred_faults_are_reported_and_the_rest_is_counted() -> None:
    found = faults_of(document({"environment.rows": [7] * 250}))
    assert len(found) == MAX_FAULTS + 1
    assert found[-1].path == ()
    assert found[-1].given == "250, of which 100 are shown"


def test_a_complete_work_item_reads_back_as_itself() -> None:
    work_item = parse(document({"stop.fitness": 6, "environment.rewards": {"goal": 2}}))
    assert parse(canonical(work_item)) == work_item
    assert parse(json.dumps(canonical(work_item))) == work_item


def test_a_strategy_without_a_type_is_the_kinds_default() -> None:
    read: Any = parse(json.dumps(document({"strategy": {"population_size": 77}})))
    assert (read.strategy.type, read.strategy.population_size) == ("rising_threshold", 77)
    faults = faults_of(json.dumps(document({"strategy": {"population_size": 1, "foo": 1}})))
    assert {each.path for each in faults} == {("strategy", "population_size"), ("strategy", "foo")}


def sentences(changes: dict[str, Any]) -> list[str]:
    return [each.message for each in faults_of(json.dumps(document(changes)))]


def test_an_object_says_how_many_keys_it_may_have() -> None:
    environment = {
        "type": "gymnasium", "id": "Acrobot-v1", "kwargs": {f"k{number}": number for number in range(60)}
    }
    assert sentences({"environment": environment}) == [
        "environment.kwargs: expected an object of at most 50 keys, got an object of 60 keys"
    ]


def test_large_bounds_are_written_with_an_exponent_and_a_faulty_row_is_not_called_short_too() -> None:
    environment = {"type": "table", "inputs": [[1e31]], "targets": [["x"]]}
    assert sentences({"environment": environment}) == [
        "environment.inputs[0][0]: expected a number from -1e+30 to 1e+30, got 1e+31",
        'environment.targets[0][0]: expected a number from -1e+30 to 1e+30, got "x"',
    ]


def test_a_misspelt_kind_is_the_only_fault_where_the_rest_is_right() -> None:
    (found,) = sentences({"kind": "neet", "strategy": {"population_size": 5}, "network": {}})
    expected = '"cnn_evolution", "neat" or "weight_evolution"'
    assert found == f'kind: Did you mean "neat"? Expected {expected}, got "neet"'


def test_a_kind_that_is_nothing_like_one_does_not_hide_what_is_wrong_whatever_was_meant() -> None:
    found = faults_of(document({
        "kind": "xyz", "strategy": {"population_size": 0}, "network.foo": 1, "sed": 3,
        "environment.max_steps": 0, "stop.max_generations": 0,
    }))
    assert {each.path for each in found} == {
        ("kind",), ("environment", "max_steps"), ("stop", "max_generations"), ("sed",)
    }
    assert found[0].hint is None


def test_behind_a_misspelt_key_its_faults_are_told_in_the_key_that_was_given() -> None:
    found = faults_of(
        document({"environment": ABSENT, "enviroment": {"type": "mase", "rows": 3, "max_stes": 4}})
    )
    assert {each.path for each in found} == {
        ("enviroment",), ("enviroment", "type"), ("enviroment", "rows"), ("enviroment", "max_stes"),
    }
    assert found[1].message.startswith("enviroment.")


def test_a_misspelt_key_is_one_fault_whatever_its_value_and_no_other_key_is_missed_for_it() -> None:
    for value in (0, 50, "many", None):
        (found,) = faults_of(document({"strategy.population_size": ABSENT, "strategy.populaton_size": value}))
        assert (found.code, found.path) == (FaultCode.UNKNOWN_FIELD, ("strategy", "populaton_size"))
        assert found.message.startswith(
            'strategy.populaton_size: Did you mean "population_size"? Expected one of the keys '
        )


def test_of_two_spellings_of_one_key_one_is_taken_and_both_are_told() -> None:
    found = faults_of(document({"stop": {"max_generation": 3, "max_generatons": 4}}))
    assert {each.path for each in found} == {("stop", "max_generation"), ("stop", "max_generatons")}


@pytest.mark.parametrize(("changes", "paths"), [
    ({"kind": ABSENT, "knid": "weight_evolution", "sed": 1}, {("knid",), ("sed",)}),
    ({"environment.type": ABSENT, "environment.tpye": "maze", "environment.max_steps": 0}, {
        ("environment", "tpye"), ("environment", "max_steps"),
    }),
    ({"strategy": {"tpye": "genetic", "elites": -1}}, {("strategy", "tpye"), ("strategy", "elites")}),
    (
        {"kind": "neat", "strategy": {"tpye": "neat", "tries": 0}},
        {("strategy", "tpye"), ("strategy", "tries")}
    ),
])
def test_a_misspelt_key_that_says_which_form_is_meant_hides_nothing(
    changes: dict[str, Any], paths: set[Path]
) -> None:
    found = faults_of(document(changes))
    assert {each.path for each in found} == paths
    assert len(found) == len(paths)


def test_no_key_of_a_strategy_is_taken_for_a_misspelt_type() -> None:
    models = [kind.strategy_model(name) for kind in KINDS.values() for name in kind.strategies]
    keys = [name for model in models for name in model.model_fields if name != "type"]
    assert misspelt("type", dict.fromkeys(keys)) is None
