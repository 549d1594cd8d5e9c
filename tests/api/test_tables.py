"""What users see of tables: refusals through every door, and what networks answer row by row."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from api import intake
from database.models import Instance
from processing.core.genomes.graph import Activation
from processing.run import Run
from tests import builders
from tests.api.ask import ask
from tests.api.test_neat import finished_run, packed, run
from tests.core.networks_by_hand import Genome, Link

pytestmark = pytest.mark.django_db

ROWS, TARGETS = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
XOR = {
    "version": 1, "kind": "neat", "name": "xor", "seed": 3, "stop": {"max_generations": 5},
    "environment": {"type": "table", "inputs": ROWS, "targets": TARGETS},
}
ILL_MATCHED = XOR | {
    "environment": {"type": "table", "inputs": [[0, 0], [0], [1, 0]], "targets": [[0], [1]]},
    "replicates": 1_000,
}
WRONG = [["environment", "targets"], ["environment", "inputs", "1"], ["replicates"]]


def test_a_table_whose_rows_do_not_match_is_a_list_of_user_errors(client: Client) -> None:
    submit = "mutation($d:JSON!){submitWorkItem(input:{spec:{document:$d}}){userErrors{code path message}}}"
    validate = "query($d:JSON!){validateWorkItem(spec:{document:$d}){userErrors{code path message}}}"
    for query in (submit, validate):
        (answer,) = ask(client, query, d=ILL_MATCHED).values()
        assert [each["path"][2:] for each in answer["userErrors"]] == WRONG
        assert [each["code"] for each in answer["userErrors"]] == [
            "INCONSISTENT", "INCONSISTENT", "LIMIT_EXCEEDED"
        ]
    assert not Instance.objects.exists()


@pytest.mark.parametrize("intent", ["check", ""])
def test_the_page_tells_them_and_keeps_what_was_typed(client: Client, intent: str) -> None:
    response = client.post("/runs/new", {"document": json.dumps(ILL_MATCHED), "intent": intent})
    page = response.content.decode()
    assert response.status_code == 422
    for part in ("3 things to put right", "environment.inputs[1]", "&quot;xor&quot;"):
        assert part in page


def test_the_command_prints_them_and_ends_with_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "item.json"
    file.write_text(json.dumps(ILL_MATCHED))
    with pytest.raises(SystemExit) as ended:
        call_command("evolve", str(file))
    assert ended.value.code == 2
    assert "environment.inputs[1]: expected 2 numbers" in capsys.readouterr().err


def test_a_champion_is_shown_row_by_row_with_what_it_answers(client: Client) -> None:
    instance = finished_run(XOR | {"strategy": {"population_size": 10}}, 1)
    champion = run(
        client, instance,
        "champion{fitness episodes{return steps terminated trajectory{actions rewards positions}}}"
    )["champion"]
    (episode,) = champion["episodes"]
    answers = [row[0] for row in episode["trajectory"]["actions"]]
    errors = [abs(answer - target) for answer, (target,) in zip(answers, TARGETS, strict=True)]
    assert (episode["steps"], episode["terminated"], episode["trajectory"]["positions"]) == (4, True, [])
    assert episode["trajectory"]["rewards"] == [-error for error in errors]
    assert -math.fsum(error * error for error in errors) / 4 == pytest.approx(champion["fitness"])
    way = json.loads(client.get(f"/runs/{instance.pk}/agent").content)["way"]
    assert ([row[0] for row in way["actions"]], way["targets"]) == (answers, TARGETS)
    assert [columns[0] for columns in way["activity"]] == ROWS


def test_the_units_of_a_network_that_remembers_start_anew_in_every_row(client: Client) -> None:
    links = (Link(0, 3, 1.0), Link(2, 3, 0.0), Link(3, 3, 2.0))
    instance = intake.submit(
        XOR | {"network": {"recurrent": True, "activations": ["tanh"]}}, None, announce=False
    ).instances[0]
    genomes = packed(Genome(links, {4: Activation.TANH}), Genome(links, {}))
    instance = builders.generation(instance, [4.0, 1.0], species=[0, 0], genomes=genomes)
    activity = json.loads(client.get(f"/runs/{instance.pk}/agent").content)["way"]["activity"]
    outputs = [row[1] for row in activity]
    assert outputs[0] == outputs[1] != outputs[2] == outputs[3], "the output follows the first input alone"


def test_other_ways_have_no_targets(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0])
    assert json.loads(client.get(f"/runs/{instance.pk}/agent").content)["way"]["targets"] is None


@pytest.mark.parametrize(("environment", "words"), [
    ({"type": "double_pole"}, "A step of so large a network takes about 0 seconds here"),
    ({"type": "gymnasium", "id": "LunarLander-v3"}, "Episodes in LunarLander-v3 are replayed by workers"),
])
def test_a_life_that_was_too_long_or_elsewhere_is_an_empty_list_and_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch, environment: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr("processing.core.judges.replays.MOST_REPLAY_SECONDS", 0.0)
    instance = intake.submit(XOR | {"environment": environment}, None, announce=False).instances[0]
    plan = Run.load(instance.pk, threads=1).plan
    genomes = plan.genome.pack(plan.genome.random(2, seed=1, generation=0))
    instance = builders.generation(instance, [1.0, 2.0], species=[0, 0], genomes=genomes)
    champion = run(
        client, instance, "champion{name episodes{return steps trajectory{positions}}}"
    )["champion"]
    assert champion == {"name": f"{instance.pk}-0-1", "episodes": []}
    agent = json.loads(client.get(f"/runs/{instance.pk}/agent").content)
    assert (agent["way"], words in agent["silence"]) == (None, True)
