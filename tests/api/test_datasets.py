"""`manage.py dataset`: the image data sets of this machine, as somebody at a terminal meets them."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from PIL import Image

from tests.api.ask import ask

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dataset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("DATASETS_FOLDER", str(tmp_path / "data" / "datasets"))

    def run(*arguments: str) -> tuple[int, str, str]:
        """Run the command; return its exit code and what it printed and complained of."""
        code = 0
        try:
            call_command("dataset", *arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


def test_a_data_set_is_added_shown_and_removed(dataset: Run, tmp_path: Path) -> None:
    code, out, _ = dataset("add", "mine", "shapes", "--size", "8", "--number", "120", "--licence", "CC0")
    assert (code, out) == (0, "mine: 8 x 8 x 3, 6 classes, 102 train, 18 test\n")
    _, listed, _ = dataset("list")
    assert out in listed
    lines = [json.loads(line) for line in dataset("list", "--json")[1].splitlines()]
    assert [each["licence"] for each in lines if each["name"] == "mine"] == ["CC0"]
    sheet = tmp_path / "sheet.png"
    code, shown, _ = dataset("show", "mine", "--verify", "--sheet", str(sheet))
    assert code == 0
    assert "class 0   circle: 17 train, 3 test" in shown
    assert "as they were prepared" in shown
    assert Image.open(io.BytesIO(sheet.read_bytes())).size == (12 * 34 - 2, 6 * 34 - 2)
    assert dataset("remove", "mine")[:2] == (0, "mine: removed\n")
    assert "mine" not in dataset("list")[1]


def test_faults_are_told_a_line_each_with_what_to_do(dataset: Run) -> None:
    dataset("add", "mine", "shapes", "--number", "60")
    code, _, told = dataset("add", "mine", "shapes")
    assert (code, told) == (2, "mine is in use; choose another name, or remove that data set first.\n")
    code, _, told = dataset("add", "other", "shapes", "--size", "1", "--number", "2")
    assert (code, len(told.splitlines())) == (2, 2)


def test_what_is_not_there_is_a_sentence(dataset: Run) -> None:
    for what in ("show", "remove"):
        code, _, told = dataset(what, "nothing")
        assert code == 2
        assert "There is no data set 'nothing'" in told


def test_a_sheet_that_cannot_be_written_is_a_sentence(dataset: Run) -> None:
    assert dataset("show", "digits", "--sheet", "/nowhere/sheet.png") == (
        2, "", "/nowhere/sheet.png: No such file or directory\n"
    )


def test_the_data_sets_of_every_installation_are_not_removed(dataset: Run) -> None:
    assert dataset("remove", "digits")[0] == 2
    assert "digits: 8 x 8 x 1, 10 classes, 1,077 train, 360 validation, 360 test" in dataset("list")[1]


def test_changed_files_are_told(dataset: Run, tmp_path: Path) -> None:
    dataset("add", "mine", "shapes", "--number", "60")
    images = tmp_path / "data" / "datasets" / "mine" / "train-images.npy"
    data = bytearray(images.read_bytes())
    data[-1] ^= 1
    images.write_bytes(bytes(data))
    code, _, told = dataset("show", "mine", "--verify")
    assert code == 2
    assert "its files were changed" in told


QUERY = """{ datasets {
  name channels rows columns classes origin licence sha256 contactSheet splits { name size counts }
} }"""


@pytest.mark.django_db
def test_the_api_shows_the_data_sets_that_can_be_used(dataset: Run, client: Client, tmp_path: Path) -> None:
    dataset("add", "mine", "shapes", "--size", "8", "--number", "60", "--licence", "CC0")
    dataset("add", "broken", "shapes", "--number", "60")
    (tmp_path / "data" / "datasets" / "broken" / "train-images.npy").write_bytes(b"nothing")
    found = {each["name"]: each for each in ask(client, QUERY)["datasets"]}
    assert list(found) == ["digits", "mine", "shapes"]
    mine = found["mine"]
    assert (mine["channels"], mine["rows"], mine["columns"], mine["licence"]) == (3, 8, 8, "CC0")
    assert mine["splits"][1] == {"name": "test", "size": 9, "counts": [2, 2, 2, 1, 1, 1]}
    picture = base64.b64decode(found["digits"]["contactSheet"].removeprefix("data:image/png;base64,"))
    assert Image.open(io.BytesIO(picture)).size == (12 * 34 - 2, 10 * 34 - 2)


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_to_hides_only_what_would_have_to_be_drawn(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setenv("DATASETS_FOLDER", "/proc/nothing")
    assert [each["name"] for each in ask(client, "{ datasets { name } }")["datasets"]] == ["digits"]
