"""Only the tables, and what they name, know kinds of work and their parts by their names and keys."""

import ast
from collections.abc import Iterator
from pathlib import Path

from processing.core.kinds import GENOMES, JUDGES, KINDS, PROBLEMS, STRATEGIES

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "database", "formatting", "mlbackend", "processing", "staging")
#: The keys of documents that hold problems, genomes and the settings of judges.
KEYS = {
    *PROBLEMS, *(kind.genome_key for kind in KINDS.values()),
    *(key for judge in JUDGES.values() for key in judge.settings),
}
#: Names that say something else in most places: what every agent has, and what data sets consist of.
ORDINARY = {"fitness", "images"}
NAMES = {
    *KINDS, *GENOMES, *JUDGES, *STRATEGIES, *KEYS,
    *(name for problems in PROBLEMS.values() for name in problems),
} - ORDINARY
#: Files and folders that may name some of them, and why.
MAY: dict[str, str] = {
    "processing/core/environments": "the environments themselves, and their table",
    "processing/core/genomes": "the genome kinds themselves, and their table",
    "processing/core/kinds.py": "the table of kinds",
    "processing/core/datasets": "the data sets themselves, and their table",
    "processing/core/training": "the processes that train",
    "processing/core/neat": "a strategy and its presets, which are published for two environments",
    "processing/core/strategies": "the table of strategies, one of which has the name of a kind",
    "processing/core/judges": "the judges themselves, and their table",
    "processing/core/problem.py": "the views of problems, one of which is that of tables",
    "processing/core/profile.py": "the packages on which results depend, one of which is Gymnasium",
    "processing/core/drawings/drawing.py": "the labels of layers, one of which is that of dense ones",
    "processing/core/reference/as_gymnasium.py": "the maze as an environment of Gymnasium, for comparisons",
    "processing/core/search/warm.py": "the example of which kernels are compiled before the first work item",
    "api/graphql/types/catalogue.py": "fields of GraphQL that older clients ask for",
}
#: Files that may name only these, and why.
MAY_NAME: dict[str, tuple[set[str], str]] = {
    "api/dashboard/data.py": ({"network", "episodes"}, "fields of the JSON of pages"),
    "api/dashboard/replays.py": ({"episodes"}, "a field of the JSON of pages"),
    "api/dashboard/views.py": ({"dataset"}, "a field of the context of a page"),
    "api/examples.py": ({"cnn"}, "the beginning of the names of examples"),
    "api/static/dashboard/measurements.js": ({"table"}, "an element of HTML"),
    "mlbackend/settings.py": ({"training"}, "the name of a queue"),
    "processing/shift.py": ({"training"}, "an entry of numeric profiles"),
    "api/graphql/types/agents.py": ({"novelty"}, "a field of GraphQL that only this judge fills"),
    "api/graphql/types/enums.py": ({"environment"}, "an enumeration that older clients ask for"),
    "api/graphql/types/exports.py": ({"network"}, "the name of an address"),
    "api/graphql/types/generations.py": ({"novelty"}, "a field of GraphQL that only this judge fills"),
    "api/production/stack.py": ({"environment"}, "the name of a file of variables"),
    "api/static/dashboard/run.js": ({"network"}, "the id of an element"),
    "api/templates/dashboard/run.html": ({"network", "dataset"}, "ids of elements"),
    "api/urls.py": ({"network"}, "the name of an address"),
    "formatting/canonical.py": ({"environment", "novelty"}, "keys that older hashes do not contain"),
    "formatting/explanation.py": ({"environment", "dataset"}, "codes of faults that clients know"),
    "processing/core/exports/onnx_model.py": ({"network"}, "the name of a graph in ONNX"),
    "processing/core/views/__init__.py": ({"network"}, "a field of every genome in GraphQL"),
    "processing/core/search/stop.py": ({"episodes"}, "a field of confirmations"),
    "processing/core/steppers/stepper.py": ({"environment", "network"}, "fields of messages to processes"),
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module besides its docstrings, each with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.lineno, node.value


def may(path: Path, name: str) -> bool:
    """Whether a file may name something."""
    file = path.relative_to(ROOT).as_posix()
    return file.startswith(tuple(MAY)) or (file in MAY_NAME and name in MAY_NAME[file][0])


def test_no_other_file_names_a_kind_or_a_part_of_one_or_a_key_of_documents() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts
        for line, text in texts(path)
        if text in NAMES and not may(path, text)
    ]
    assert found == []


def quoted(path: Path) -> set[str]:
    """The names of the tables that a file has in quotation marks, or as the text of an element."""
    text = path.read_text("utf-8")
    forms = ('"{}"', "'{}'", ">{}<")
    return {name for name in NAMES if any(each.format(name) in text for each in forms)}


def test_scripts_and_templates_of_pages_name_none_either() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for ending in ("js", "html") for path in sorted((ROOT / "api").rglob(f"*.{ending}"))
        for name in NAMES
        if name in quoted(path) and not may(path, name)
    ]
    assert found == []


def test_every_exception_is_needed() -> None:
    for place in MAY:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        assert any(text in NAMES for file in files for _, text in texts(file)), place
    for place, (names, _) in MAY_NAME.items():
        assert names <= quoted(ROOT / place), place
