"""The printed schema and tables say what the models take."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from formatting.parse import parse
from formatting.schema import json_schema, parameter_table
from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.kinds import KINDS
from processing.core.strategies import STRATEGIES

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(
    path for path in (ROOT / "examples").glob("*.json") if not path.name.endswith(".schema.json")
)
TABLES: tuple[Mapping[str, Any], ...] = (ENVIRONMENTS, GENOMES, STRATEGIES)
MODELS = [entry.Parameters for table in TABLES for entry in table.values()]


def test_the_schema_names_its_dialect_refuses_unknown_keys_and_allows_its_own() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    kinds = [schema["$defs"][each["$ref"].rpartition("/")[2]] for each in schema["oneOf"]]
    assert {kind["properties"]["kind"]["const"] for kind in kinds} == set(KINDS)
    for kind in kinds:
        assert kind["additionalProperties"] is False
        assert "$schema" in kind["properties"]
        problem = KINDS[kind["properties"]["kind"]["const"]].problem_key
        assert set(kind["required"]) == {"version", "kind", "name", "stop", problem}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_well_formed_work_item(path: Path) -> None:
    assert parse(path.read_bytes()).name == path.stem


def test_there_are_examples() -> None:
    assert {"maze-5x5", "maze-20x20"} <= {path.stem for path in EXAMPLES}


def test_a_row_of_the_table_says_all_about_a_parameter() -> None:
    rows = {row.name: row for row in parameter_table(GENOMES["dense"].Parameters)}
    assert rows["hidden"].type == "list"
    assert rows["hidden"].range == "of at most 16 entries, each a whole number from 1 to 4096"
    assert rows["hidden"].unit == "units"
    assert rows["initializer"].default == '"he_normal"'
    assert "He et al. 2015" in rows["initializer"].source


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_parameter_has_a_meaning(model: Any) -> None:
    assert all(row.meaning for row in parameter_table(model))


def test_the_rooms_start_without_the_engine_and_the_web() -> None:
    program = (
        "import sys, formatting.parse, formatting.schema, staging.schema, staging.stage;"
        "print(sorted({'numba', 'torch', 'django', 'celery', 'graphene'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert printed.strip() == "[]"
