"""The commands as a user types them."""

import json
import socket
from pathlib import Path

import pytest

from tests.integration.server import Server, example, ran

BAD = example("maze-5x5") | {"stop": {"max_generation": 3}}


def test_evolve_prints_one_object_a_replicate_and_nothing_else(tmp_path: Path) -> None:
    document = example("maze-5x5", replicates=2, stop={"max_generations": 3})
    file = tmp_path / "item.json"
    file.write_text(json.dumps(document))
    code, out, _ = ran("evolve", str(file), "--json", "--threads", "1", folder=tmp_path / "data")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["instance"] for line in lines] == [1, 2]
    assert {line["state"] for line in lines} == {"SUCCEEDED"}
    assert set(lines[0]) == {
        "instance", "state", "outcome", "stop_reason", "generations", "evaluations", "best_fitness",
        "champion_fitness", "digest", "reproducible", "seconds",
    }
    assert lines[0]["digest"] != lines[1]["digest"]


CASES = {"ENVIRONMENT_MODULES": "tests.cases.environments"}


def failing(folder: Path) -> str:
    """A file with a work item all of whose agents fail."""
    document = json.loads(Path("tests/cases/all_fail.json").read_text())
    document["environment"]["id"] = "cases/Raises-v0"
    file = folder / "item.json"
    file.write_text(json.dumps(document))
    return str(file)


def test_a_run_that_dies_out_ends_evolve_with_code_1_and_says_why_in_one_line(tmp_path: Path) -> None:
    file = failing(tmp_path)
    code, out, errors = ran("evolve", file, "--json", "--threads", "1", folder=tmp_path / "data", **CASES)
    line = json.loads(out)
    assert (code, line["state"], line["outcome"], line["stop_reason"]) == (
        1, "FAILED", "DIED_OUT", "EXTINCTION"
    ), errors
    (told,) = [
        each for each in errors.splitlines()
        if each.startswith("Run 1 died out. No agent of the last generation")
    ]
    assert "All failed for this reason: step() raised RuntimeError: the simulator is not there" in told


def test_a_solution_is_not_required_of_a_work_item_that_has_no_aim(tmp_path: Path) -> None:
    file = failing(tmp_path)
    code, out, errors = ran("evolve", file, "--json", "--require-solved", folder=tmp_path / "data", **CASES)
    assert (code, out) == (2, ""), errors
    assert "--require-solved" in errors


def test_up_once_says_in_one_line_why_a_run_died_out_and_ends_with_code_1(tmp_path: Path) -> None:
    code, out, errors = ran(
        "up", "--once", "--json", "--port", "0", "--submit", failing(tmp_path),
        folder=tmp_path / "data", **CASES
    )
    assert (code, json.loads(out)["outcome"]) == (1, "DIED_OUT"), errors
    told = [
        each for each in errors.splitlines()
        if "All failed for this reason: step() raised RuntimeError: the" in each
    ]
    assert len(told) == 1
    assert any(each.endswith("evaluations/s  died out") for each in errors.splitlines())


@pytest.mark.parametrize(("fitness", "code"), [(-100.0, 0), (1e6, 4)])
def test_where_a_solution_is_required_evolve_ends_with_code_4_unless_there_is_one(
    tmp_path: Path, fitness: float, code: int
) -> None:
    document = example("maze-5x5", replicates=2, stop={"max_generations": 2, "fitness": fitness})
    file = tmp_path / "item.json"
    file.write_text(json.dumps(document))
    found = ran("evolve", str(file), "--threads", "1", "--require-solved", folder=tmp_path / "data")
    assert found[0] == code, found
    assert (": solved after" if code == 0 else ": not solved after") in found[1]


def test_up_once_ends_with_code_4_where_a_required_solution_is_not_found(tmp_path: Path) -> None:
    file = tmp_path / "item.json"
    file.write_text(json.dumps(example("maze-5x5", stop={"max_generations": 2, "fitness": 1e6})))
    arguments = ("up", "--json", "--port", "0", "--submit", str(file), "--require-solved")
    code, _, errors = ran(*arguments, folder=tmp_path / "data")
    assert (code, errors.strip()) == (2, "--require-solved needs --once.")
    code, out, errors = ran(*arguments, "--once", folder=tmp_path / "data")
    assert (code, json.loads(out)["outcome"]) == (4, "LIMIT_REACHED"), errors
    assert_warned(out, errors)


def test_what_was_probably_not_meant_is_one_line_on_stderr_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "item.json"
    file.write_text(json.dumps(example("maze-5x5", stop={"max_generations": 2, "fitness": 1e6})))
    code, out, errors = ran("evolve", "--json", str(file), folder=tmp_path / "data")
    assert code == 0
    assert_warned(out, errors)


def assert_warned(out: str, errors: str) -> None:
    """A fitness that nobody reaches was told in one line, before the run began."""
    assert len(out.splitlines()) == 1, "standard output is for programs"
    lines = [line for line in errors.splitlines() if line.strip()]
    (warning,) = [line for line in lines if line.startswith("warning: stop.fitness: expected at most ")]
    assert lines.index(warning) < next(place for place, line in enumerate(lines) if line.startswith("run 1"))


@pytest.mark.parametrize("text", [b"{", json.dumps(BAD).encode()])
def test_bad_input_ends_evolve_with_code_2_and_every_fault(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "item.json"
    file.write_bytes(text)
    code, out, errors = ran("evolve", str(file), "--json", folder=tmp_path / "data")
    assert (code, out) == (2, "")
    assert "Traceback" not in errors
    assert errors.strip()


def test_up_once_runs_an_example_and_ends_with_code_0(tmp_path: Path) -> None:
    code, out, errors = ran(
        "up", "--once", "--json", "--port", "0", "--submit", "examples/maze-5x5.json",
        folder=tmp_path / "data"
    )
    assert code == 0, errors
    assert json.loads(out)["state"] == "SUCCEEDED"


def test_up_draws_the_champions_path_and_says_where_to_look(tmp_path: Path) -> None:
    code, out, errors = ran(
        "up", "--once", "--port", "0", "--submit", "examples/maze-5x5.json", folder=tmp_path / "data"
    )
    assert code == 0, errors
    for part in ("/graphql", "/login/", "/runs/1", "Champion 1-", "█"):
        assert part in out


def test_up_once_with_bad_input_ends_with_code_2(tmp_path: Path) -> None:
    file = tmp_path / "item.json"
    file.write_text(json.dumps(BAD))
    code, _, errors = ran("up", "--once", "--submit", str(file), folder=tmp_path / "data")
    assert code == 2
    assert "max_generations" in errors


@pytest.mark.parametrize("arguments", [
    ("up", "--port", "70000"), ("evolve", "examples/maze-5x5.json", "--threads", "-3"),
])
def test_arguments_that_mean_nothing_are_bad_input(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = ran(*arguments, folder=tmp_path / "data")
    assert code == 2
    assert "expected" in errors
    assert "Traceback" not in errors


def test_an_occupied_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, errors = ran("up", "--port", str(taken.getsockname()[1]), folder=tmp_path / "data")
    assert code == 3
    assert errors.strip().count("\n") == 0
    assert "in use" in errors


def test_a_folder_that_cannot_be_written_is_one_clear_line() -> None:
    code, _, errors = ran("up", "--port", "0", folder=Path("/proc/evolution"))
    assert code == 3
    assert errors.strip().count("\n") == 0
    assert "cannot be written" in errors


def test_a_second_server_in_the_same_folder_is_one_clear_line(shared: Server) -> None:
    code, _, errors = ran("up", "--port", "0", folder=shared.folder)
    assert code == 3
    assert errors.strip().count("\n") == 0
    assert "Another server" in errors
