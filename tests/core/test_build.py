# mypy: disable-error-code="no-untyped-call"

import inspect
import os
import shutil
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.errors import Broken
from processing.core.kernels import build
from processing.core.kernels.build import compiled, plain
from processing.core.kernels.lanes import LANES, fill, load, store, where_greater
from processing.core.kernels.roles import ROLE, kernel, part, slot

ROOT = Path(__file__).parents[2]
FACTOR = 2
#: Two fields of one type, which a kernel reads by place.
FIELDS = ("offsets", "scales")


@slot
def change(x: Any) -> Any:
    """Bound in the tests."""
    return x


@part
def doubled(x: Any) -> Any:
    return x * FACTOR


@part
def squared(x: Any) -> Any:
    return x * x


@kernel
def multiplied(x: Any) -> Any:
    return FACTOR * x


@kernel
def changed(x: Any) -> Any:
    return change(x)


def unmarked(x: Any) -> Any:
    return x


def python(code: str, folder: Path = ROOT, /, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_core_imports_neither_numba_nor_torch() -> None:
    code = (
        "import sys, processing.core.environments, processing.core.genomes, processing.core.strategies;"
        "import processing.core.judges, processing.core.reference.maze, processing.core.kernels.build;"
        "print([name for name in ('numba', 'llvmlite', 'torch') if name in sys.modules])"
    )
    assert python(code) == "[]"


def test_slots_are_bound_by_name() -> None:
    assert compiled(changed, {"change": doubled})(3) == 6
    assert compiled(changed, {"change": squared})(3) == 9


def test_constants_of_parts_can_be_bound() -> None:
    assert compiled(changed, {"change": doubled, "FACTOR": 5})(3) == 15
    assert compiled(changed, {"change": doubled})(3) == 6


def test_the_same_composition_is_the_same_object_and_another_has_another_name() -> None:
    one, other = compiled(changed, {"change": doubled}), compiled(changed, {"change": squared})
    assert one is compiled(changed, {"change": doubled})
    assert one.__name__ != other.__name__


def test_an_unbound_slot_is_an_error() -> None:
    with pytest.raises(Broken, match="slot 'change' is not bound"):
        compiled(changed)


def test_a_function_that_is_not_marked_is_an_error() -> None:
    with pytest.raises(Broken, match="'change' is called in a kernel but not marked"):
        compiled(changed, {"change": unmarked})


def test_two_contents_under_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    name = compiled(changed, {"change": doubled}).__name__
    monkeypatch.setitem(build._composed, name, ("something else", None))
    monkeypatch.setattr(build, "_asked", {})
    with pytest.raises(Broken, match="two compositions are called"):
        compiled(changed, {"change": doubled})


EVALUATE = """
import numpy as np
from processing.core.environments.maze.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
maze = GridWorld(MazeParameters(type="maze", rows=("S..", ".#.", "..G"), max_steps=9))
kind = Dense(DenseParameters(), inputs=24, outputs=9)
genomes = kind.random(20, seed=1, generation=0)
print(Episodes(maze, kind).evaluate(genomes, seed=1, generation=0).fitness.tolist())
"""


def test_without_compilation_the_same_kernel_runs_as_plain_python(tmp_path: Path) -> None:
    plain = python(EVALUATE + "import sys; assert 'numba' not in sys.modules", NUMBA_DISABLE_JIT="1")
    assert plain == python(EVALUATE)


BREED = """
import numpy as np
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.variation import VariationParameters
kind = Dense(DenseParameters(hidden=()), inputs=2, outputs=1)
children, _ = kind.breed(np.ones((1, 3), np.float32), np.zeros(1, np.int32), np.zeros(1, np.int32),
                         VariationParameters(crossover_probability=1.0, mutation_probability=0.0),
                         elites=0, seed=1, generation=1)
print(children.tolist())
"""


def test_the_cache_depends_on_exactly_the_files_with_marked_functions() -> None:
    marked = set(build.COMPILERS)
    for path in build.CORE.rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for value in vars(import_module(name)).values() if path.name != "intrinsics.py" else ():
            if hasattr(value, ROLE):
                marked.add(Path(inspect.getsourcefile(value) or "").relative_to(build.CORE).as_posix())
    whole = {path for path, text in build.sources().items() if text == (build.CORE / path).read_bytes()}
    assert whole == marked


def copied(folder: Path) -> Path:
    """The core, in a folder of its own."""
    shutil.copytree(ROOT / "processing" / "core", folder / "processing" / "core")
    (folder / "processing" / "__init__.py").touch()
    return folder / "processing" / "core"


@pytest.mark.parametrize(
    ("file", "is_compiled_again"), [("drawings/svg.py", False), ("genomes/breeding.py", True)]
)
def test_a_comment_compiles_again_what_may_depend_on_its_file(
    file: str, is_compiled_again: bool, tmp_path: Path
) -> None:
    source, folder = (
        copied(tmp_path) / file, "from processing.core.kernels.build import fingerprint; print(fingerprint())"
    )
    before = python(folder, tmp_path)
    source.write_text(f"{source.read_text()}\n# A comment.\n")
    assert (python(folder, tmp_path) != before) == is_compiled_again


def test_kernels_are_compiled_again_for_an_argument_whose_fields_changed_places(tmp_path: Path) -> None:
    source = copied(tmp_path) / "environments" / "table.py"
    folder = "from processing.core.kernels.build import fingerprint; print(fingerprint())"
    before, text = python(folder, tmp_path), source.read_text()
    source.write_text(f"{text}\n# A comment.\n")
    assert python(folder, tmp_path) == before
    offsets, scales = (next(line for line in text.splitlines() if f"    {name}: " in line) for name in FIELDS)
    source.write_text(text.replace(offsets, "!").replace(scales, offsets).replace("!", scales))
    assert python(folder, tmp_path) != before


def test_an_edited_part_is_compiled_again_though_it_lies_in_another_file(tmp_path: Path) -> None:
    copied(tmp_path)
    settings = {"EVOLUTION_CACHE_DIR": str(tmp_path / "kernels")}
    assert python(BREED, tmp_path, **settings) == "[[1.0, 1.0, 1.0]]"
    source = tmp_path / "processing" / "core" / "kernels" / "intrinsics.py"
    text = source.read_text()
    fused = "builder.call(function, [a, b, c])"
    edited = text.replace(f"return {fused}", f"return builder.fneg({fused})")
    assert edited != text
    source.write_text(edited)
    assert python(BREED, tmp_path, **settings) == "[[-1.0, -1.0, -1.0]]"


def test_compiled_kernels_are_found_again(tmp_path: Path) -> None:
    kernels = str(tmp_path)
    count = (
        "from processing.core.genomes import breeding; from processing.core.kernels.build import compiled;"
    )
    count += "print(dict(compiled(breeding.fill_children).stats.cache_hits) != {})"
    assert python(BREED + count, EVOLUTION_CACHE_DIR=kernels).endswith("False")
    assert python(BREED + count, EVOLUTION_CACHE_DIR=kernels).endswith("True")


def test_a_folder_that_cannot_be_written_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert python(BREED, EVOLUTION_CACHE_DIR=str(tmp_path / "file")) == "[[1.0, 1.0, 1.0]]"


def test_old_cache_folders_are_pruned(tmp_path: Path) -> None:
    for name, days in (("old", build.KEEP_DAYS + 1), ("young", 1), ("current", build.KEEP_DAYS + 1)):
        (tmp_path / name).mkdir()
        used = tmp_path / name / ".used"
        used.touch()
        os.utime(used, (time.time() - days * 86_400,) * 2)
    build._prune(tmp_path, keep=tmp_path / "current")
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["current", "young"]


def test_plain_lanes_are_arrays() -> None:
    buffer = np.arange(2 * LANES, dtype=np.float32)
    store(buffer, LANES, where_greater(load(buffer, 0), np.float32(3), fill(np.float32(1)), np.float32(0)))
    assert buffer[LANES:].sum() == LANES - 4


def test_a_plain_composition_never_compiles_and_is_another_than_the_compiled_one() -> None:
    bindings = {"change": doubled, "FACTOR": 7}
    assert plain(changed, bindings)(3) == compiled(changed, bindings)(3) == 21
    assert plain(changed, bindings) is plain(changed, bindings)
    assert type(plain(changed, bindings)) is type(unmarked)
    with pytest.raises(Broken, match="slot 'change' is not bound"):
        plain(changed)


PLAIN = """
import sys
import numpy as np
from processing.core.kernels.build import plain
from processing.core.kernels.numeric import tanh
print(plain(tanh)(np.float32(0)), plain(tanh, {"ONE": 1})(np.float32(0)), "numba" in sys.modules)
"""


@pytest.mark.parametrize("disabled", ["0", "1"])
def test_a_plain_composition_needs_no_numba(disabled: str) -> None:
    assert python(PLAIN, NUMBA_DISABLE_JIT=disabled) == "0.0 0.0 False"


def test_a_compiler_says_that_it_goes_on() -> None:
    said: list[int] = []

    new = compiled(multiplied, {"FACTOR": time.time_ns()})  # never compiled before
    with build.while_compiling(lambda: said.append(1)):
        new(2.0)
    number = len(said)
    new(3)
    assert number > 10
    assert len(said) == number
