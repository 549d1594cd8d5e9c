"""Defaults that depend on the rest of the document, for keys that were left out.

The classes of problems, genome kinds and strategies bring the rules. Given values are never changed.
"""

from processing.core.parameters import Parameters
from processing.core.problem import Facts, Problem, ServerLookup
from processing.core.types import GenomeKind
from staging.asked import AskedWorkItem


def fitted_strategy(asked: AskedWorkItem) -> AskedWorkItem:
    """Fill in the strategy's defaults that depend on its other parameters."""
    return asked.with_part("strategy", asked.strategy_class.fitted(asked.strategy))


def completed(asked: AskedWorkItem, known: ServerLookup, facts: Facts | None) -> AskedWorkItem:
    """Fill in what was looked up of the problem."""
    parameters = asked.problem_class.completed(asked.problem, known, facts)
    return asked.with_part(asked.kind.problem_key, parameters)


def fitted_problem(asked: AskedWorkItem) -> AskedWorkItem:
    """Fill in the problem's defaults that depend on its other parameters, or on the networks.

    Raises:
        Refused: the parameters contradict each other.
    """
    parameters = asked.problem_class.fitted(asked.problem, lambda problem: genome_of(asked, problem))
    return asked.with_part(asked.kind.problem_key, parameters)


def fitted_genome(asked: AskedWorkItem, problem: Problem) -> AskedWorkItem:
    """Fill in the genome kind's defaults that depend on the problem.

    Raises:
        Refused: networks of this kind do not suit the problem.
    """
    return asked.with_part(asked.kind.genome_key, _fitted(asked, problem))


def fitted_to_genome(asked: AskedWorkItem, genome: GenomeKind) -> AskedWorkItem:
    """Fill in the strategy's defaults that depend on the genome kind."""
    return asked.with_part("strategy", asked.strategy_class.fitted_to_genome(asked.strategy, genome))


def genome_of(asked: AskedWorkItem, problem: Problem) -> GenomeKind:
    """Return the genome kind for a problem.

    Raises:
        Refused: networks of this kind do not suit the problem.
    """
    return asked.kind.genome_kind.of(
        _fitted(asked, problem), input_shape=problem.input_shape, output_shape=problem.output_shape
    )


def _fitted(asked: AskedWorkItem, problem: Problem) -> Parameters:
    """Return the genome kind's parameters with the defaults that depend on the problem."""
    fitted: Parameters = asked.kind.genome_kind.fitted(
        asked.genome, input_shape=problem.input_shape, output_shape=problem.output_shape
    )
    return fitted
