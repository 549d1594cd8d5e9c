"""Parameters bring warnings about their own values, and those of several groups come together."""

from processing.core.concern import CheckedParameters, Concern, UsedWhen, beyond_best, unused
from processing.core.kinds import KINDS
from processing.core.parameters import Parameters, parameter


class Own(CheckedParameters):
    """A strategy's own."""

    speed: int = parameter(1, meaning="Speed.")
    engine: bool = parameter(True, meaning="Whether there is an engine.")

    def warnings(self) -> list[Concern]:
        used_when: UsedWhen = {"speed": (lambda it: it.engine, "an engine")}
        return [*unused(self, used_when), *super().warnings()]


class Varied(Parameters):
    """A genome kind's, without any checks."""

    rate: int = parameter(1, meaning="Rate.")


class Both(Own, Varied):
    """As `strategy.model_of` composes them."""


def test_a_value_without_effect_is_told_of_where_it_is_not_the_default() -> None:
    (found,) = Both(speed=3, engine=False).warnings()
    assert found == Concern(("speed",), "no value, as it counts only with an engine", "3")
    assert Both(speed=1, engine=False).warnings() == Both(speed=3).warnings() == []


def test_a_strategy_that_breeds_has_the_warnings_of_the_variation_too() -> None:
    model = KINDS["weight_evolution"].strategy_model("genetic")
    found = model.model_validate({
        "type": "genetic", "tournament_size": 3, "mutation_probability": 0.0, "mutation_scale": 1.0
    })
    assert isinstance(found, CheckedParameters)
    assert [each.path for each in found.warnings()] == [("tournament_size",), ("mutation_scale",)]


def test_an_aim_is_told_of_above_the_best_alone() -> None:
    assert beyond_best("fitness", 3.0, 3.0) == beyond_best("fitness", 3.0, None) == []
    assert beyond_best("fitness", None, 3.0) == []
    (found,) = beyond_best("fitness", 4.0, 3.0)
    assert (found.path, found.expected) == (("fitness",), "at most 3, the best possible fitness")
