"""Keyword arguments that are lists of numbers or texts."""

from typing import Any

import pytest

from processing.core.search.plan import plan_of
from staging.stage import Unstageable
from tests.core.foreign import staged

LAKE = ["SFFF", "FHFH", "FFFG"]


def fault(name: str, **kwargs: Any) -> Any:
    with pytest.raises(Unstageable) as caught:
        staged(name, kwargs=kwargs)
    (found,) = caught.value.faults
    return found


def test_a_lake_of_ones_own_is_crossed() -> None:
    item = staged("FrozenLake-v1", kwargs={"desc": LAKE, "is_slippery": False})
    assert item.spec["environment"]["kwargs"] == {"desc": LAKE, "is_slippery": False, "success_rate": 1 / 3}
    assert plan_of(item.spec, item.facts).problem.inputs == 12
    assert staged("FrozenLake-v1", kwargs=item.spec["environment"]["kwargs"]) == item


@pytest.mark.parametrize("rows", [
    ["SFF", "FG"], ["SFX", "FFG"], ["FFF", "FFG"], ["SFS", "FFG"], ["SFF", "FFF"], ["SG"], [], [""],
    ["S" * 60, "G" * 60], ["SG"] * 51, ["sf", "fg"],
])
def test_lakes_that_cannot_be_crossed_are_refused_in_words(rows: list[str]) -> None:
    found = fault("FrozenLake-v1", desc=rows)
    assert (found.code, found.path) == ("OUT_OF_RANGE", ("environment", "kwargs", "desc"))
    assert found.expected == (
        "a list of 2 to 50 texts of the letters S, F, H, G, all of one length from 2 to 50, with exactly one "
        "S and at least one G"
    )


@pytest.mark.parametrize("rows", ["SFFG", [["S", "G"]], [1, 2], {"S": "G"}, None, True])
def test_what_is_no_list_of_texts_is_refused(rows: object) -> None:
    assert fault("FrozenLake-v1", desc=rows).code == "INVALID_TYPE"


def test_a_lake_by_name_and_one_by_rows_are_not_given_together() -> None:
    found = fault("FrozenLake-v1", desc=LAKE, map_name="8x8")
    assert (found.code, found.path) == ("INCONSISTENT", ("environment", "kwargs", "desc"))
    assert "map_name" in found.expected


def test_operators_environments_take_lists_of_numbers_and_of_texts() -> None:
    item = staged("Listed-v0", kwargs={"weights": [1, 0.5, 2], "rows": ["any", "thing"]})
    assert item.spec["environment"]["kwargs"]["weights"] == [1.0, 0.5, 2.0]
    assert plan_of(item.spec, item.facts).problem.inputs == 5
    assert staged("Listed-v0").spec["environment"]["kwargs"] == {"weights": [1.0]}
    assert fault("Listed-v0", weights=[1, 3]).expected == "a list of 1 to 3 numbers from 0 to 2"
    assert fault("Listed-v0", weights=[1] * 4).code == "OUT_OF_RANGE"
    assert fault("Listed-v0", weights=[1, "2"]).code == "INVALID_TYPE"
    assert fault("Listed-v0", weights=[1, True]).code == "INVALID_TYPE"
    assert fault("Listed-v0", rows=["a" * 201]).expected == "a list of 1 to 2 texts of at most 200 characters"
