"""Only the tables, and what they name, know kinds of work, environments and genome kinds by their names."""

import ast
from collections.abc import Iterator
from pathlib import Path

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.kinds import KINDS

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "database", "formatting", "mlbackend", "processing", "staging")
NAMES = {*KINDS, *ENVIRONMENTS, *GENOMES}
#: Files and folders that may name some of them, and why.
MAY: dict[str, str] = {
    "processing/core/environments": "the environments themselves, and their table",
    "processing/core/genomes": "the genome kinds themselves, and their table",
    "processing/core/kinds.py": "the table of kinds",
    "processing/core/neat": "a strategy and its presets, which are published for two environments",
    "processing/core/strategies": "the table of strategies, one of which has the name of a kind",
    "processing/core/judges/__init__.py": "the table of judges, one of which has the name of an environment",
    "processing/core/problem.py": "the views of problems, one of which is that of tables",
    "processing/core/profile.py": "the packages on which results depend, one of which is Gymnasium",
    "processing/core/drawings/drawing.py": "the labels of layers, one of which is that of dense ones",
    "processing/core/reference/as_gymnasium.py": "the maze as an environment of Gymnasium, for comparisons",
    "processing/core/search/warm.py": "the example of which kernels are compiled before the first work item",
    "api/graphql/types/catalogue.py": "fields of GraphQL that older clients ask for",
}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module besides its docstrings, each with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.lineno, node.value


def test_no_other_file_names_a_kind_an_environment_or_a_genome_kind() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts
        for line, text in texts(path)
        if text in NAMES and not path.relative_to(ROOT).as_posix().startswith(tuple(MAY))
    ]
    assert found == []


def test_scripts_and_templates_of_pages_name_none_either() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for ending in ("js", "html") for path in sorted((ROOT / "api").rglob(f"*.{ending}"))
        for name in NAMES
        if f'"{name}"' in path.read_text("utf-8") or f"'{name}'" in path.read_text("utf-8")
    ]
    assert found == []


def test_every_exception_is_needed() -> None:
    for place in MAY:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        assert any(text in NAMES for file in files for _, text in texts(file)), place
