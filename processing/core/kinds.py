"""What a work item can name: the tables of problems, genome kinds, judges, strategies, and kinds of work.

A kind is one line. The document of a work item, its JSON Schema, its plan and its pages are made from these
tables. Operators add to them from modules of their own: see `extensions.py`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from processing.core import extensions
from processing.core.datasets import DATASETS
from processing.core.environments import ENVIRONMENTS
from processing.core.errors import Misregistered, Unregistered
from processing.core.genomes import GENOMES
from processing.core.judges import JUDGES
from processing.core.judges.judge import Judge, Setting
from processing.core.parameters import Parameters, StrategyParameters
from processing.core.problem import Problem, Values
from processing.core.strategies import STRATEGIES
from processing.core.strategies.strategy import Strategy, model_of
from processing.core.types import GenomeKind
from processing.core.value_text import listed

__all__ = ["GENOMES", "JUDGES", "KINDS", "PROBLEMS", "STRATEGIES", "Kind", "kind_of"]

T = TypeVar("T")
_NAME = re.compile("[a-z][a-z0-9_]*")
#: Keys that documents of every kind have.
COMMON_KEYS = (
    "version", "kind", "name", "description", "labels", "seed", "priority", "replicates", "strategy", "stop",
    "record", "execution",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, by the names in the tables.

    Attributes:
        summary: what is evolved, a sentence for people.
        genome: the name of the genome kind.
        strategies: names of strategies; the first is the default.
        judges: names of judges that documents may ask for by their settings, besides those of the problems.
        problem_key, genome_key: the keys in documents of the problem, and of what varies.
        problem_meaning, genome_meaning: what these keys mean.
        description: what work items of this kind do, a sentence for people; empty where the summary says it.
    """

    summary: str
    genome: str
    strategies: tuple[str, ...]
    judges: tuple[str, ...] = ()
    problem_key: str = "environment"
    genome_key: str = "network"
    problem_meaning: str = "What the networks act in."
    genome_meaning: str = "What the networks are like."
    description: str = ""

    @property
    def problems(self) -> Mapping[str, type[Problem]]:
        """The problems that documents may name, by their `type`."""
        return _registered(PROBLEMS, self.problem_key, "key of problems")

    @property
    def genome_kind(self) -> type[GenomeKind]:
        """The class of the genome kind."""
        return _registered(GENOMES, self.genome, "genome kind")

    @property
    def known_judges(self) -> list[type[Judge]]:
        """Its judges, and those of its problems."""
        names = dict.fromkeys((*self.judges, *(each.judge for each in self.problems.values())))
        return [_registered(JUDGES, name, "judge") for name in names]

    @property
    def settings(self) -> dict[str, Setting]:
        """The groups of parameters of the judges, by their keys in documents."""
        return {key: each for judge in self.known_judges for key, each in judge.settings.items()}

    @property
    def trains(self) -> bool:
        """Whether agents are trained, for which PyTorch is needed."""
        return any(judge.trains for judge in self.known_judges)

    @property
    def trade_off(self) -> tuple[str, str] | None:
        """The metrics of its judges by which pages draw all agents of a run; None where there are none."""
        return next((judge.trade_off for judge in self.known_judges if judge.trade_off), None)

    def strategy_model(self, name: str) -> type[Parameters]:
        """Return the parameters of a strategy in documents of this kind."""
        return model_of(STRATEGIES[name], self.genome_kind)

    def problem_in(self, document: Values) -> tuple[type[Problem], Values]:
        """Return the class of a document's problem, and its part of the document."""
        values: Values = document[self.problem_key]
        return _registered(self.problems, values["type"], self.problem_key), values

    def strategy_in(self, document: Values) -> type[Strategy]:
        """Return the class of a document's strategy."""
        return _registered(STRATEGIES, document["strategy"]["type"], "strategy")

    def judge_of(self, problem: Problem, genome: GenomeKind, settings: Mapping[str, Parameters]) -> Judge:
        """Return the judge that a document's settings ask for, else the one of its problem.

        Args:
            settings: the groups of the document by key, without those that are null.
        """
        others = (_registered(JUDGES, name, "judge") for name in self.judges)
        asked = (each for each in others if each.is_asked_for(settings))
        judge = next(asked, None) or _registered(JUDGES, problem.judge, "judge")
        own = {key: settings[key] for key in judge.settings if key in settings}
        return judge.of(problem, genome, own)


#: The problems, by the keys of documents and then by their `type`.
PROBLEMS: dict[str, Mapping[str, type[Problem]]] = {"environment": ENVIRONMENTS, "dataset": DATASETS}

KINDS: dict[str, Kind] = {
    "weight_evolution": Kind(
        "The weights of a fixed network are evolved.", genome="dense", judges=("novelty",),
        strategies=("rising_threshold", "genetic", "openai_es", "cma_es", "random_search"),
        genome_meaning="The network whose weights are evolved.",
        description="The weights of a fixed network are evolved to do well in an environment.",
    ),
    "neat": Kind(
        "Networks grow from small ones, and their weights with them.", genome="graph", judges=("novelty",),
        strategies=("neat", "random_search"),
        genome_meaning="What the networks start as, and may become.",
        description="Networks grow, nodes and connections and all, to do well in an environment.",
    ),
    "cnn_evolution": Kind(
        "Convolutional networks that classify images are evolved, and trained to be scored.", genome="cnn",
        strategies=("genetic", "random_search"), problem_key="dataset", genome_key="search_space",
        problem_meaning="The images that networks learn to classify.",
        genome_meaning="What networks may be like, and how they may be trained.",
        description="Layers, sizes and training of convolutional networks are evolved to classify images.",
    ),
}


#: What the entries of a table are, the attributes that they need, and whether documents name them by `type`.
_ENTRIES: dict[str, tuple[type, tuple[str, ...], bool]] = {
    "KINDS": (Kind, (), False), "": (Mapping, (), False), "JUDGES": (Judge, (), False),
    "GENOMES": (GenomeKind, ("Parameters", "bytes_per_weight"), False),
    "PROBLEMS": (Problem, ("Parameters", "view", "judge"), True),
    "STRATEGIES": (Strategy, ("Parameters", "label"), True),
}


def kind_of(document: Values) -> Kind:
    """Return the kind of a document.

    Raises:
        Unregistered: no module that this process imports adds it. Everything of `Kind` that looks up a table
            raises it likewise.
    """
    return _registered(KINDS, document["kind"], "kind")


def _registered(table: Mapping[str, T], name: str, what: str) -> T:
    """Return an entry of a table. Raises Unregistered."""
    if name not in table:
        raise Unregistered(
            f'The {what} "{name}" is not known here: EXTENSION_MODULES does not name the module that adds it.'
        )
    return table[name]


def check_tables() -> None:
    """Check that the entries of all tables fit together.

    Raises:
        Misregistered: one does not; the message names all that do not.
    """
    troubles = [*_entry_troubles()] or [each for name in KINDS for each in _kind_troubles(name)]
    if troubles:
        raise Misregistered(" ".join(troubles))


def _entry_troubles() -> Iterator[str]:
    tables: dict[str, Mapping[str, object]] = {
        "KINDS": KINDS, "GENOMES": GENOMES, "JUDGES": JUDGES, "STRATEGIES": STRATEGIES, "PROBLEMS": PROBLEMS,
        **{f'PROBLEMS["{key}"]': each for key, each in PROBLEMS.items() if isinstance(each, Mapping)},
    }
    for table, entries in tables.items():
        for name, entry in entries.items():
            if not _NAME.fullmatch(name):
                yield f'{table}: expected names of small letters, digits and underscores, got "{name}".'
            yield from (f'{table}["{name}"]{each}' for each in _entry_trouble(table, name, entry))


def _entry_trouble(table: str, name: str, entry: object) -> Iterator[str]:
    """Yield what is wrong with an entry of a table, each as the end of a sentence."""
    protocol, wanted, has_type = _ENTRIES[table.partition("[")[0] if table != "PROBLEMS" else ""]
    if protocol is Kind or protocol is Mapping:
        if not isinstance(entry, protocol):
            yield f": expected a {protocol.__name__}, got {entry!r}."
        return
    if not isinstance(entry, type) or protocol not in entry.__mro__:
        yield f": expected a class that inherits {protocol.__name__}, got {entry!r}."
        return
    absent = (each for each in wanted if not hasattr(entry, each))
    if lacking := sorted({*getattr(entry, "__abstractmethods__", ()), *absent}):
        yield f" lacks {listed(lacking)}."
    elif has_type and _type_in(entry) != (name,):
        yield f': expected Parameters with type: Literal["{name}"].'


def _type_in(entry: Any) -> tuple[object, ...]:
    """Return the values that the parameter `type` may have."""
    field = entry.Parameters.model_fields.get("type")
    return () if field is None else get_args(field.annotation)


def _kind_troubles(name: str) -> Iterator[str]:
    kind, place = KINDS[name], f'KINDS["{name}"]'
    for each in ("strategies", "judges"):
        if isinstance(getattr(kind, each), str):
            yield f"{place}: expected {each} in a tuple, got a text."
            return
    problems = PROBLEMS.get(kind.problem_key, {})
    judges = (*kind.judges, *(each.judge for each in problems.values()))
    named: tuple[tuple[str, Mapping[str, object], tuple[str, ...]], ...] = (
        ("GENOMES", GENOMES, (kind.genome,)), ("STRATEGIES", STRATEGIES, kind.strategies),
        ("PROBLEMS", PROBLEMS, (kind.problem_key,)), ("JUDGES", JUDGES, judges),
    )
    troubles = [
        f'{place}: {table} has no "{each}".'
        for table, entries, wanted in named for each in dict.fromkeys(wanted) if each not in entries
    ]
    if not troubles and not (problems and kind.strategies):
        troubles.append(f"{place}: expected a problem and a strategy or more.")
    if troubles:
        yield from troubles
        return
    genes = kind.genome_kind.Variation
    for each in kind.strategies:
        own = STRATEGIES[each].Parameters.model_fields.keys() if STRATEGIES[each].breeds else set[str]()
        if genes and (twice := genes.model_fields.keys() & own):
            yield f'{place}: the variation and the strategy {each} both have the parameter {min(twice)}.'
        if not issubclass(STRATEGIES[each].Parameters, StrategyParameters):
            yield f'STRATEGIES["{each}"]: expected Parameters that are StrategyParameters.'
        if not STRATEGIES[each].takes(kind.genome_kind):
            yield f'{place}: the strategy {each} cannot vary genomes of the kind {kind.genome}.'
    settings = {(key, each.model) for judge in kind.known_judges for key, each in judge.settings.items()}
    keys = Counter([*COMMON_KEYS, kind.problem_key, kind.genome_key, *(key for key, _ in settings)])
    yield from (
        f'{place}: expected keys of small letters, digits and underscores, got "{key}".'
        for key in keys if not _NAME.fullmatch(key)
    )
    yield from (f'{place}: two parts of its documents have the key "{key}".' for key in keys if keys[key] > 1)


extensions.load()
check_tables()
