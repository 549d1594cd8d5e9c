"""Budgets of one request: genomes, histories and episodes are read within bounds and in few statements."""

import json
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api import intake
from api.graphql import budgets, loaders
from api.ids import global_id
from database import services
from database.models import CheckpointPart, Generation, Instance, Species, SpeciesSnapshot, WorkItem
from processing.core.genomes import graphs
from processing.core.judges.replays import MOST_REPLAY_SECONDS, MOST_REPLAY_STEPS
from processing.run import Run
from tests import builders
from tests.api.ask import ask, refusal
from tests.api.test_neat import DOCUMENT, run

pytestmark = pytest.mark.django_db

HISTORY = "generation size bestFitness meanFitness adjustedFitness offspring"


def table(inputs: int, outputs: int) -> dict[str, Any]:
    environment = {"type": "table", "inputs": [[0.5] * inputs] * 2, "targets": [[0.5] * outputs] * 2}
    return DOCUMENT | {"environment": environment, "network": {}, "strategy": {"population_size": 4}}


def with_agents(
    document: dict[str, Any], agents: int, *, generations: int = 1, kept: bool = True
) -> Instance:
    """A run whose agents have first genomes, kept as rows or in the checkpoints only."""
    instance = intake.submit(document, None, announce=False).instances[0]
    genomes = Run.load(instance.pk, threads=1).plan.genome.random(agents, seed=1, generation=0)
    for number in range(generations):
        instance = builders.generation(
            instance, [1.0 + number] * agents, mothers=[0] * agents if number else None, species=[0] * agents,
            genomes=graphs.pack(genomes), kept=range(agents) if kept else [], keep_every=1,
        )
    return instance


def with_species(generations: int, species: int) -> Instance:
    """A run of which every generation had all these species."""
    instance = intake.submit(DOCUMENT, None, announce=False).instances[0]
    Species.objects.bulk_create(
        Species(instance=instance, number=number, born_in=0, size=5, generations_since_improvement=1)
        for number in range(species)
    )
    SpeciesSnapshot.objects.bulk_create((
        SpeciesSnapshot(
            instance=instance, generation=generation, number=number, size=5, generations_since_improvement=1,
            offspring=5
        )
        for generation in range(generations) for number in range(species)
    ), batch_size=20_000)
    now = services.database_now()
    Generation.objects.bulk_create(
        Generation(
            instance=instance, number=number, size=1, evaluated=1, failed=0, digest="", scalars=b"",
            started_at=now, species_count=species,
        )
        for number in range(generations)
    )
    Instance.objects.filter(pk=instance.pk).update(next_generation=generations)
    return Instance.objects.get(pk=instance.pk)


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """As many entries as rows of species in their generations were read."""
    made: list[None] = []
    from_db = SpeciesSnapshot.from_db.__func__  # type: ignore[attr-defined]

    def counted(cls: Any, *arguments: Any) -> Any:
        made.append(None)
        return from_db(cls, *arguments)

    monkeypatch.setattr(SpeciesSnapshot, "from_db", classmethod(counted))
    return made


def statements(client: Client, instance: Instance, fields: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        run(client, instance, fields)
    return len(queries)


# Genomes


def test_connections_of_a_large_network_are_not_told_one_by_one_but_counted(client: Client) -> None:
    instance = with_agents(table(120, 90), 1)
    genome = run(
        client, instance,
        "champion{genome{parameterCount ... on NeatGenome{connectionGenes{innovation} nodeGenes{number}}}}"
    )["champion"]["genome"]
    assert (genome["parameterCount"], genome["connectionGenes"]) == (121 * 90, None)
    assert len(genome["nodeGenes"]) == 120 + 1 + 90


@pytest.mark.any_database
def test_a_page_of_large_genomes_is_refused_before_it_takes_long(client: Client) -> None:
    instance = with_agents(table(99, 90), 20)
    for fields in (
        "nodes{genome{... on NeatGenome{connectionGenes{innovation from to weight enabled recurrent}}}}",
        "nodes{genome{network{edges{from to weight}}}}",
    ):
        begun = time.process_time()
        error = refusal(client, f"{{instance(by:{{number:{instance.pk}}}){{agents(first:20){{{fields}}}}}}}")
        assert (error["extensions"]["code"], "at most 80,000 genes" in error["message"]) == ("REFUSED", True)
        assert time.process_time() - begun < 10


@pytest.mark.any_database
def test_what_changed_between_large_genomes_is_told_for_a_short_line_only(client: Client) -> None:
    instance = with_agents(table(99, 90), 2, generations=50)
    line = run(client, instance, "lineage(maxDepth:5){line{mutations{weightsChanged}}}")["lineage"]["line"]
    assert [step["mutations"]["weightsChanged"] for step in line] == [0] * 5
    query = (
        f"{{instance(by:{{number:{instance.pk}}}){{lineage(maxDepth:50){{line{{mutations{{weightsChanged}}}}}}}}}}"
    )
    assert "genes" in refusal(client, query)["message"]


def test_a_request_reads_a_bounded_number_of_bytes_of_genomes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = with_agents(table(20, 10), 20)
    fields = "agents(first:20){nodes{genome{parameterCount}}}"
    assert len(run(client, instance, fields)["agents"]["nodes"]) == 20
    monkeypatch.setattr("api.graphql.budgets.MOST_GENOME_BYTES", 50_000)
    assert "reads genomes of" in refusal(
        client, f"{{instance(by:{{number:{instance.pk}}}){{{fields}}}}}"
    )["message"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("fields", [
    "nodes{genome{parameterCount}}", "nodes{exports{url}}", "nodes{episodes{index}}",
    "nodes{genome{network{depth}}}",
])
def test_genomes_of_a_page_of_agents_take_as_many_statements_however_long(
    client: Client, kept: bool, fields: str
) -> None:
    few, many = (with_agents(table(2, 1), agents, generations=3, kept=kept) for agents in (2, 20))
    query = f"agents(first:60){{{fields}}}"
    assert statements(client, few, query) == statements(client, many, query) <= 10
    assert CheckpointPart.objects.filter(kind=1).exists()


def test_genomes_cut_out_of_checkpoints_together_are_those_cut_out_alone(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    from database import selectors

    monkeypatch.setattr("database.services.recording.PART_BYTES", 1_000)
    monkeypatch.setattr("database.selectors.genomes.PART_BYTES", 1_000)
    instance = builders.run()
    for _ in range(2):
        instance = builders.generation(instance, [1.0] * 30, kept=[], keep_every=1)
    places = [
        (instance.pk, generation, index) for generation in range(2) for index in (0, 3, 4, 17, 29, 30, 99)
    ]
    found = selectors.genomes_at(places)
    whole = {each: builders.genomes_of(each[1], 30)[each[2]].tobytes() for each in places if each[2] < 30}
    assert found == whole
    assert selectors.genome_bytes_at(places) == {each: len(genome) for each, genome in whole.items()}


def test_runs_of_gymnasium_take_as_many_statements_as_one(client: Client) -> None:
    from tests.api.ask import ask

    document = DOCUMENT | {"environment": {"type": "gymnasium", "id": "LunarLander-v3"}, "network": {}}

    def taken(query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(client, query)
        return len(queries)

    queries = [
        "{instances(first:20){nodes{environment{name}}}}",
        "{instances(first:20){nodes{champion{genome{parameterCount}}}}}",
        "{instances(first:20){nodes{champion{exports{url} episodes{index}}}}}",
    ]
    with_agents(document, 2)
    before = [taken(query) for query in queries]
    for number in range(4):
        with_agents(document | {"name": str(number)}, 2)
    assert [taken(query) for query in queries] == before


# Species


def test_histories_are_read_for_the_list_that_asks_for_them_alone(
    client: Client, rows_read: list[None]
) -> None:
    instance = with_species(50, 60)
    run(client, instance, "s:species(first:60){number} a:species(first:1){history(maxPoints:50){size}}")
    assert len(rows_read) == 50


@pytest.mark.any_database
def test_more_rows_of_species_than_a_request_may_read_are_refused(
    client: Client, rows_read: list[None]
) -> None:
    instance = with_species(300, 100)
    for fields in (
        f"species(first:100){{history(maxPoints:2000){{{HISTORY}}}}}",
        "generations(first:100){nodes{a:species{size} b:species(after:0){size} c:species(after:1){size}}}",
        " ".join(
            f"a{number}:species(first:40){{history(maxPoints:{number + 400}){{size}}}}" for number in range(5)
        ),
    ):
        rows_read.clear()
        error = refusal(client, f"{{instance(by:{{number:{instance.pk}}}){{{fields}}}}}")
        assert error["extensions"]["code"] == "REFUSED"
        assert "20,000 rows of species" in error["message"]
        assert 0 < len(rows_read) <= 20_000


def test_species_of_a_generation_come_in_pages(client: Client) -> None:
    instance = with_species(3, 250)
    answer = run(
        client, instance,
        "generations{nodes{all:species{species{number}} some:species(first:2,after:247){species{number}}"
        " statistics{speciesCount}}}",
    )["generations"]["nodes"]
    for each in answer:
        assert [row["species"]["number"] for row in each["all"]] == list(range(100))
        assert [row["species"]["number"] for row in each["some"]] == [248, 249]
        assert each["statistics"]["speciesCount"] == 250
    assert "expected 0 to 100, got 101" in refusal(
        client,
        f"{{instance(by:{{number:{instance.pk}}}){{generation(number:0){{species(first:101){{size}}}}}}}}"
    )["message"]


# Lives


def test_of_long_episodes_the_first_steps_are_replayed_as_many_as_their_work_allows() -> None:
    def steps(hidden: list[int], **environment: Any) -> int:
        environment = {"type": "gymnasium", "id": "MountainCar-v0", "max_steps": 20_000} | environment
        document = DOCUMENT | {
            "kind": "weight_evolution", "environment": environment, "network": {"hidden": hidden},
            "strategy": {"type": "genetic", "population_size": 4, "parents": 2},
            "stop": {"max_generations": 1},
        }
        plan = Run.load(intake.submit(document, None, announce=False).instances[0].pk, threads=1).plan
        genome = plan.genome.pack(plan.genome.random(1, seed=1, generation=0))
        assert plan.judge.replays.refusal(genome) is None
        assert plan.judge.replays.seconds(10**9, genome) <= MOST_REPLAY_SECONDS
        return plan.judge.replays.most_steps(genome)

    assert steps([5]) == MOST_REPLAY_STEPS
    assert steps([5], max_steps=60) == 60
    assert 1 < steps([100, 100]) < MOST_REPLAY_STEPS


def test_a_long_episode_is_shown_and_told_as_far_as_it_is_replayed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    car = {"type": "gymnasium", "id": "MountainCar-v0", "max_steps": 60, "episodes": 3}
    instance = with_agents(DOCUMENT | {"environment": car, "network": {}}, 1)
    page = f"/runs/{instance.pk}/agent"
    whole = client.get(page).json()["way"]
    assert (len(whole["actions"]), whole["ending"], whole["scene"]["type"]) == (60, "truncated", "hill")
    monkeypatch.setattr("processing.core.judges.replays.MOST_REPLAY_STEPS", 25)
    first = client.get(page).json()["way"]
    assert (first["actions"], first["ending"]) == (whole["actions"][:25], "cut")
    champion = (
        f"{{instance(by:{{number:{instance.pk}}})"
        "{champion{episodes(first:3){steps truncated isCut return}}}}"
    )
    told = client.post("/graphql", {"query": champion}, content_type="application/json").json()["data"]
    assert told["instance"]["champion"]["episodes"] == 3 * [
        {"steps": 25, "truncated": False, "isCut": True, "return": -25.0}
    ]


def test_any_of_an_agents_episodes_can_be_chosen(client: Client) -> None:
    car = {"type": "gymnasium", "id": "MountainCar-v0", "max_steps": 20, "episodes": 3}
    page = f"/runs/{with_agents(DOCUMENT | {'environment': car, 'network': {}}, 1).pk}/agent"
    ways = [client.get(page, {"episode": number}).json()["way"] for number in range(3)]
    assert [way["episode"] for way in ways] == [0, 1, 2]
    assert ways[0] == client.get(page).json()["way"]
    assert len({str(way["activity"][0][0]) for way in ways}) == 3
    assert client.get(page, {"episode": 3}).status_code == 422


def test_of_long_lives_some_steps_activity_is_sent_along(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    car = {"type": "gymnasium", "id": "MountainCar-v0", "max_steps": 60}
    page = f"/runs/{with_agents(DOCUMENT | {'environment': car, 'network': {}}, 1).pk}/agent"
    whole = client.get(page).json()["way"]
    assert (whole["stride"], len(whole["activity"]), len(whole["actions"])) == (1, 60, 60)
    monkeypatch.setattr("api.dashboard.replays.MOST_ACTIVE_STEPS", 25)
    thinned = client.get(page).json()["way"]
    assert (
        thinned["stride"], thinned["activity"], len(thinned["actions"])
    ) == (3, whole["activity"][::3], 60)




def test_staged_documents_are_read_a_few_megabytes_at_a_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [builders.run(name=f"plan {number}").pk for number in range(6)]
    asked = f"{{nodes(ids:{json.dumps([global_id('Instance', each) for each in runs])})" \
        "{...on Instance{problem{type}}}}"

    def reads() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert all(each["problem"]["type"] for each in ask(client, asked)["nodes"])
        return sum('"staged"' in each["sql"] and "ENGTH" not in each["sql"] for each in queries)

    assert reads() == 1
    length = WorkItem.objects.filter(instances__in=runs[:1]).get().staged
    monkeypatch.setattr(loaders, "STAGED_BYTES_AT_ONCE", 2 * len(length) + 10)
    assert reads() == 3
    monkeypatch.setattr(budgets, "MOST_STAGED_BYTES", len(length))
    assert "documents" in refusal(client, asked)["message"]
