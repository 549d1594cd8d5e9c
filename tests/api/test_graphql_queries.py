"""What can be looked up through GraphQL."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.graphql.graphiql import LOOK, WATCH
from api.ids import global_id
from database import services
from database.models import Agent, Checkpoint, Instance, InstanceState
from processing.core.kinds import KINDS
from processing.runner import work_shift
from tests import builders
from tests.api.ask import ask, refusal
from tests.arithmetic import added

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished_run() -> Instance:
    """A run whose generations were all evaluated by a worker's shift."""
    instance = builders.run(
        stop={"max_generations": 4}, strategy={"type": "genetic", "population_size": 12, "parents": 4}
    )
    work_shift(instance.pk, threads=1)
    instance = Instance.objects.get(pk=instance.pk)
    assert instance.state == InstanceState.SUCCEEDED
    return instance


def run(client: Client, instance: Instance, fields: str, **variables: Any) -> dict[str, Any]:
    """Fields of a run."""
    found: dict[str, Any] = ask(
        client, f"{{ instance(by: {{number: {instance.pk}}}) {{ {fields} }} }}", **variables
    )["instance"]
    return found


# Runs


def test_a_run_tells_what_it_is_and_why_it_ended(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run,
        "id number name kind state stopReason explainStop seed digest reproducible provenance endedAt"
    )
    assert answer["number"] == finished_run.pk
    assert (answer["name"], answer["kind"]) == ("little maze", "WEIGHT_EVOLUTION")
    assert (answer["state"], answer["stopReason"], answer["seed"]) == ("SUCCEEDED", "GENERATION_LIMIT", 5)
    assert answer["explainStop"]["rule"] == "GENERATION_LIMIT"
    assert (answer["digest"], answer["reproducible"]) == (finished_run.digest, True)
    assert answer["provenance"]["numericProfile"]["numpy"]
    assert answer["provenance"]["spec"]["seed"] == 5


def test_a_run_is_found_by_number_or_by_id(client: Client, finished_run: Instance) -> None:
    found = run(client, finished_run, "id")["id"]
    assert ask(
        client, "query($id:ID){instance(by:{id:$id}){number}}", id=found
    )["instance"]["number"] == finished_run.pk
    assert ask(client, "{instance(by:{number:999}){number}}")["instance"] is None
    assert refusal(client, '{instance(by:{id:"rubbish"}){number}}')["extensions"]["code"] == "INVALID_FORMAT"


def test_progress_and_work_item_come_with_a_run(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run,
        "progress{state generation maxGenerations fraction totalEvaluations populationSize "
        "evaluationsPerSecond estimatedEndAt} workItem{name labels specHash warnings{code} "
        "instances{totalCount nodes{number}}}",
    )
    progress = answer["progress"]
    assert (progress["generation"], progress["maxGenerations"], progress["fraction"]) == (3, 4, 1.0)
    assert (progress["totalEvaluations"], progress["populationSize"]) == (48, 12)
    assert progress["evaluationsPerSecond"] > 0
    assert answer["workItem"]["instances"] == {"totalCount": 1, "nodes": [{"number": finished_run.pk}]}


def test_runs_are_listed_filtered_ordered_and_counted(client: Client) -> None:
    for name in ("b", "a", "c"):
        builders.run(name=name, start=name != "c")
    listed = (
        "{instances(filter:{states:[QUEUED]},orderBy:{field:NAME,direction:ASC}){totalCount nodes{name}}}"
    )
    assert ask(client, listed)["instances"] == {"totalCount": 2, "nodes": [{"name": "a"}, {"name": "b"}]}


def test_runs_are_found_by_how_they_ended(client: Client, finished_run: Instance) -> None:
    died, old = builders.died_out(), builders.died_out(state=InstanceState.SUCCEEDED)
    builders.run()
    listed = (
        "query($o:[InstanceOutcome!]){instances(filter:{outcomes:$o}){totalCount nodes{number outcome "
        "state}}}"
    )
    assert ask(client, listed, o=["LIMIT_REACHED"])["instances"]["nodes"] == [
        {"number": finished_run.pk, "outcome": "LIMIT_REACHED", "state": "SUCCEEDED"}
    ]
    found = ask(client, listed, o=["DIED_OUT", "FAILED"])["instances"]
    assert [(each["number"], each["outcome"], each["state"]) for each in found["nodes"]] == [
        (old.pk, "DIED_OUT", "SUCCEEDED"), (died.pk, "DIED_OUT", "FAILED")
    ]
    every = ask(client, listed, o=[])["instances"]
    assert (every["totalCount"], every["nodes"][0]["outcome"]) == (4, None)


def test_pages_follow_each_other(client: Client) -> None:
    numbers = [builders.run().pk for _ in range(5)]
    query = (
        "query($c:String){instances(first:2,after:$c){edges{cursor node{number}}"
        " pageInfo{hasNextPage hasPreviousPage endCursor}}}"
    )
    found, cursor = [], None
    while True:
        page = ask(client, query, c=cursor)["instances"]
        found += [edge["node"]["number"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (cursor is not None)
        cursor = page["pageInfo"]["endCursor"]
        assert cursor == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == numbers[::-1]


def test_rows_are_counted_only_when_asked(client: Client) -> None:
    builders.run()
    with CaptureQueriesContext(connection) as queries:
        ask(client, "{instances{nodes{number}}}")
    assert not any("COUNT(" in query["sql"] for query in queries)


def test_a_page_of_runs_takes_the_same_number_of_statements_however_long_it_is(client: Client) -> None:
    query = (
        "{instances{nodes{name progress{fraction} workItem{name submittedBy} champion{name fitness "
        "instance{number} generation{number hasCheckpoint} parents{name generation{number}}}}}}"
    )

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(client, query)
        return len(queries)

    def evolve() -> None:
        instance = builders.generation(builders.run(), [1.0, 2.0])
        builders.generation(instance, [3.0, 1.0], mothers=[0, 1], fathers=[1, -1])

    evolve()
    short = statements()
    for _ in range(4):
        evolve()
    assert statements() == short <= 7


# Generations and statistics


def test_generations_tell_their_figures_champion_and_digest(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run,
        "generations(first:2){totalCount nodes{number digest hasCheckpoint startedAt completedAt "
        "champion{isChampion rank} statistics{size evaluated failed best mean bestSoFar threshold seconds}}} "
        "generation(number:3){digest} missing:generation(number:9){digest}",
    )
    generations = answer["generations"]
    assert (generations["totalCount"], [each["number"] for each in generations["nodes"]]) == (4, [0, 1])
    assert generations["nodes"][0]["champion"] == {"isChampion": True, "rank": 1}
    assert generations["nodes"][0]["statistics"]["size"] == 12
    assert (answer["generation"]["digest"], answer["missing"]) == (finished_run.digest, None)


def test_statistics_can_be_thinned_and_cut(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run,
        "all:statistics{generation best} part:statistics(from:1,to:2){generation} "
        "two:statistics(maxPoints:2){generation}",
    )
    assert [row["generation"] for row in answer["all"]] == [0, 1, 2, 3]
    assert [row["generation"] for row in answer["part"]] == [1, 2]
    assert {0, 3} <= {row["generation"] for row in answer["two"]}


# Agents


def test_agents_are_filtered_and_ordered_within_a_run_or_a_generation(
    client: Client, finished_run: Instance
) -> None:
    answer = run(
        client, finished_run,
        "agents(first:5,orderBy:{field:FITNESS}){totalCount nodes{fitness}}"
        " champions{totalCount nodes{isChampion generation{number}}}"
        " elites:agents(filter:{origins:[ELITE]}){nodes{origin operator}}"
        " generation(number:2){agents(first:3,filter:{generationFrom:0}){totalCount nodes{name}}}",
    )
    fitness = [agent["fitness"] for agent in answer["agents"]["nodes"]]
    assert answer["agents"]["totalCount"] == 48
    assert fitness == sorted(fitness, reverse=True)
    assert fitness[0] == finished_run.best_fitness
    assert answer["champions"]["totalCount"] == 4
    assert [each["generation"]["number"] for each in answer["champions"]["nodes"]] == [0, 1, 2, 3]
    assert answer["elites"]["nodes"][0] == {"origin": "ELITE", "operator": "elite"}
    assert answer["generation"]["agents"] == {
        "totalCount": 12, "nodes": [{"name": f"{finished_run.pk}-2-{index}"} for index in range(3)],
    }


def test_an_agent_knows_its_family(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run, "generation(number:1){agents(first:12){nodes{id name parents{id name "
        "offspring(first:50){nodes{id}}}}}}"
    )
    for child in answer["generation"]["agents"]["nodes"]:
        assert 1 <= len(child["parents"]) <= 2
        for parent in child["parents"]:
            assert parent["name"].startswith(f"{finished_run.pk}-0-")
            assert child["id"] in [each["id"] for each in parent["offspring"]["nodes"]]


def test_novelty_is_seen_of_agents_and_of_generations(client: Client) -> None:
    instance = builders.run(
        stop={"max_generations": 3}, novelty={"archive": {"number": 2}},
        strategy={"type": "rising_threshold", "population_size": 12},
    )
    work_shift(instance.pk, threads=1)
    answer = run(
        client, instance,
        "explainStop generations{nodes{novelty{mean largest archiveSize}statistics{threshold viable}"
        "agents{nodes{novelty fitness isViable}}}}",
    )
    generations = answer["generations"]["nodes"]
    assert [each["novelty"]["archiveSize"] for each in generations] == [2, 4, 6]
    for each in generations:
        agents, statistics = each["agents"]["nodes"], each["statistics"]
        scores = [agent["novelty"] for agent in agents]
        assert each["novelty"]["largest"] == max(scores)
        assert each["novelty"]["mean"] == pytest.approx(added(scores) / len(scores))
        assert [agent["isViable"] for agent in agents] == [
            score >= statistics["threshold"] for score in scores
        ]
        assert sum(agent["isViable"] for agent in agents) == statistics["viable"]
    assert answer["explainStop"]["led_to"]["archive_size"] == 6


def test_champions_that_fresh_episodes_do_not_confirm_are_seen(client: Client) -> None:
    instance = builders.run(
        network={"hidden": [3], "output": "softmax"}, strategy={"type": "genetic", "population_size": 60},
        stop={"max_generations": 3, "fitness": 0.5},
    )
    work_shift(instance.pk, threads=1)
    answer = run(client, instance, "explainStop events(first:50,types:[NOTE]){nodes{level message data}}")
    told = [each for each in answer["events"]["nodes"] if each["message"].startswith("Champion ")]
    assert told
    assert all(each["level"] == "INFO" and each["data"]["episodes"] == 100 for each in told)
    last, facts = told[-1]["data"], answer["explainStop"]["led_to"]
    assert facts["confirmation_is_passed"] is False
    assert {name: facts[f"confirmation_{name}"] for name in last} == last


def test_a_run_that_looks_for_fitness_has_no_novelty(client: Client, finished_run: Instance) -> None:
    fields = "generation(number:1){novelty{mean}agents{nodes{novelty}}}"
    answer = run(client, finished_run, fields)["generation"]
    assert answer["novelty"] is None
    assert {agent["novelty"] for agent in answer["agents"]["nodes"]} == {None}


def test_a_failed_agent_says_why(client: Client) -> None:
    instance = builders.generation(builders.run(), [1.0, None], threshold=0.5)
    nodes = run(
        client, instance, "agents{nodes{state fitness rank isViable failure{reason message}}}"
    )["agents"]["nodes"]
    assert nodes == [
        {"state": "EVALUATED", "fitness": 1.0, "rank": 1, "isViable": True, "failure": None},
        {"state": "FAILED", "fitness": None, "rank": None, "isViable": False,
         "failure": {
             "reason": "NON_FINITE_FITNESS", "message": "Its fitness was infinite, or no number at all."
         }},
    ]


# Genomes, networks, episodes


def test_a_champions_network_can_be_drawn_and_its_weights_read(
    client: Client, finished_run: Instance
) -> None:
    genome = run(
        client, finished_run,
        "champion{genome{__typename parameterCount network{level depth svg nodes{id role layer label bias x "
        "y} edges{from to weight}} ... on WeightGenome{weights}}}",
    )["champion"]["genome"]
    assert (genome["__typename"], genome["parameterCount"]) == ("WeightGenome", builders.WEIGHTS)
    network = genome["network"]
    assert (network["level"], network["depth"], len(network["nodes"])) == ("NEURON", 2, 24 + 3 + 9)
    assert len(network["edges"]) == 24 * 3 + 3 * 9
    assert ElementTree.fromstring(network["svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    first, last = genome["weights"]
    assert (len(first["weights"]), len(first["weights"][0]), len(first["biases"])) == (24, 3, 3)
    assert last["weights"][0][0] in [edge["weight"] for edge in network["edges"]]


def test_an_episode_is_replayed_as_it_was_scored(client: Client, finished_run: Instance) -> None:
    agents = run(
        client, finished_run,
        "agents(first:30){nodes{fitness steps episodes{index seed return steps terminated truncated"
        " trajectory{actions rewards positions}}}}",
    )["agents"]["nodes"]
    for agent in agents:
        (episode,) = agent["episodes"]
        assert (episode["return"], episode["steps"], episode["seed"]) == (agent["fitness"], agent["steps"], 5)
        way = episode["trajectory"]
        assert len(way["actions"]) == len(way["rewards"]) == len(way["positions"]) - 1 == episode["steps"]
        assert way["positions"][0] == [0, 0]
        assert episode["terminated"] != episode["truncated"]


def test_long_episodes_are_not_replayed_and_many_only_up_to_a_limit(
    client: Client, finished_run: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = "agents(first:30){nodes{episodes{trajectory{rewards}}}}"
    every = f"{{instance(by:{{number:{finished_run.pk}}}){{{fields}}}}}"
    monkeypatch.setattr("api.graphql.budgets.MOST_REPLAY_SECONDS", 0.01)
    assert "replays episodes for about 0.01 seconds" in refusal(client, every)["message"]
    monkeypatch.setattr("processing.core.judges.replays.MOST_REPLAY_SECONDS", 0.0)
    agents = ask(client, every)["instance"]["agents"]["nodes"]
    assert all(agent == {"episodes": []} for agent in agents)


def test_an_agent_whose_genome_was_not_kept_has_none(client: Client) -> None:
    instance = builders.generation(builders.run(), [2.0, 1.0])
    builders.generation(instance, [1.0, 1.0], keep_every=0)
    Agent.objects.filter(generation=0).delete()
    Checkpoint.objects.filter(generation=0).delete()
    agent = run(client, instance, "champion{fitness genome{parameterCount} episodes{return}}")["champion"]
    assert agent == {"fitness": 2.0, "genome": None, "episodes": []}


# Events


def test_events_are_read_behind_a_sequence_number_or_a_cursor(client: Client, finished_run: Instance) -> None:
    every = run(
        client, finished_run,
        "events(first:100){totalCount nodes{id sequence type level message data generation}}"
    )["events"]
    assert [event["sequence"] for event in every["nodes"]] == list(range(1, every["totalCount"] + 1))
    later = run(
        client, finished_run,
        "events(afterSequence:3,types:[STATE_CHANGED],minimumLevel:INFO){nodes{sequence message}}"
    )
    assert [event["message"] for event in later["events"]["nodes"]] == [
        "Completed: The number of generations that the stop rules allow was reached."
    ]


# Nodes


def test_everything_with_an_id_can_be_fetched_again(client: Client, finished_run: Instance) -> None:
    answer = run(
        client, finished_run,
        "id workItem{id} generation(number:1){id agents(first:1){nodes{id}}} events(first:1){nodes{id}}"
    )
    ids = {
        "Instance": answer["id"], "WorkItem": answer["workItem"]["id"],
        "Generation": answer["generation"]["id"], "Agent": answer["generation"]["agents"]["nodes"][0]["id"],
        "Event": answer["events"]["nodes"][0]["id"],
    }
    query = (
        "query($ids:[ID!]!){nodes(ids:$ids){__typename id ... on Agent{name generation{number}}"
        " ... on Event{instance{number}}}}"
    )
    nodes = ask(client, query, ids=list(ids.values()))["nodes"]
    assert [(node["__typename"], node["id"]) for node in nodes] == list(ids.items())
    assert nodes[3]["name"] == f"{finished_run.pk}-1-0"
    assert ask(
        client, "query($id:ID!){node(id:$id){... on Generation{number}}}", id=ids["Generation"]
    ) == {"node": {"number": 1}}


@pytest.mark.parametrize("id", [
    "", "rubbish", "é", global_id("Instance", 999), global_id("Agent", 1, 2, 3), global_id("Event", 5, 5),
    global_id("WorkItem", 0), global_id("Generation", 1, 10**17), "SW5zdGFuY2U6LTE=", "SW5zdGFuY2U6MTox",
])
def test_an_id_of_nothing_is_null(client: Client, id: str) -> None:
    assert ask(client, "query($id:ID!){node(id:$id){id}}", id=id) == {"node": None}


# The server


def test_the_server_tells_its_load_and_limits(client: Client) -> None:
    builders.run()
    server = ask(
        client, "{server{version kinds queuedInstances runningInstances maxPageSize maxQueryCost}}"
    )["server"]
    assert (
        server["kinds"], server["queuedInstances"], server["runningInstances"]
    ) == ([name.upper() for name in KINDS], 1, 0)
    assert (server["maxPageSize"], server["maxQueryCost"]) == (100, 10_000)


def test_examples_can_be_submitted_as_they_are(client: Client) -> None:
    examples = ask(client, "{examples{slug title description kind spec estimate{evaluations}}}")["examples"]
    assert {"maze-5x5", "maze-20x20"} <= {each["slug"] for each in examples}
    for each in examples:
        checked = ask(client, "query($d:JSON){validateWorkItem(spec:{document:$d}){valid}}", d=each["spec"])
        assert checked == {"validateWorkItem": {"valid": True}}


def test_the_catalogue_is_printed_from_the_tables(client: Client) -> None:
    answer = ask(
        client, "{catalogue{kinds{kind genome strategies} strategies{name parameters{name meaning default "
        "range unit}}}"
        ' environments(search:"MA"){name observationSpace actionSpace parameters{name}}'
        ' none:environments(search:"nowhere"){name}}',
    )
    catalogue = answer["catalogue"]
    assert catalogue["kinds"][0]["strategies"][0] == "rising_threshold"
    genetic = next(each for each in catalogue["strategies"] if each["name"] == "genetic")
    elites = next(each for each in genetic["parameters"] if each["name"] == "elites")
    assert elites["meaning"] == "Best agents copied unchanged into the next generation."
    assert (elites["default"], elites["unit"]) == ("1", "agents")
    (maze,) = answer["environments"]
    assert (maze["observationSpace"], maze["actionSpace"]) == (
        {"shape": [24], "type": "float32"}, {"size": 9}
    )
    assert answer["none"] == []


def test_the_catalogue_lists_problems_judges_and_their_keys_in_documents(client: Client) -> None:
    catalogue = ask(
        client, "{catalogue{kinds{kind problemKey genomeKey settings} problems{key name judge description "
        "parameters{name}} judges{name settings{key description isOptional parameters{name default}}}}}",
    )["catalogue"]
    for each in catalogue["kinds"][:2]:
        assert (each["problemKey"], each["genomeKey"]) == ("environment", "network")
        assert each["settings"] == ["novelty"]
    maze = next(each for each in catalogue["problems"] if each["name"] == "maze")
    assert (maze["key"], maze["judge"]) == ("environment", "episodes")
    assert maze["description"]
    assert "rows" in [each["name"] for each in maze["parameters"]]
    judges = {each["name"]: each["settings"] for each in catalogue["judges"]}
    assert judges["episodes"] == []
    (novelty,) = judges["novelty"]
    assert (novelty["key"], novelty["isOptional"]) == ("novelty", True)
    assert {"name": "k", "default": "15"} in novelty["parameters"]


def test_a_runs_environment_has_its_map(client: Client) -> None:
    environment = run(
        client, builders.run(), "environment{type name maxSteps maze{rows start shortestPath}}"
    )["environment"]
    assert environment == {
        "type": "MAZE", "name": "maze", "maxSteps": 12,
        "maze": {"rows": ["S.#", "...", "#.G"], "start": [0, 0], "shortestPath": 2},
    }


def test_the_documents_schema_is_given_out_with_the_limits_of_this_server(
    client: Client, settings: Any
) -> None:
    assert ask(client, "{workItemSchema}")["workItemSchema"]["title"] == "Work item"
    settings.LIMITS = {"max_replicates": 7, "max_population": 70}
    own = ask(client, "{workItemSchema catalogue{strategies{name parameters{name range}}}}")
    assert own["workItemSchema"]["$defs"]["Neat"]["properties"]["replicates"]["maximum"] == 7
    sizes = [
        each["range"] for one in own["catalogue"]["strategies"]
        for each in one["parameters"] if each["name"] == "population_size"
    ]
    assert {each.rpartition(" ")[2] for each in sizes} == {"70"}
    assert refusal(client, "{workItemSchema(version:2)}")["extensions"]["code"] == "NOT_FOUND"


def test_work_items_are_listed(client: Client) -> None:
    builders.run(name="b", labels=["x"])
    builders.run(name="a", labels=["x", "y"])
    filter = 'filter:{labels:["x"],kinds:[WEIGHT_EVOLUTION]}'
    listed = f"{{workItems({filter},orderBy:{{field:NAME,direction:ASC}}){{totalCount nodes{{name}}}}}}"
    assert ask(client, listed)["workItems"] == {"totalCount": 2, "nodes": [{"name": "a"}, {"name": "b"}]}


def test_graphiqls_own_queries_answer_on_a_server_with_a_run(client: Client, finished_run: Instance) -> None:
    assert ask(client, LOOK)["examples"]
    (newest,) = ask(client, WATCH)["instances"]["nodes"]
    assert newest["number"] == finished_run.pk
    assert newest["champion"]["episodes"][0]["trajectory"]["positions"]


def test_numbers_that_json_cannot_hold_never_get_out(client: Client) -> None:
    instance = builders.run()
    Instance.objects.filter(pk=instance.pk).update(stop_explanation={"best": 1.0})
    assert json.dumps(run(client, instance, "explainStop"), allow_nan=False)


# Workers


def test_workers_are_told_with_their_work_in_few_statements(client: Client) -> None:
    assert ask(client, "{ workers { name } }") == {"workers": []}
    held = builders.run()
    for number in range(4):
        services.register_worker(name=f"w{number}", host="h", profile="p", threads=2)
    services.see_worker(name="w1", counts=services.Counts(generations=3, evaluations=300))
    services.claim(instance_id=held.pk, worker="w1/7", lease_seconds=60.0)
    fields = (
        "name online queues activity host threads numericProfile evaluationsPerMinute evaluations startedAt "
        "lastSeenAt"
    )
    with CaptureQueriesContext(connection) as queries:
        told = ask(client, f"{{ workers {{ {fields} }} }}")["workers"]
    assert [each["name"] for each in told] == ["w0", "w1", "w2", "w3"]
    assert (told[1]["activity"], told[1]["evaluations"], told[1]["threads"]) == (f"run {held.pk}", 300, 2)
    assert (told[0]["activity"], told[0]["online"], told[0]["queues"]) == (None, True, [])
    assert len(queries) <= 6
