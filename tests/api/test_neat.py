"""What users see of runs whose networks grow: genes, species, lineage, drawings and files."""

import json
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api import intake
from api.dashboard.query import QUERY
from api.embedded.follow import drawn_champion
from api.ids import global_id
from database import services
from database.models import Instance
from processing.core.genomes import graphs
from processing.core.genomes.graph import Activation
from processing.core.search.generation import begin, close_generation, open_generation
from processing.core.search.plan import plan_of
from processing.core.types import Operator
from processing.events import events_of
from processing.record import record_of
from processing.run import Run
from tests import builders
from tests.api.ask import ask, refusal
from tests.core.networks_by_hand import Genome, Link, graphs_of

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "version": 1, "kind": "neat", "name": "growing", "seed": 5,
    "environment": {"type": "maze", "rows": ["S.#", "...", "#.G"], "max_steps": 12},
    "network": {"activations": ["tanh", "relu"]}, "stop": {"max_generations": 50},
}
TABLE = {"type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]}
BIAS, FIRST_OUTPUT, FIRST_HIDDEN = 24, 25, 34
INITIAL = tuple(Link(s, t, 0.01 * s) for t in range(FIRST_OUTPUT, FIRST_HIDDEN) for s in range(FIRST_OUTPUT))
SPLIT = (
    Link(0, FIRST_OUTPUT, 0.0, enabled=False), *INITIAL[1:], Link(0, FIRST_HIDDEN, 1.0),
    Link(FIRST_HIDDEN, FIRST_OUTPUT, 2.5),
)


def packed(*genomes: Genome) -> bytes:
    return graphs.pack(graphs_of(list(genomes)))


@pytest.fixture
def grown() -> Instance:
    """A run of three generations of two agents: the champion's grandparent is initial, its parent has a new
    node.
    """
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    initial, split = Genome(INITIAL, {}), Genome(SPLIT, {FIRST_HIDDEN: Activation.TANH})
    moved = Genome((*SPLIT[:-1], Link(FIRST_HIDDEN, FIRST_OUTPUT, 3.0)), split.hidden)
    crossed, mutated = int(Operator.CROSSOVER_MUTATION), int(Operator.MUTATION)
    instance = builders.generation(
        instance, [1.0, 0.5], species=[0, 0], genomes=packed(initial, initial), kept=[0, 1]
    )
    instance = builders.generation(
        instance, [1.5, 2.0], mothers=[0, 0], fathers=[1, -1], operators=[crossed, mutated], species=[0, 1],
        genomes=packed(initial, split), kept=[0, 1],
    )
    return builders.generation(
        instance, [3.0, None], mothers=[1, 0], fathers=[0, -1], operators=[crossed, mutated], species=[1, 1],
        genomes=packed(moved, initial), kept=[0, 1],
    )


def run(client: Client, instance: Instance, fields: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(
        client, f"{{ instance(by: {{number: {instance.pk}}}) {{ {fields} }} }}", **variables
    )["instance"]
    return found


def finished_run(document: dict[str, Any], generations: int) -> Instance:
    """A run with so many generations, evaluated by its judge and stored as workers do."""
    instance = intake.submit(document, None, announce=False).instances[0]
    work = Run.load(instance.pk, threads=1)
    checkpoint = begin(work.plan)
    for number in range(generations):
        population = open_generation(work.plan, checkpoint, seed=instance.seed)
        evaluations = work.plan.judge.evaluate(
            population.genomes, seed=instance.seed, generation=number, first=0, last=len(population),
            state=checkpoint.judge
        )
        closed = close_generation(work.plan, checkpoint, population, evaluations, seed=instance.seed)
        record = record_of(work, closed, seconds=1.0, started_at=services.database_now())
        claim = services.claim(instance_id=instance.pk, worker="test", lease_seconds=600)
        assert claim is not None
        with services.fenced(claim, lease_seconds=600) as row:
            services.record_generation(instance=row, generation=record, keep_every=1)
            services.finish_commit(instance=row, events=events_of(closed))
        services.release(claim=claim)
        checkpoint = closed.checkpoint
    return Instance.objects.select_related("work_item").get(pk=instance.pk)


def test_an_evaluated_run_has_species_ancestors_and_a_network_to_export(client: Client) -> None:
    strategy = {"type": "neat", "population_size": 40, "compatibility_threshold": 0.5}
    instance = finished_run(DOCUMENT | {"environment": TABLE, "strategy": strategy, "network": {}}, 6)
    answer = run(
        client, instance,
        "species{number size} generations{nodes{number species{size species{number}} statistics{speciesCount "
        "size}}} lineage{truncated agents{name} line{mutations{weightsChanged nodesAdded}}} "
        "champion{species{number} exports{url}}",
    )
    assert len(answer["species"]) > 1
    for each in answer["generations"]["nodes"]:
        sizes = [row["size"] for row in each["species"]]
        assert (sum(sizes), len(sizes)) == (each["statistics"]["size"], each["statistics"]["speciesCount"])
    assert answer["lineage"]["truncated"] is False
    assert len(answer["lineage"]["agents"]) > len(answer["lineage"]["line"]) >= 1
    assert all(step["mutations"] is not None for step in answer["lineage"]["line"])
    assert answer["champion"]["species"]["number"] in [each["number"] for each in answer["species"]]
    assert all(client.get(each["url"]).status_code == 200 for each in answer["champion"]["exports"])


# Genomes and drawings


def test_a_genome_tells_its_nodes_and_connections(client: Client, grown: Instance) -> None:
    genome = run(
        client, grown,
        "champion{genome{__typename parameterCount ... on NeatGenome{nodeGenes{number role activation bias}"
        " connectionGenes{innovation from to weight enabled recurrent}}}}",
    )["champion"]["genome"]
    assert (genome["__typename"], genome["parameterCount"]) == ("NeatGenome", 25 * 9 - 1 + 2)
    roles = [node["role"] for node in genome["nodeGenes"]]
    assert [roles.count(role) for role in ("INPUT", "BIAS", "OUTPUT", "HIDDEN")] == [24, 1, 9, 1]
    assert genome["nodeGenes"][-1] == {
        "number": FIRST_HIDDEN, "role": "HIDDEN", "activation": "tanh", "bias": 0.0
    }
    assert genome["nodeGenes"][25] == {
        "number": 25, "role": "OUTPUT", "activation": "steep_sigmoid", "bias": pytest.approx(0.24),
    }
    genes = genome["connectionGenes"]
    assert genes[0] == {
        "innovation": 0, "from": 0, "to": 25, "weight": 0.0, "enabled": False, "recurrent": False
    }
    assert genes[-1] == {
        "innovation": 226, "from": 34, "to": 25, "weight": 3.0, "enabled": True, "recurrent": False
    }


def test_a_grown_network_is_drawn_with_its_disabled_genes(client: Client, grown: Instance) -> None:
    network = run(
        client, grown,
        "champion{genome{network{level depth svg nodes{id role layer} edges{from to enabled recurrent via}}}}"
    )["champion"]["genome"]["network"]
    assert (network["level"], network["depth"], len(network["nodes"])) == ("NEURON", 2, 35)
    (hidden,) = [node for node in network["nodes"] if node["role"] == "HIDDEN"]
    assert (hidden["id"], hidden["layer"]) == ("34", 1)
    assert [(edge["from"], edge["to"]) for edge in network["edges"] if not edge["enabled"]] == [("0", "25")]
    root = ElementTree.fromstring(network["svg"])
    assert len(root.findall(".//*[@class='disabled']")) == 1


# Species


def test_species_tell_their_lives(client: Client, grown: Instance) -> None:
    answer = run(
        client, grown,
        "species(first:50){id number bornIn extinctIn size bestFitness champion{name} instance{number}"
        " history(maxPoints:50){generation size bestFitness champion{name}}}"
        " alive:species(alive:true){number} gone:species(alive:false){number} later:species(after:0){number}",
    )
    first, second = answer["species"]
    assert (first["number"], first["bornIn"], first["extinctIn"], first["bestFitness"]) == (0, 0, 2, 1.5)
    assert (second["number"], second["bornIn"], second["extinctIn"], second["size"]) == (1, 1, None, 2)
    assert second["champion"] == {"name": f"{grown.pk}-2-0"}
    assert [row["generation"] for row in first["history"]] == [0, 1]
    assert second["history"][0] == {
        "generation": 1, "size": 1, "bestFitness": 2.0, "champion": {"name": f"{grown.pk}-1-1"}
    }
    assert [
        [each["number"] for each in answer[name]] for name in ("alive", "gone", "later")
    ] == [[1], [0], [1]]


def test_a_generation_tells_its_species_and_how_many(client: Client, grown: Instance) -> None:
    answer = run(
        client, grown,
        "generations{nodes{number species{size offspring meanFitness generationsSinceImprovement "
        "species{number}} statistics{speciesCount}}} statistics{speciesCount}",
    )
    sizes = [
        [(row["species"]["number"], row["size"]) for row in each["species"]]
        for each in answer["generations"]["nodes"]
    ]
    assert sizes == [[(0, 2)], [(0, 1), (1, 1)], [(1, 2)]]
    assert [row["speciesCount"] for row in answer["statistics"]] == [1, 2, 1]


def test_agents_tell_their_species_and_are_found_by_it(client: Client, grown: Instance) -> None:
    second = global_id("Species", grown.pk, 1)
    answer = run(
        client, grown,
        f'agents(filter:{{speciesId:"{second}"}}){{totalCount nodes{{name species{{number}}}}}}'
    )
    assert answer["agents"]["totalCount"] == 3
    assert [agent["name"] for agent in answer["agents"]["nodes"]] == [
        f"{grown.pk}-{place}" for place in ("1-1", "2-0", "2-1")
    ]
    assert {agent["species"]["number"] for agent in answer["agents"]["nodes"]} == {1}
    node = ask(
        client, "query($id:ID!){node(id:$id){__typename id ... on Species{number}}}", id=second
    )["node"]
    assert node == {"__typename": "Species", "id": second, "number": 1}


def test_a_species_of_another_run_is_refused_and_another_id_too(client: Client, grown: Instance) -> None:
    query = "query($id:ID!){instance(by:{number:NUMBER}){agents(filter:{speciesId:$id}){nodes{name}}}}"
    query = query.replace("NUMBER", str(grown.pk))
    error = refusal(client, query, id=global_id("Species", grown.pk + 1, 0))
    assert (
        "expected an ID of something of run" in error["message"], error["extensions"]["code"]
    ) == (True, "INCONSISTENT")
    assert "expected an ID of the type Species" in refusal(
        client, query, id=global_id("Agent", grown.pk, 0, 0)
    )["message"]


def test_a_run_without_species_has_null_and_dense_genomes_are_as_ever(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0])
    answer = run(
        client, instance,
        "species{number} generation(number:0){species{size} statistics{speciesCount}} "
        "champion{species{number} genome{__typename parameterCount ... on WeightGenome{weights}}}",
    )
    assert (answer["species"], answer["generation"]) == (
        None, {"species": None, "statistics": {"speciesCount": None}}
    )
    assert answer["champion"]["species"] is None
    assert answer["champion"]["genome"]["__typename"] == "WeightGenome"


def test_pages_of_agents_species_and_generations_take_as_many_statements_however_long(client: Client) -> None:
    query = (
        "generations(first:20){nodes{number species{size species{number champion{name}} champion{name}}"
        "}} agents(first:40){nodes{name species{number bornIn history(maxPoints:5){size}}}}"
        " species(first:20){number champion{name} history(maxPoints:50){size champion{fitness}}}"
    )

    def statements(generations: int) -> int:
        instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
        genomes = packed(Genome(INITIAL, {}), Genome(INITIAL, {}))
        for number in range(generations):
            instance = builders.generation(
                instance, [1.0, 2.0], species=[number // 2, number], genomes=genomes
            )
        with CaptureQueriesContext(connection) as queries:
            run(client, instance, query)
        return len(queries)

    assert statements(3) == statements(12) <= 18


# Lineage


def test_the_line_of_the_champion_tells_operators_fitness_and_what_changed(
    client: Client, grown: Instance
) -> None:
    lineage = run(
        client, grown,
        "lineage{root{name} truncated agents{name} edges{parentId childId origin} line{parent{name} "
        "agent{name} origin operator fitnessBefore fitnessAfter fitnessChange mutations{nodesAdded "
        "nodesRemoved weightsChanged largestChange linksAdded{innovation from to} linksRemoved{innovation} "
        "linksEnabled{innovation} linksDisabled{innovation}}}}",
    )["lineage"]
    name = f"{grown.pk}-"
    assert (lineage["root"]["name"], lineage["truncated"]) == (f"{name}2-0", False)
    assert [agent["name"] for agent in lineage["agents"]] == [
        f"{name}{each}" for each in ("0-0", "0-1", "1-0", "1-1", "2-0")
    ]
    first, second = lineage["line"]
    assert (first["parent"]["name"], first["agent"]["name"], first["origin"]) == (
        f"{name}0-0", f"{name}1-1", "MUTATION"
    )
    assert (first["fitnessBefore"], first["fitnessAfter"], first["fitnessChange"]) == (1.0, 2.0, 1.0)
    assert first["mutations"] == {
        "nodesAdded": [34], "nodesRemoved": [], "weightsChanged": 0, "largestChange": None,
        "linksAdded": [{"innovation": 225, "from": 0, "to": 34}, {"innovation": 226, "from": 34, "to": 25}],
        "linksRemoved": [], "linksEnabled": [], "linksDisabled": [{"innovation": 0}],
    }
    assert (second["parent"]["name"], second["operator"]) == (f"{name}1-1", "crossover, then mutation")
    assert (second["mutations"]["weightsChanged"], second["mutations"]["largestChange"]) == (1, 0.5)
    births = {(edge["parentId"], edge["childId"]) for edge in lineage["edges"]}
    ids = {place: global_id("Agent", grown.pk, *place) for place in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))}
    assert births == {
        (ids[0, 0], ids[1, 0]), (ids[0, 1], ids[1, 0]), (ids[0, 0], ids[1, 1]), (ids[1, 1], ids[2, 0]),
        (ids[1, 0], ids[2, 0]),
    }


def test_a_lineage_is_of_the_agent_named_and_as_deep_as_asked(client: Client, grown: Instance) -> None:
    agent = global_id("Agent", grown.pk, 2, 1)
    answer = run(
        client, grown, f'lineage(agentId:"{agent}",maxDepth:1){{truncated root{{name}} agents{{name}}}}'
    )["lineage"]
    assert answer == {
        "truncated": True, "root": {"name": f"{grown.pk}-2-1"},
        "agents": [{"name": f"{grown.pk}-1-0"}, {"name": f"{grown.pk}-2-1"}],
    }
    later = global_id("Agent", grown.pk, 9, 1)
    assert run(client, grown, f'lineage(agentId:"{later}"){{truncated}}')["lineage"] is None
    assert run(client, builders.run(), "lineage{truncated}")["lineage"] is None


@pytest.mark.parametrize(("argument", "code"), [
    ("maxDepth:-5", "OUT_OF_RANGE"), ("maxDepth:1001", "OUT_OF_RANGE"), ('agentId:"OTHER"', "INCONSISTENT"),
])
def test_a_lineage_of_another_run_or_of_no_depth_is_refused(
    client: Client, grown: Instance, argument: str, code: str
) -> None:
    argument = argument.replace("OTHER", global_id("Agent", grown.pk + 1, 2, 1))
    error = refusal(client, f"{{instance(by:{{number:{grown.pk}}}){{lineage({argument}){{truncated}}}}}}")
    assert error["extensions"]["code"] == code


def test_a_run_that_has_not_begun_has_no_species_yet(client: Client) -> None:
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    assert run(client, instance, "species{number}")["species"] == []


def test_what_changed_is_null_where_a_genome_is_not_kept(client: Client) -> None:
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    genomes = packed(Genome(INITIAL, {}), Genome(INITIAL, {}))
    for fitness in ([1.0, 0.0], [0.0, 2.0], [3.0, 0.0]):
        mothers = [1, 1] if instance.next_generation else None
        instance = builders.generation(
            instance, fitness, mothers=mothers, species=[0, 0], genomes=genomes, keep_every=0
        )
    line = run(client, instance, "lineage{line{mutations{weightsChanged}}}")["lineage"]["line"]
    assert [step["mutations"] for step in line] == [None, {"weightsChanged": 0}]


def test_a_lineage_takes_a_bounded_number_of_statements(client: Client) -> None:
    def statements(generations: int) -> int:
        instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
        genomes = packed(Genome(INITIAL, {}), Genome(INITIAL, {}))
        for number in range(generations):
            mothers = [1, 0] if number else None
            instance = builders.generation(
                instance, [1.0 + number, 2.0 + number], mothers=mothers, species=[0, 0], genomes=genomes,
                kept=[0, 1],
            )
        with CaptureQueriesContext(connection) as queries:
            run(
                client, instance,
                "lineage{agents{name species{number}} line{agent{name} mutations{weightsChanged}}}"
            )
        return len(queries)

    assert statements(3) == statements(12)


@pytest.mark.parametrize("query", [
    "lineage(maxDepth:100){agents{genome{network{svg}}}}",
    "lineage(maxDepth:1000){line{agent{genome{network{svg}}}}}",
    "species(first:100){history(maxPoints:2000){champion{genome{network{svg}}}}}",
    "generations(first:100){nodes{species{champion{genome{network{svg}}}}}}",
    "agents(first:100){nodes{species{history{champion{name parents{name}}}}}}",
])
def test_a_query_for_too_many_ancestors_or_species_is_refused_at_once(
    client: Client, grown: Instance, query: str
) -> None:
    begun = time.process_time()
    error = refusal(client, f"{{instance(by:{{number:{grown.pk}}}){{{query}}}}}")
    assert (error["extensions"]["code"], time.process_time() - begun < 3.0) == ("LIMIT_EXCEEDED", True)


# Files


def test_a_network_can_be_downloaded_and_answers_in_onnxruntime(client: Client, grown: Instance) -> None:
    exports = {
        each["format"]: each["url"]
        for each in run(client, grown, "champion{exports{format url}}")["champion"]["exports"]
    }
    model = client.get(exports["ONNX"])
    assert (model.status_code, model["Content-Disposition"]) == (
        200, f'attachment; filename="{grown.pk}-2-0.onnx"'
    )
    session = onnxruntime.InferenceSession(model.content, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {"observation": np.ones((3, 24), np.float32)})
    assert outputs.shape == (3, 9)
    document = json.loads(client.get(exports["JSON"]).content)
    assert (document["name"], document["inputs"], len(document["nodes"]), document["outputs"]) == (
        f"{grown.pk}-2-0", 24, 10, list(range(25, 34)),
    )
    assert document["fitness"] == 3.0


@pytest.mark.parametrize(
    "address", ["rubbish/network.onnx", "AGENT/network.exe", "GONE/network.json", "RUN/network.json"]
)
def test_what_is_not_there_cannot_be_downloaded(client: Client, grown: Instance, address: str) -> None:
    ids = {
        "AGENT": ("Agent", grown.pk, 2, 0), "GONE": ("Agent", grown.pk, 7, 0), "RUN": ("Instance", grown.pk)
    }
    for name, (type, *numbers) in ids.items():
        address = address.replace(name, global_id(type, *numbers))  # type: ignore[arg-type]
    assert client.get(f"/agents/{address}").status_code == 404


def test_a_network_whose_genome_is_gone_has_no_files(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0], keep_every=0)
    builders.generation(instance, [1.0, 2.0], keep_every=0)
    agent = global_id("Agent", instance.pk, 0, 0)
    assert ask(
        client, "query($id:ID!){node(id:$id){... on Agent{exports{url}}}}", id=agent
    )["node"] == {"exports": []}
    answer = client.get(f"/agents/{agent}/network.json", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "not kept" in answer.content.decode()


def test_whoever_may_not_look_may_not_download(client: Client, grown: Instance, settings: Any) -> None:
    settings.CLOSED = True
    assert client.get(f"/agents/{global_id('Agent', grown.pk, 2, 0)}/network.onnx").status_code in (302, 403)


def test_the_command_writes_the_champions_network_or_anothers(
    grown: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("export", str(grown.pk))
    call_command("export", str(grown.pk), "--agent", "1-0", "--format", "onnx", "--output", "other.onnx")
    assert json.loads((tmp_path / f"{grown.pk}-2-0.json").read_text())["name"] == f"{grown.pk}-2-0"
    onnxruntime.InferenceSession((tmp_path / "other.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    assert "other.onnx: " in capsys.readouterr().out
    for arguments in (
        ["999"], [str(grown.pk), "--agent", "9-9"], [str(grown.pk), "--output", "/no/such/folder/x"]
    ):
        with pytest.raises(SystemExit) as ended:
            call_command("export", *arguments)
        assert ended.value.code == 2


# Pages


def test_the_page_of_a_run_that_grows_networks_shows_species_and_files(
    client: Client, grown: Instance
) -> None:
    page = client.get(f"/runs/{grown.pk}").content.decode()
    assert 'id="species"' in page
    assert json.loads(client.get(f"/runs/{grown.pk}/species").content) == {
        "generation": [0, 1, 2], "others": [0, 0, 0], "alive": 1,
        "species": [{"number": 0, "sizes": [2, 1, 0]}, {"number": 1, "sizes": [0, 1, 2]}],
    }
    agent = json.loads(client.get(f"/runs/{grown.pk}/agent").content)
    assert client.get(agent["exports"]["JSON"]).status_code == 200
    assert agent["units"]["outputs"] == [str(number) for number in range(25, 34)]
    widths = [len(column) for column in agent["way"]["activity"][0]]
    assert widths == [len(each) for each in agent["units"]["columns"]] == [24, 10]


def test_a_task_without_a_map_has_a_page_a_query_and_a_word_in_the_terminal(client: Client) -> None:
    instance = intake.submit(DOCUMENT | {"environment": TABLE}, None, announce=False).instances[0]
    links = (Link(0, 3, 1.0), Link(1, 3, 1.0), Link(2, 3, -0.5), Link(0, 4, 2.0), Link(4, 3, -3.0))
    genomes = packed(Genome(links, {4: Activation.TANH}), Genome(links[:3], {}))
    instance = builders.generation(instance, [9.0, 4.0], species=[0, 0], genomes=genomes)
    page = client.get(f"/runs/{instance.pk}").content.decode()
    assert "Answers and targets, row by row" in page
    assert '<script id="maze-rows" type="application/json">null</script>' in page
    agent = json.loads(client.get(f"/runs/{instance.pk}/agent").content)
    assert (len(agent["way"]["actions"]), agent["network"].startswith("<svg")) == (4, True)
    (episode,) = ask(client, QUERY.replace("NUMBER", str(instance.pk)))["instance"]["champion"]["episodes"]
    assert (episode["steps"], episode["trajectory"]) == (4, {"positions": []})
    assert drawn_champion(instance, colour=False) == (
        f"Champion {instance.pk}-0-0: fitness 9, a network of 1 hidden node and 5 links; it is drawn on the "
        "run's page."
    )


def test_the_page_of_a_run_without_species_has_no_chart_of_them(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, 2.0])
    assert 'id="species"' not in client.get(f"/runs/{instance.pk}").content.decode()


def test_the_terminal_draws_the_way_of_a_network_that_grew() -> None:
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    diagonal = (*INITIAL[:-1], Link(BIAS, FIRST_HIDDEN, 1.0), Link(FIRST_HIDDEN, FIRST_OUTPUT + 8, 9.0))
    genomes = packed(Genome(diagonal, {FIRST_HIDDEN: Activation.TANH}), Genome(INITIAL, {}))
    instance = builders.generation(instance, [3.15, 0.0], species=[0, 0], genomes=genomes)
    told = drawn_champion(instance, colour=False)
    assert told is not None
    head, *rows = told.split("\n")
    assert head == f"Champion {instance.pk}-0-0: fitness 3.15, 1 of 1 goals in 2 steps"
    assert [row.split() for row in rows if row] == [["S", "·", "█"], ["·", "↘", "·"], ["█", "·", "G"]]


def test_a_failed_agent_has_a_species_and_a_genome_too(client: Client, grown: Instance) -> None:
    nodes = run(
        client, grown, "agents{nodes{fitness species{bestFitness} genome{parameterCount}}}"
    )["agents"]["nodes"]
    assert (nodes[-1]["fitness"], nodes[-1]["species"]["bestFitness"]) == (None, 3.0)
    assert plan_of(grown.work_item.spec).genome.first_hidden == FIRST_HIDDEN
