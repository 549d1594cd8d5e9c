"""Problems: what the agents of a run are asked to do, whatever its kind."""

from typing import Any

import graphene

from api.graphql.types.enums import ProblemView
from api.graphql.types.node import many, maybe, one
from processing.core.kinds import JUDGES, kind_of
from processing.core.problem import Values
from processing.core.search.plan import Plan


class Problem(graphene.ObjectType):
    """What agents are asked to do."""

    key = one(graphene.String, "The key of the work item that describes it, e.g. `environment`.")
    type = one(graphene.String, "Its `type` in the work item.")
    label = one(graphene.String, "What it is, in a few words.")
    input_shape = many(graphene.Int, "Shape of what a network gets, without the batch dimension.")
    output_shape = many(graphene.Int, "Shape of what a network gives, without the batch dimension.")
    judge = one(graphene.String, "The name of what computes the scores by which agents are selected.")
    view = one(ProblemView, "How pages show what an agent did.")
    best_possible = maybe(
        graphene.Float, "An upper bound of the fitness, not always attained; null where none is known."
    )
    solved_when = maybe(graphene.String, "When it is solved; null where nothing says so in words.")


def task_of(plan: Plan, spec: Values) -> dict[str, Any]:
    """The fields of `Problem` for the problem of a run.

    Args:
        spec: the document.
    """
    kind, problem = kind_of(spec), plan.problem
    named, values = kind.problem_in(spec)
    return {
        "key": kind.problem_key, "type": values["type"], "label": named.label(values),
        "input_shape": problem.input_shape, "output_shape": problem.output_shape,
        "judge": next(name for name, each in JUDGES.items() if each is type(plan.judge)),
        "view": problem.view, "best_possible": problem.best_possible(),
        "solved_when": named.solved_when(values),
    }
