"""The declaration of a parameter: made once, with meaning, range, unit and source.

The work item document, JSON Schema, GraphQL inputs, forms and documentation are generated from these
declarations.
"""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticKnownError

#: The largest magnitude of a number in a document: far below the largest float32, so that sums of several
#: such numbers are finite too.
LARGEST = 1e30

#: The validation context of stored documents: numbers that were accepted once stay valid.
STORED = {"is_stored": True}


class Parameters(BaseModel):
    """A group of parameters: frozen, complete, and strict about types and unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


#: The same class, for annotations in classes that have an attribute `Parameters`.
ParameterGroup: TypeAlias = Parameters
#: Parameters of the model that the class itself names, for methods of classes in tables: which model that is,
#: no table can say. In checks they may be partly faulty: see `sound.py`.
OwnParameters: TypeAlias = Any


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
