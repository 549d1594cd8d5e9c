"""The queries of the README are answered as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from database.models import Instance
from processing.run import staged_and_plan
from tests import builders
from tests.api.ask import ask, post

pytestmark = pytest.mark.django_db

ROOM = Path(__file__).parents[2]
README = (ROOM / "README.md").read_text("utf-8")
SUBMIT, FIRST = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)
INLINE = re.findall(r"`(\{ .*? \})`", README)
EXAMPLES = sorted((ROOM / "examples").glob("*.json"))
DOCUMENTS = {path.stem: path.read_text("utf-8") for path in EXAMPLES if path.stem != "work-item.schema"}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_first_query_is_answered_for_every_example(client: Client, name: str) -> None:
    answer = ask(client, SUBMIT, document=json.loads(DOCUMENTS[name]) | {"replicates": 1})["submitWorkItem"]
    assert answer["userErrors"] == []
    instance = Instance.objects.get(pk=answer["instances"][0]["number"])
    genome = staged_and_plan(instance)[1].genome
    genomes = genome.pack(genome.random(2, seed=1, generation=0))
    species = [0, 0] if instance.work_item.kind == "neat" else None
    builders.generation(instance, [1.0, 2.0], species=species, genomes=genomes)
    found: dict[str, Any] = ask(client, FIRST.replace("number: 1", f"number: {instance.pk}"))["instance"]
    assert found["champion"]["name"] == f"{instance.pk}-0-1"


def test_queries_within_lines_are_answered_too(client: Client) -> None:
    assert len(INLINE) == 1
    (found,) = [each for each in ask(client, INLINE[0])["environments"] if each["name"] == "LunarLander-v3"]
    assert {"name": "enable_wind", "range": "true or false"} in found["keywordArguments"]


def test_every_document_of_the_readme_is_taken(client: Client) -> None:
    validate = "query($d:JSON!){validateWorkItem(spec:{document:$d}){valid userErrors{message}}}"
    for text in re.findall(r"```json\n(.*?)```", README, re.DOTALL):
        answer = json.loads(post(client, {"query": validate, "variables": {"d": json.loads(text)}}).content)
        assert answer["data"]["validateWorkItem"] == {"valid": True, "userErrors": []}


@pytest.mark.any_database
def test_the_kind_of_work_that_the_readme_adds_is_evolved(tmp_path: Path) -> None:
    (module,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    ((document, command),) = re.findall(
        r"```console\n\$ echo '(.*?)' > valley\.json\n\$ EXTENSION_MODULES=valley \S+python (.*?)\n",
        README, re.DOTALL,
    )
    (tmp_path / "valley.py").write_text(module)
    (tmp_path / "valley.json").write_text(document)
    variables = {
        "EXTENSION_MODULES": "valley", "PYTHONPATH": str(tmp_path), "DATABASE_URL": "",
        "DATA_FOLDER": str(tmp_path / "data"),
    }
    arguments = command.replace("valley.json", str(tmp_path / "valley.json")).split()
    evolved = subprocess.run(
        [sys.executable, *arguments, "--json"], cwd=ROOM, env=os.environ | variables, capture_output=True,
        text=True, check=False,
    )
    assert evolved.returncode == 0, evolved.stderr
    assert json.loads(evolved.stdout)["stop_reason"] == "FITNESS_REACHED"
    assert len(module.splitlines()) <= 40
