"""The JSON Schema that people are given allows what the server allows."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from formatting.faults import FaultCode
from formatting.parse import parse
from processing.core.limits import Limits
from staging.schema import json_schema
from staging.stage import Unstageable, stage
from tests.formatting.documents import document

ROOT = Path(__file__).parents[2]


def largest(schema: dict[str, Any], name: str) -> set[int]:
    """The largest values of a parameter, wherever it stands."""
    groups = schema["$defs"].values()
    return {group["properties"][name]["maximum"] for group in groups if name in group.get("properties", {})}


def test_the_schema_in_the_examples_folder_is_fresh() -> None:
    stored = json.loads((ROOT / "examples" / "work-item.schema.json").read_text())
    assert stored == json_schema(), "print it anew: python -m staging.schema > examples/work-item.schema.json"


def test_the_module_prints_the_schema() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "staging.schema"], cwd=ROOT, capture_output=True, text=True, check=True,
        timeout=60
    ).stdout
    assert json.loads(printed) == json_schema()


def test_the_limits_of_a_server_are_those_of_its_schema() -> None:
    schema = json_schema(Limits(max_replicates=7, max_generations=50, max_population=20_000_000))
    assert largest(schema, "replicates") == {7}
    assert largest(schema, "max_generations") == {50}
    # or what the strategy itself takes
    assert largest(schema, "population_size") == {1_000_000, 10_000_000, 20_000_000}
    assert largest(json_schema(), "replicates") == {100}


@pytest.mark.parametrize(("path", "name"), [
    ("replicates", "max_replicates"), ("stop.max_generations", "max_generations"),
    ("strategy.population_size", "max_population"),
])
def test_what_is_above_the_largest_of_the_schema_is_refused(path: str, name: str) -> None:
    limits = Limits(**{name: 50})
    most = min(largest(json_schema(limits), path.rpartition(".")[2]))
    with pytest.raises(Unstageable) as refusal:
        stage(parse(document({path: most + 1})), limits)
    assert (tuple(path.split(".")), FaultCode.LIMIT_EXCEEDED) in {
        (each.path, each.code) for each in refusal.value.faults
    }
