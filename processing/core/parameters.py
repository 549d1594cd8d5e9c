"""The declaration of a parameter: made once, with meaning, range, unit and source.

The work item document, JSON Schema, GraphQL inputs, forms and documentation are generated from these
declarations.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticKnownError
from typing_extensions import TypeVar

#: The largest magnitude of a number in a document: far below the largest float32, so that sums of several
#: such numbers are finite too.
LARGEST = 1e30

#: The validation context of stored documents: numbers that were accepted once stay valid.
STORED = {"is_stored": True}


class Parameters(BaseModel):
    """A group of parameters: frozen, complete, and strict about types and unknown keys.

    Attributes:
        change_sizes: the names of those that set how large the changes of genomes are.
        change_chances: the names of those that set how often genomes change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    change_sizes: ClassVar[tuple[str, ...]] = ()
    change_chances: ClassVar[tuple[str, ...]] = ()


class StrategyParameters(Parameters):
    """The parameters of a strategy.

    Each model declares `type`, the strategy's name, and `population_size`, the agents in each generation,
    with a default, a meaning and bounds of its own.

    Raises:
        TypeError: a model is declared without `population_size`.
    """

    if TYPE_CHECKING:  # a field here would come before `type` in every schema and document
        population_size: int

    @classmethod
    def __pydantic_init_subclass__(cls, **keywords: Any) -> None:
        super().__pydantic_init_subclass__(**keywords)
        if "population_size" not in cls.model_fields:
            raise TypeError(f"{cls.__name__}: expected the parameter population_size, got none")


#: The same class, for annotations in classes that have an attribute `Parameters`.
ParameterGroup: TypeAlias = Parameters
#: The model of parameters that a class itself names. Any where a class does not say: which models the entries
#: of a table have, no table can say. In checks, parameters may be partly faulty: see `sound.py`.
C = TypeVar("C", bound=Parameters, default=Any)


def _within(value: float, info: ValidationInfo) -> float:
    """The number, if it is finite in float32 with a margin.

    Stored documents may hold larger numbers, because they were accepted before this limit existed.
    """
    if abs(value) <= LARGEST or (info.context or {}).get("is_stored"):
        return value
    limit = {"le": LARGEST} if value > 0 else {"ge": -LARGEST}
    raise PydanticKnownError("less_than_equal" if value > 0 else "greater_than_equal", limit)


#: A number without a range of its own. Every number of a document has a range, so that none is infinite in
#: float32.
Number = Annotated[
    float, AfterValidator(_within),
    WithJsonSchema({"type": "number", "minimum": -LARGEST, "maximum": LARGEST})
]


def parameter(default: Any = ..., *, meaning: str, unit: str = "", source: str = "", **limits: Any) -> Any:
    """Declare a field of a `Parameters` class.

    Args:
        default: the value where the user gives none; if left out, the parameter is required.
        meaning: one sentence for users.
        unit: the unit of one, e.g. "steps"; empty where dimensionless.
        source: the origin of the rule or the default, e.g. a paper and its equation.
        limits: ge, gt, le, lt, min_length, max_length as pydantic defines them.
    """
    extra = {name: text for name, text in (("unit", unit), ("source", source)) if text}
    return Field(default, description=meaning, json_schema_extra=dict(extra) or None, **limits)
