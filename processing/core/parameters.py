"""How a parameter is declared: once, with meaning, range, unit and source.

Document, JSON Schema, GraphQL inputs, forms and documentation are printed from these declarations.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """A group of parameters: frozen, complete, and strict about types and unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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
