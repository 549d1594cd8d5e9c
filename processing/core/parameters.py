"""How a parameter is declared: once, with meaning, range, unit and source.

Document, JSON Schema, GraphQL inputs, forms and documentation are printed from these declarations.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticKnownError

#: The largest size of a number in a document: far below the largest float32, so that sums and products of some are finite too.
LARGEST = 1e30

#: The context in which stored documents are read: numbers that were taken once are taken for ever.
STORED = {"is_stored": True}


class Parameters(BaseModel):
    """A group of parameters: frozen, complete, and strict about types and unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _within(value: float, info: ValidationInfo) -> float:
    """The number, where it is finite in float32 with room to spare, or was stored before that was asked for."""
    if abs(value) <= LARGEST or (info.context or {}).get("is_stored"):
        return value
    limit = {"le": LARGEST} if value > 0 else {"ge": -LARGEST}
    raise PydanticKnownError("less_than_equal" if value > 0 else "greater_than_equal", limit)


#: A number that needs no other range: every number of a document has one, so that none is infinite in float32.
Number = Annotated[
    float, AfterValidator(_within), WithJsonSchema({"type": "number", "minimum": -LARGEST, "maximum": LARGEST})
]


def parameter(default: Any = ..., *, meaning: str, unit: str = "", source: str = "", **limits: Any) -> Any:
    """A field of a `Parameters` class.

    Args:
        default: the value where the user gives none; left out, the parameter is required.
        meaning: one sentence for people.
        unit: what one of it is, e.g. "steps"; empty where dimensionless.
        source: where the rule or the default comes from.
        limits: ge, gt, le, lt, min_length, max_length as pydantic knows them.
    """
    notes = {name: text for name, text in (("unit", unit), ("source", source)) if text}
    return Field(default, description=meaning, json_schema_extra=dict(notes) or None, **limits)
