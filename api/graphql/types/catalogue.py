"""The catalogue, made from the server's tables: problems, strategies, genomes, judges, and examples."""

import json
from collections.abc import Mapping
from typing import Any, cast

import graphene
from django.conf import settings

from api.graphql.types.enums import AlgorithmKind, EnvironmentType
from api.graphql.types.node import many, maybe, one
from api.graphql.types.problems import CostEstimate
from api.graphql.types.scalars import JSON
from api.intake import known_environments
from formatting.schema import parameter_table
from processing.core.environments import ENVIRONMENTS
from processing.core.environments.classic import CLASSIC
from processing.core.environments.foreign.catalogue import entries
from processing.core.environments.foreign.kwargs import range_text
from processing.core.environments.foreign.observe import part_troubles, usable_parts
from processing.core.environments.foreign.parameters import GymnasiumParameters
from processing.core.environments.foreign.spaces import is_shrinkable
from processing.core.environments.foreign.wrappers import WRAPPERS
from processing.core.judges.judge import Setting
from processing.core.kinds import GENOMES, JUDGES, KINDS, PROBLEMS, STRATEGIES, kind_of
from processing.core.limits import Limits
from processing.core.parameters import Parameters
from processing.core.problem import Environment as World
from processing.core.problem import Values, View
from processing.core.search.plan import Plan
from staging.schema import largest


class Parameter(graphene.ObjectType):
    """A parameter, as the document, its JSON Schema and the documentation have it."""

    name = one(graphene.String, "Its key in the document.")
    type = one(graphene.String, "What kind of value it takes.")
    default = one(graphene.String, "Its default as JSON; empty where it is required.")
    range = one(graphene.String, "Which values it takes; empty where any.")
    unit = one(graphene.String, "What one of it is; empty where it has no dimension.")
    meaning = one(graphene.String, "What it does.")
    source = one(graphene.String, "Where the rule or the default comes from; may be empty.")


class CatalogueEntry(graphene.ObjectType):
    """Something that a work item can name."""

    name = one(graphene.String, "Its name in documents.")
    description = one(graphene.String, "What it is.")
    parameters = many(Parameter, "What can be set.")


class KindEntry(graphene.ObjectType):
    """A kind of work: what varies, and how it moves."""

    kind = one(AlgorithmKind, "The kind.")
    genome = one(graphene.String, "What varies.")
    strategies = many(graphene.String, "How it may move; the first is the default.")
    problem_key = one(graphene.String, "The key of its documents that holds the problem, see `problems`.")
    genome_key = one(graphene.String, "The key of its documents that says what genomes are like.")
    settings = many(graphene.String, "The keys of its documents that hold settings of judges, see `judges`.")


class ProblemEntry(graphene.ObjectType):
    """A problem that a work item can name."""

    key = one(graphene.String, "The key that holds it in documents, e.g. `environment`.")
    name = one(graphene.String, "Its `type` in documents.")
    description = one(graphene.String, "What it is.")
    judge = one(graphene.String, "The name of what scores genomes in it, unless a document asks for another.")
    parameters = many(Parameter, "What can be set.")


class SettingEntry(graphene.ObjectType):
    """A group of parameters of a judge."""

    key = one(graphene.String, "The key that holds it in documents.")
    description = one(graphene.String, "What it is.")
    is_optional = one(graphene.Boolean, "Whether it may be null, and is where it is left out.")
    parameters = many(Parameter, "What can be set.")


class JudgeEntry(graphene.ObjectType):
    """What scores genomes."""

    name = one(graphene.String, "Its name.")
    settings = many(SettingEntry, "Its groups of parameters; empty where nothing can be set.")


class Catalogue(graphene.ObjectType):
    """Everything that a work item can name."""

    kinds = many(KindEntry, "Kinds of work.")
    strategies = many(CatalogueEntry, "How genomes move.")
    genomes = many(CatalogueEntry, "What varies.")
    problems = many(ProblemEntry, "What genomes are scored in, of all keys.")
    judges = many(JudgeEntry, "What scores genomes.")
    environments = many(CatalogueEntry, "The problems that agents act in.")
    wrappers = many(CatalogueEntry, "What can be put around an environment of Gymnasium, under `wrappers`.")


class Maze(graphene.ObjectType):
    """The map of a grid world."""

    rows = many(graphene.String, "One string per row: '.' open, 'S' start, 'G' goal, '#' obstacle.")
    start = many(graphene.Int, "Row and column of the start, from 0.")
    shortest_path = maybe(graphene.Int, "Steps to the nearest goal; null when none can be reached.")


class Environment(graphene.ObjectType):
    """What agents act in."""

    type = one(EnvironmentType, "Its kind.")
    name = one(graphene.String, "Its name in documents.")
    description = one(graphene.String, "What is observed, done, paid, and when an episode ends.")
    observation_space = one(JSON, "What an agent sees: its shape and type, or the space as Gymnasium has it.")
    action_space = one(JSON, "What it can do: the number of actions, or the space as Gymnasium has it.")
    max_steps = maybe(graphene.Int, "Steps after which an episode is cut off; null outside a run.")
    episodes = maybe(graphene.Int, "Episodes per agent; null outside a run.")
    reward_threshold = maybe(
        graphene.Float, "The mean return that solves it, or the most that is possible, where that is known."
    )
    renderable = one(graphene.Boolean, "Whether episodes can be drawn here.")
    compiled = one(
        graphene.Boolean,
        "Whether it runs as compiled code; others are stepped one by one, hundreds of times slower."
    )
    maze = maybe(Maze, "The map, in a run.")
    parameters = many(Parameter, "What can be set.")
    keyword_arguments = many(Parameter, "What can be set under `kwargs`, where it is one of Gymnasium's.")
    observed = many(
        graphene.String,
        "Parts of observations that networks get where nothing is said; empty where there are none."
    )
    trouble = maybe(
        graphene.String,
        "Why networks cannot act in it without wrappers or keyword arguments; null where they can."
    )


class Example(graphene.ObjectType):
    """A work item to start from."""

    slug = one(graphene.String, "Its file's name, without the ending.")
    title = one(graphene.String, "Its name.")
    description = one(graphene.String, "What it shows.")
    kind = one(AlgorithmKind, "What is evolved.")
    spec = one(JSON, "Its document; submit it as it is, or changed.")
    estimate = one(CostEstimate, "What it will cost.")


def catalogue() -> dict[str, Any]:
    """The fields of `Catalogue`."""
    return {
        "kinds": [
            {
                "kind": name, "genome": kind.genome, "strategies": kind.strategies,
                "problem_key": kind.problem_key, "genome_key": kind.genome_key,
                "settings": list(kind.settings),
            }
            for name, kind in KINDS.items()
        ],
        "problems": [
            _entry(name, problem.Parameters) | {
                "key": key, "description": _text(problem), "judge": problem.judge
            }
            for key, problems in PROBLEMS.items() for name, problem in problems.items()
        ],
        "judges": [
            {"name": name, "settings": [_setting(key, each) for key, each in judge.settings.items()]}
            for name, judge in JUDGES.items()
        ],
        "strategies": [_entry(name, _strategy_model(name)) for name in STRATEGIES],
        "genomes": _entries(GENOMES), "environments": _entries(ENVIRONMENTS),
        "wrappers": [_entry(name, model) for name, model in WRAPPERS.items()],
    }


def _setting(key: str, setting: Setting) -> dict[str, Any]:
    parameters = parameter_table(setting.model, _largest())
    return {
        "key": key, "description": setting.meaning, "is_optional": setting.default is None,
        "parameters": parameters,
    }


def _entries(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_entry(name, entry.Parameters) for name, entry in table.items()]


def _strategy_model(name: str) -> type[Parameters]:
    """The parameters of a strategy, in documents of the first kind that names it."""
    kind = next((kind for kind in KINDS.values() if name in kind.strategies), None)
    return STRATEGIES[name].Parameters if kind is None else kind.strategy_model(name)


def _entry(name: str, model: type[Parameters]) -> dict[str, Any]:
    return {"name": name, "description": _text(model), "parameters": parameter_table(model, _largest())}


def _largest() -> Mapping[str, int]:
    """The largest values that this server allows of the parameters that it limits."""
    return largest(Limits(**settings.LIMITS))


def environments(search: str | None) -> list[dict[str, Any]]:
    """The environments with this text in their names: those of the table, then Gymnasium's by their ids."""
    text = (search or "").casefold()
    known = known_environments().entries().values()
    found = [_environment(name) for name in ENVIRONMENTS] + [
        _registered(each) for each in known if _is_usable(each)
    ]
    return [each for each in found if text in each["name"].casefold()]


def environment_of(plan: Plan, spec: Values) -> dict[str, Any] | None:
    """The fields of `Environment` for the environment of a run; None where its problem is no environment.

    Args:
        spec: the document.
    """
    kind = kind_of(spec)
    if kind.problems is not ENVIRONMENTS:
        return None
    world, (named, values) = cast(World, plan.problem), kind.problem_in(spec)
    threshold = None if world.criterion is None else world.criterion.threshold
    base = (
        _registered_in(named.name(values), values, world) if named.is_registered
        else _environment(values["type"]) | _spaces(*world.input_shape, *world.output_shape)
    )
    return base | {
        "max_steps": world.max_steps, "episodes": world.episodes, "maze": world.map,
        "compiled": world.is_compiled,
        "reward_threshold": world.best_possible() if threshold is None else threshold,
    }


def _environment(name: str) -> dict[str, Any]:
    kind = ENVIRONMENTS[name]
    return {
        "type": name, "name": name, "description": _text(kind), "renderable": kind.view == View.MAP,
        "compiled": kind.is_compiled, "parameters": parameter_table(kind.Parameters),
        "keyword_arguments": [], "observed": [], **_spaces(*(kind.fixed_sizes or (None, None))),
    }


def _spaces(inputs: int | None, outputs: int | None) -> dict[str, Any]:
    """Sizes of observations and actions; None, and null there, where they depend on the document."""
    return {
        "observation_space": {"shape": None} if inputs is None else {"shape": [inputs], "type": "float32"},
        "action_space": {"size": outputs},
    }


def _is_usable(entry: Mapping[str, Any]) -> bool:
    """Whether networks can act in it, as it is or in wrappers that make its pictures smaller."""
    return (
        "observation" in entry
        and (entry["trouble"] is None or is_shrinkable(entry["observation"], entry["action"]))
    )


def _observed(entry: Mapping[str, Any]) -> list[str]:
    return list(usable_parts(entry["observation"]) or part_troubles(entry["observation"]))


def _registered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An environment of Gymnasium, from its entry in the catalogue."""
    return {
        "type": "gymnasium", "name": entry["id"], "description": entry["description"], "renderable": False,
        "compiled": entry["id"] in CLASSIC, "observation_space": entry["observation"],
        "action_space": entry["action"], "max_steps": entry["max_steps"],
        "reward_threshold": entry["reward_threshold"],
        "parameters": parameter_table(GymnasiumParameters),
        "keyword_arguments": [_argument(name, each) for name, each in entry["kwargs"].items()],
        "observed": _observed(entry), "trouble": entry["trouble"],
    }


def _registered_in(name: str, values: Values, world: World) -> dict[str, Any]:
    """An environment of Gymnasium in a run, with its staged spaces, and without what is no longer known."""
    entry = known_environments().entry(name)
    fields = _registered(entry) if entry is not None and _is_usable(entry) else _environment(values["type"])
    facts = entries()[name] if world.facts is None else world.facts
    parts = values.get("observe") or part_troubles(facts["observation"])
    return fields | {
        "name": name, "observation_space": facts["observation"], "action_space": facts["action"],
        "observed": list(parts), "trouble": None,
    }


def _argument(name: str, argument: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name, "type": argument["type"], "default": json.dumps(argument["default"]),
        "range": range_text(argument), "unit": "", "meaning": argument["meaning"], "source": "",
    }


def _text(thing: Any) -> str:
    text = (thing.__doc__ or "").partition("Args:")[0].partition("Raises:")[0]
    return " ".join(text.split())
