"""What operators' environments are is found out in other processes, whatever these do."""

import time
from pathlib import Path

import pytest

from processing.core.environments.foreign import lookup
from processing.core.environments.foreign.lookup import Lookup

IMPORTS = "import gymnasium, os, signal, threading\nfrom tests.core.strange_worlds import World\n"
GOOD = """
class Good(World): pass
gymnasium.register("mine/Good-v0", entry_point=Good)
"""
BAD = """
class Hanging(World):
    def __init__(self): threading.Event().wait()
class Dying(World):
    def __init__(self): os.kill(os.getpid(), signal.SIGKILL)
class Leaving(World):
    def __init__(self): raise SystemExit("no licence \\0\\udcff")
for kind in (Hanging, Dying, Leaving):
    gymnasium.register(f"mine/{kind.__name__}-v0", entry_point=kind)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where modules are found."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_environments_that_cannot_be_made_keep_no_other_from_being_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "EACH_SECONDS", 2.0)
    (folder / "some_worlds.py").write_text(IMPORTS + BAD + GOOD)
    known = Lookup(folder / "found", ["some_worlds"])
    started = time.monotonic()
    entry = known.entry("mine/Good-v0")
    assert entry is not None
    assert entry["observation"]["type"] == "Box"
    entries = known.entries()
    took = time.monotonic() - started
    assert entries["mine/Good-v0"] == entry
    assert {name: entries[f"mine/{name}-v0"]["trouble"] for name in ("Hanging", "Dying", "Leaving")} == {
        "Hanging": "mine/Hanging-v0 took too long to be looked at.",
        "Dying": "mine/Dying-v0 could not be looked at: exit code -9",
        "Leaving": "mine/Leaving-v0 could not be looked at: SystemExit: no licence \ufffd?",
    }
    started = time.monotonic()
    assert known.entries() == entries
    assert time.monotonic() - started < took / 2
    stored = "".join(each.read_text() for each in (folder / "found").glob("*.json"))
    assert "mine/Good-v0" in stored
    assert "could not be looked at" not in stored
    assert "too long" not in stored


def test_what_went_wrong_is_not_asked_again_at_once(folder: Path) -> None:
    times = folder / "times"
    (folder / "broken_worlds.py").write_text(
        f"open({str(times)!r}, 'a').write('x')\nprint('much ' * 10**6)\nraise OSError('lost')\n"
    )
    known = Lookup(None, ["broken_worlds"])
    for _ in range(3):
        assert known.entry("Mine-v0") is None
        assert known.trouble == "One of the modules broken_worlds could not be looked at: OSError: lost"
    assert times.read_text() == "x"


def test_a_module_is_looked_at_again_when_another_of_its_package_changes(folder: Path) -> None:
    package = folder / "own_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text("WIDTH = 2\n")
    (package / "worlds.py").write_text(
        IMPORTS + "from own_package.sizes import WIDTH\n"
        "class Mine(World):\n    observation_space = gymnasium.spaces.Box(-1, 1, (WIDTH,))\n"
        "gymnasium.register('Mine-v0', entry_point=Mine)\n"
    )

    def width() -> int:
        entry = Lookup(folder / "found", ["own_package.worlds"]).entry("Mine-v0")
        assert entry is not None
        return int(entry["observation"]["shape"][0])

    assert width() == 2
    (package / "sizes.py").write_text("WIDTH = 3\n# wider\n")
    assert width() == 3


def test_values_of_keyword_arguments_leave_no_files(folder: Path) -> None:
    known = Lookup(folder / "found", ["tests.core.strange_worlds"])
    assert known.facts("Wide-v0", {"width": 3})["observation"]["shape"] == [3]
    before = set((folder / "found").iterdir())
    assert known.facts("Wide-v0", {"width": 4})["observation"]["shape"] == [4]
    assert set((folder / "found").iterdir()) == before
