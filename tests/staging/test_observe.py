"""Which parts of an observation networks get, and what is said of the others."""

from typing import Any

import pytest

from processing.core.environments.foreign.observe import observed
from processing.core.search.plan import plan_of
from staging.stage import Unstageable
from staging.staged_item import StagedItem
from tests.core.foreign import staged

USABLE = ["direction", "image"]


def world(item: StagedItem) -> Any:
    return plan_of(item.spec, item.facts).problem


def faults(name: str, **environment: Any) -> list[Any]:
    with pytest.raises(Unstageable) as caught:
        staged(name, **environment)
    return list(caught.value.faults)


def test_parts_that_no_network_can_take_are_left_out_with_a_warning() -> None:
    item = staged("Spoken-v0")
    assert item.spec["environment"]["observe"] == USABLE
    assert world(item).inputs == 4 + 4 * 5 * 3
    (warning,) = item.warnings
    assert warning.path == ("environment", "observe")
    assert warning.expected == 'the parts that networks can take, "direction" and "image"'
    assert warning.given == 'null, so that networks do not get "mission", "poster" and "words"'
    for name, why in (("mission", "Text"), ("poster", "480,000"), ("words", "Sequence")):
        assert name in (warning.hint or "")
        assert why in (warning.hint or "")


def test_what_is_left_out_can_be_said_without_a_warning_and_means_the_same() -> None:
    item, said = staged("Spoken-v0"), staged("Spoken-v0", observe=["image", "direction"])
    assert said.warnings == ()
    assert said.spec == item.spec
    assert said.spec_hash == item.spec_hash


def test_parts_have_the_order_of_the_space_whatever_order_they_are_given_in() -> None:
    item = staged("Mixed-v0", observe=["where", "flags", "where"])
    assert item.spec["environment"]["observe"] == ["flags", "where"]
    assert world(item).inputs == 4 + 3 + 4
    assert world(item).input_labels()[:5] == (
        "flags[0][0]", "flags[0][1]", "flags[1][0]", "flags[1][1]", "where.0 = 5"
    )


def test_all_parts_are_the_same_experiment_as_none_said() -> None:
    item = staged("Mixed-v0", observe=["flags", "what", "where"])
    assert item.spec["environment"]["observe"] is None
    assert item.spec_hash == staged("Mixed-v0").spec_hash


def test_parts_of_a_tuple_and_parts_with_numbers_are_named_by_these() -> None:
    assert world(staged("Blackjack-v1", observe=["0", "2"])).inputs == 32 + 2
    assert world(staged("Numbered-v0", observe=["2"])).inputs == 3


def test_unknown_parts_get_a_hint_and_unusable_ones_a_reason_all_at_once() -> None:
    unknown, unusable = faults("Spoken-v0", observe=["imgae", "mission", "image"])
    assert (unknown.code, unknown.path, unknown.hint) == (
        "NOT_IN_CHOICES", ("environment", "observe", 0), 'Did you mean "image"?'
    )
    assert (unusable.code, unusable.path) == ("INCONSISTENT", ("environment", "observe", 1))
    assert "Text" in unusable.hint


def test_what_has_no_parts_is_observed_as_it_is() -> None:
    (found,) = faults("Acrobot-v1", observe=["angle"])
    assert found.path == ("environment", "observe")
    assert "null" in found.expected


def test_a_stored_document_without_the_key_keeps_every_part() -> None:
    item = staged("Mixed-v0")
    spec = {
        **item.spec,
        "environment": {key: each for key, each in item.spec["environment"].items() if key != "observe"}
    }
    assert plan_of(spec, item.facts).problem.inputs == world(item).inputs
    assert observed(item.facts["observation"], None) == item.facts["observation"]  # type: ignore[index]
