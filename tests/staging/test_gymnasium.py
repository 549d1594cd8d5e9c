"""Which environments of Gymnasium are accepted, and what is said of the others."""

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from formatting.faults import Fault, FaultCode
from formatting.parse import parse
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.checks import Snapshot
from processing.core.environments.foreign.environment import CLASSIC, Foreign
from processing.core.environments.foreign.hints import hint_of
from processing.core.environments.foreign.kwargs import completed_kwargs
from processing.core.environments.foreign.lookup import Lookup, asked
from processing.core.errors import Broken, Refused
from processing.core.limits import Limits
from processing.core.search.plan import plan_of
from staging.stage import Unstageable, stage
from staging.staged_item import dump, load
from tests.core.foreign import document, known, staged


def faults(name: str, **environment: Any) -> list[Fault]:
    with pytest.raises(Unstageable) as caught:
        staged(name, **environment)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    "name",
    [
        "evil:Env-v0", "tests.core.evil:Env-v0", "CartPole", "../../x-v0", "Acrobot-v1\n", "-v0", "A v-v0",
        "strange/evil:Env-v0", "evil:strange/Mixed-v0", "../Mixed-v0", "/Mixed-v0", "strange/",
        "strange//Mixed-v0", "strange/a/Mixed-v0", "a.b/Mixed-v0", "strange/../Mixed-v0", "strange\\Mixed-v0",
    ],
)
def test_only_plain_ids_are_taken(name: str) -> None:
    (found,) = faults(name)
    assert (found.code, found.path) == ("UNKNOWN_ENVIRONMENT", ("environment", "id"))


def test_ids_may_have_a_namespace() -> None:
    item = staged("strange/Mixed-v0")
    assert plan_of(item.spec, item.facts).problem.inputs == staged_inputs("Mixed-v0")
    (found,) = faults("phys2d/CartPole-v1")
    assert "jax" in found.expected
    assert faults("strange/Mixd-v0")[0].hint == 'Did you mean "Mixed-v0"?'


def staged_inputs(name: str) -> int:
    item = staged(name)
    return int(plan_of(item.spec, item.facts).problem.inputs)


def test_staging_starts_no_process_unless_environments_are_given() -> None:
    program = (
        "import sys, subprocess; from formatting.parse import parse\n"
        "from processing.core.limits import Limits\n"
        "from staging.stage import stage\n"
        "subprocess.Popen = None\n"
        "print(stage(parse(sys.stdin.read()), Limits()).kind, 'processing.core.environments.foreign.lookup' "
        "in sys.modules)"
    )
    text = json.dumps(document("LunarLander-v3", kwargs={"continuous": True}))
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout == "weight_evolution False\n"


def test_a_module_that_an_id_names_is_never_imported() -> None:
    program = (
        "import sys, json; from formatting.parse import parse; from processing.core.limits import Limits\n"
        "from staging.stage import stage\n"
        "try: stage(parse(sys.stdin.read()), Limits())\n"
        "except Exception as error: print(type(error).__name__, sorted({'this', 'gymnasium', 'numba'} & "
        "set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(document("this:Env-v0")), capture_output=True,
        text=True, check=True
    )
    assert done.stdout == "Unstageable []\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("LunarLander-v2", "LunarLander-v3"), ("Taxi-v3", "Taxi-v4"), ("frozenlake-v1", "FrozenLake-v1"),
        ("gym:Acrobot-v1", "Acrobot-v1"),
    ],
)
def test_an_unknown_id_gets_a_hint(given: str, meant: str) -> None:
    (found,) = faults(given)
    assert (found.code, found.hint) == ("UNKNOWN_ENVIRONMENT", f'Did you mean "{meant}"?')


def test_all_faults_of_keyword_arguments_are_told_at_once() -> None:
    found = faults(
        "LunarLander-v3",
        kwargs={"gravity": -20, "enable_wind": "yes", "render_mode": "human", "wind_powr": 1}
    )
    assert {each.path[-1]: each.code for each in found} == {
        "gravity": "OUT_OF_RANGE", "enable_wind": "INVALID_TYPE", "render_mode": "UNKNOWN_FIELD",
        "wind_powr": "UNKNOWN_FIELD",
    }
    assert all(each.path[:2] == ("environment", "kwargs") for each in found)
    assert next(each for each in found if each.path[-1] == "wind_powr").hint == 'Did you mean "wind_power"?'
    assert "takes none" in faults("Acrobot-v1", kwargs={"book": 1})[0].expected


def test_keyword_arguments_and_other_faults_are_told_together() -> None:
    strategy = {"type": "genetic", "elites": 200, "population_size": 9}
    text = json.dumps(document("Taxi-v4", kwargs={"rain": 1}) | {"strategy": strategy})
    with pytest.raises(Unstageable) as caught:
        stage(parse(text), Limits())
    assert {each.path[-1] for each in caught.value.faults} >= {"rain", "elites"}


@pytest.mark.parametrize(
    ("name", "kwargs", "inputs", "outputs"),
    [
        ("FrozenLake-v1", {}, 16, 4), ("FrozenLake-v1", {"map_name": "8x8", "is_slippery": False}, 64, 4),
        ("FrozenLake-v1", {"map_name": "4x4"}, 16, 4),
        ("LunarLander-v3", {"continuous": True, "gravity": -3.5}, 8, 2),
        ("CarRacing-v3", {"continuous": False}, 27_648, 5),
        ("Blackjack-v1", {"natural": True}, 32 + 11 + 2, 2),
        ("Wide-v0", {"width": 5}, 5, 2), ("Numbered-v0", {}, 5, 2),
    ],
)
def test_spaces_are_those_that_the_keyword_arguments_make(
    name: str, kwargs: dict[str, Any], inputs: int, outputs: int
) -> None:
    item = staged(name, kwargs=kwargs)
    world = plan_of(item.spec, item.facts).problem
    assert (world.inputs, world.outputs) == (inputs, outputs)


@pytest.mark.parametrize(("name", "short", "long"), [
    ("LunarLander-v3", {"gravity": -10}, {"gravity": -10.0}),
    ("LunarLander-v3", {}, {"enable_wind": False, "wind_power": 15}),
    ("FrozenLake-v1", {}, {"map_name": "4x4"}), ("CartPole-v1", {}, {"sutton_barto_reward": False}),
    ("Wide-v0", {}, {"width": 2}),
])
def test_one_experiment_has_one_hash_however_its_keyword_arguments_are_spelt(
    name: str, short: dict[str, Any], long: dict[str, Any]
) -> None:
    one, other = staged(name, kwargs=short), staged(name, kwargs=long)
    assert one.spec_hash == other.spec_hash
    assert one.spec["environment"]["kwargs"] == other.spec["environment"]["kwargs"] != short
    assert staged(name, kwargs=one.spec["environment"]["kwargs"]) == one


def test_other_keyword_arguments_make_another_experiment() -> None:
    hashes = {
        staged("LunarLander-v3", kwargs=each).spec_hash
        for each in ({}, {"gravity": -9}, {"continuous": True})
    }
    assert len(hashes) == 3


@pytest.mark.parametrize("default", [None, "two", 7])
def test_a_default_that_would_not_be_taken_is_not_filled_in(default: object) -> None:
    arguments = {"width": {"type": "integer", "default": default, "meaning": "", "min": 1, "max": 5}}
    assert completed_kwargs(arguments, {}) == {}
    assert completed_kwargs(arguments, {"width": 2}) == {"width": 2}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Talking-v0", "Text"), ("Endless-v0", "no bounds"), ("Painted-v0", "480,000"),
        ("Paired-v0", "neither a word")
    ],
)
def test_spaces_that_networks_cannot_use_are_refused_in_a_sentence(name: str, what: str) -> None:
    (found,) = faults(name)
    assert found.path == ("environment", "id")
    assert what in (found.hint or "")
    assert (found.hint or "").count(".") == 1


def test_what_is_not_installed_says_what_it_needs() -> None:
    (found,) = faults("Ant-v5")
    assert found.code == "UNKNOWN_ENVIRONMENT"
    assert "mujoco" in found.expected


def test_every_environment_of_the_snapshot_is_as_it_is_installed() -> None:
    for name in ("Acrobot-v1", "LunarLander-v3", "FrozenLake-v1"):
        now = asked({"modules": [], "id": name, "kwargs": {}}, 60.0)
        assert now | {"variants": []} == dict(catalogue.entries()[name]) | {"variants": []}


@pytest.mark.parametrize(
    "name", sorted(name for name, entry in catalogue.entries().items() if "needs" not in entry)
)
def test_every_environment_of_the_snapshot_can_be_planned(name: str) -> None:
    item = staged(name)
    plan = plan_of(item.spec, item.facts)
    assert isinstance(plan.problem, Foreign) == (name not in CLASSIC)
    assert len(plan.problem.input_labels()) == plan.problem.inputs
    assert len(plan.problem.output_labels()) == plan.problem.outputs


def test_what_was_looked_up_travels_with_the_staged_item() -> None:
    item = staged("Mixed-v0")
    again = load(dump(item, b"key"), b"key")
    assert again == item
    assert plan_of(again.spec, again.facts).problem.inputs == plan_of(
        item.spec, item.facts
    ).problem.inputs
    with pytest.raises(Refused, match="Mixed-v0"):
        plan_of(again.spec)


def test_staged_items_from_before_there_were_facts_are_read() -> None:
    text = dump(staged("FrozenLake-v1"), b"key").partition(":")[2]
    plain = json.loads(text)
    del plain["facts"]
    old = json.dumps(plain)
    signature = hmac.new(b"key", b"staged item\0" + old.encode(), hashlib.sha256).hexdigest()
    item = load(f"{signature}:{old}", b"key")
    assert item.facts is None
    assert plan_of(item.spec, item.facts).problem.inputs == 16
    with pytest.raises(Broken):
        load(f"{signature}:{text}", b"key")


def test_slow_environments_are_estimated_slowly_and_cut_into_slices() -> None:
    slow, fast = staged("BipedalWalker-v3"), staged("CartPole-v1")
    assert slow.estimate.seconds_high > 100 * fast.estimate.seconds_high
    assert staged("CarRacing-v3").estimate.seconds_high > 10 * slow.estimate.seconds_high
    assert "not compiled" in slow.estimate.basis
    assert staged("BipedalWalker-v3", episodes=500).slice_size is not None


def test_normalising_what_is_compiled_is_warned_of() -> None:
    (warning,) = staged("Acrobot-v1", normalize_observations=True).warnings
    assert warning.path == ("environment", "normalize_observations")


def test_what_was_looked_up_is_remembered_until_a_module_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "worlds").mkdir()
    module = tmp_path / "own_worlds.py"
    register = "gymnasium.register('Mine-v0', strange_worlds.Mixed)"
    module.write_text(f"from tests.core import strange_worlds\nimport gymnasium\n{register}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    first = Lookup(tmp_path / "found", ["own_worlds"]).entries()["Mine-v0"]
    for file in (tmp_path / "found").glob("*.json"):
        file.write_text(file.read_text().replace('"Mine-v0"', '"Yours-v0"'))
    assert "Yours-v0" in Lookup(tmp_path / "found", ["own_worlds"]).entries()
    module.write_text(module.read_text() + "\n")
    assert Lookup(tmp_path / "found", ["own_worlds"]).entries()["Mine-v0"] == first


def test_a_module_that_cannot_be_imported_takes_nothing_else_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_worlds.py").write_text("raise OSError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    one = Lookup(None, ["broken_worlds"])
    assert stage(parse(json.dumps(document("FrozenLake-v1"))), Limits(), known=one).facts
    with pytest.raises(Unstageable) as caught:
        stage(parse(json.dumps(document("Mine-v0"))), Limits(), known=one)
    assert "no licence" in (caught.value.faults[0].hint or "")
    assert known().entry("FrozenLake-v1") is not None


@pytest.mark.parametrize(("name", "package", "module"), [
    ("ALE/Pong-v5", "ale-py", "ale_py"), ("BreakoutNoFrameskip-v4", "ale-py", "ale_py"),
    ("Pong-ram-v4", "ale-py", "ale_py"), ("MiniGrid-Empty-8x8-v0", "minigrid", "minigrid"),
    ("BabyAI-GoToObj-v0", "minigrid", "minigrid"),
    ("FetchReach-v3", "gymnasium-robotics", "gymnasium_robotics"),
    ("highway-fast-v0", "highway-env", "highway_env"),
    ("FlappyBird-v0", "flappy-bird-gymnasium", "flappy_bird_gymnasium"),
    ("popgym-RepeatFirstEasy-v0", "popgym", "popgym"),
])
def test_an_id_of_a_known_package_says_what_to_install_and_to_name(
    name: str, package: str, module: str
) -> None:
    (found,) = faults(name)
    assert found.code == "UNKNOWN_ENVIRONMENT"
    assert (
        found.hint == f'Whoever runs the server installs "{package}" and names "{module}" in '
        'ENVIRONMENT_MODULES.'
    )
    (found,) = faults(f"{module}:{name}")
    assert found.hint == (
        f'Give "{name}" alone. Whoever runs the server installs "{package}" and names "{module}" in '
        'ENVIRONMENT_MODULES.'
    )


def test_an_id_with_a_module_says_where_modules_are_named() -> None:
    (found,) = faults("my_package.worlds:Rocket-v3")
    assert (
        found.hint == 'Give "Rocket-v3" alone. Whoever runs the server names "my_package.worlds" in '
        'ENVIRONMENT_MODULES.'
    )


def test_where_a_known_package_is_registered_an_id_that_is_not_gets_the_one_that_was_meant() -> None:
    class Registered(Snapshot):
        def entries(self) -> dict[str, Any]:
            return dict(super().entries()) | {
                "MiniGrid-Empty-8x8-v0": {"id": "MiniGrid-Empty-8x8-v0", "kwargs": {}}
            }

    assert hint_of("MiniGrid-Emtpy-8x8-v0", Registered()) == 'Did you mean "MiniGrid-Empty-8x8-v0"?'


def test_what_needs_mujoco_says_how_it_is_installed_older_versions_too() -> None:
    words = 'Whoever runs the server installs "gymnasium[mujoco]"; ENVIRONMENT_MODULES need not name it.'
    assert faults("Ant-v5")[0].hint == words
    assert faults("HalfCheetah-v2")[0].hint == f'Did you mean "HalfCheetah-v5"? {words}'


@pytest.mark.parametrize("name", ["LunarLander-v3", "Acrobot-v1", "Mixed-v0"])
def test_a_limit_of_steps_among_keyword_arguments_points_at_where_it_belongs(name: str) -> None:
    (found,) = faults(name, kwargs={"max_episode_steps": 100})
    assert (found.code, found.hint) == ("UNKNOWN_FIELD", "Steps are limited by `environment.max_steps`.")


def test_an_environment_that_takes_arguments_and_declares_none_says_so() -> None:
    (found,) = faults("Shy-v0", kwargs={"size": 4})
    assert found.code == "UNKNOWN_FIELD"
    assert "no module declares those of this environment in KWARGS" in found.expected
    assert 'The environment takes "size", but no module declares it' in (found.hint or "")
    assert faults("Shy-v0", kwargs={"siez": 4})[0].hint == 'Did you mean "size"?'
    assert "takes none" in faults("Mixed-v0", kwargs={"size": 4})[0].expected


@pytest.mark.parametrize(("wrapper", "words"), [
    ({"type": "frame_stack", "stack_size": 100}, "stacks of observations of at most 100 in all"),
    ({"type": "max_and_skip", "skip": 100}, "repeated steps of at most 100 in all"),
])
def test_wrappers_around_wrappers_are_bounded_before_anything_is_made(
    wrapper: dict[str, Any], words: str
) -> None:
    (one,) = faults("CartPole-v1", wrappers=[wrapper, wrapper])
    assert (one.path, one.code, one.expected, one.given) == (
        ("environment", "wrappers"), FaultCode.LIMIT_EXCEEDED, words, "10000"
    )
