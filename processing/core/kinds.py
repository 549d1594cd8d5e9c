"""What a work item can name: the tables of problems, genome kinds, judges, strategies, and kinds of work.

A kind is one line. The document of a work item, its JSON Schema, its plan and its pages are made from these
tables. Operators add to them from modules of their own: see `extensions.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from processing.core import extensions
from processing.core.environments import ENVIRONMENTS
from processing.core.errors import Unregistered
from processing.core.genomes import GENOMES
from processing.core.judges import JUDGES
from processing.core.judges.judge import Judge, Setting
from processing.core.parameters import Parameters
from processing.core.problem import Problem, Values
from processing.core.strategies import STRATEGIES
from processing.core.strategies.strategy import Strategy, model_of
from processing.core.types import GenomeKind

__all__ = ["GENOMES", "JUDGES", "KINDS", "PROBLEMS", "STRATEGIES", "Kind", "kind_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work, by the names in the tables.

    Attributes:
        summary: what is evolved, a sentence for people.
        genome: the name of the genome kind.
        strategies: names of strategies; the first is the default.
        judges: names of the judges whose settings documents may have.
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
    def settings(self) -> dict[str, Setting]:
        """The groups of parameters of its judges, by their keys in documents."""
        judges = [_registered(JUDGES, name, "judge") for name in self.judges]
        return {key: each for judge in judges for key, each in judge.settings.items()}

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

    def judge_for(self, judge: str, document: Mapping[str, Any]) -> type[Judge]:
        """Return the judge that the document's settings ask for, else the one of the problem.

        Args:
            judge: the name of the problem's judge.
        """
        asked = (JUDGES[name] for name in self.judges if JUDGES[name].is_asked_for(document))
        return next(asked, None) or _registered(JUDGES, judge, "judge")


#: The problems, by the keys of documents and then by their `type`.
PROBLEMS: dict[str, dict[str, type[Problem]]] = {"environment": ENVIRONMENTS}

KINDS: dict[str, Kind] = {
    "weight_evolution": Kind(
        "The weights of a fixed network are evolved.", genome="dense",
        strategies=("rising_threshold", "genetic", "openai_es", "cma_es"), judges=("novelty",),
        genome_meaning="The network whose weights are evolved.",
        description="The weights of a fixed network are evolved to do well in an environment.",
    ),
    "neat": Kind(
        "Networks grow from small ones, and their weights with them.", genome="graph", strategies=("neat",),
        judges=("novelty",), genome_meaning="What the networks start as, and may become.",
        description="Networks grow, nodes and connections and all, to do well in an environment.",
    ),
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


extensions.load()
