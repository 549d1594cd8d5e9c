"""Lineage: an agent's ancestors, and what changed along the line of its fitter parents."""

from typing import Any

import graphene

from api.graphql.connections import within
from api.graphql.types.agents import Agent
from api.graphql.types.enums import AgentOrigin
from api.graphql.types.genomes import ConnectionGene, unpacked_at
from api.graphql.types.node import many, maybe, one
from api.ids import global_id
from database import selectors
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.genomes.changes import Changes

DEFAULT_DEPTH, MOST_DEPTH = 50, 1_000


class LineageEdge(graphene.ObjectType):
    """One birth: from a parent to its child."""

    parent_id = one(graphene.ID, "Global ID of the parent.")
    child_id = one(graphene.ID, "Global ID of the child.")
    origin = one(AgentOrigin, "How the child's genome came to be.")

    @staticmethod
    def resolve_parent_id(edge: tuple[AgentRecord, AgentRecord], info: Any) -> str:
        return _id(edge[0])

    @staticmethod
    def resolve_child_id(edge: tuple[AgentRecord, AgentRecord], info: Any) -> str:
        return _id(edge[1])

    @staticmethod
    def resolve_origin(edge: tuple[AgentRecord, AgentRecord], info: Any) -> int:
        return edge[1].operator


class Mutations(graphene.ObjectType):
    """How an agent's genome differs from its parent's. Networks of fixed shape differ in weights only."""

    nodes_added = many(graphene.Int, "Numbers of hidden nodes that the parent lacks.")
    nodes_removed = many(graphene.Int, "Numbers of hidden nodes that only the parent has.")
    links_added = many(ConnectionGene, "Connections that the parent lacks.")
    links_removed = many(ConnectionGene, "Connections that only the parent has.")
    links_enabled = many(ConnectionGene, "Connections that were disabled.")
    links_disabled = many(ConnectionGene, "Connections that were enabled.")
    weights_changed = one(graphene.Int, "How many weights differ, of those that both have.")
    largest_change = maybe(
        graphene.Float, "The largest of these differences, without its sign; null where there is none."
    )


class LineageStep(graphene.ObjectType):
    """One birth on the line: from the fitter parent to its child."""

    parent = one(Agent, "The fitter parent, the mother of equals.")
    agent = one(Agent, "The child.")
    origin = one(AgentOrigin, "How its genome came to be.")
    operator = one(graphene.String, "The same in words.")
    fitness_before = maybe(graphene.Float, "Fitness of the parent.")
    fitness_after = maybe(graphene.Float, "Fitness of the child.")
    fitness_change = maybe(graphene.Float, "The difference.")
    mutations = maybe(Mutations, "What changed in the genome; null where one of the two is not kept.")

    @staticmethod
    def resolve_parent(step: "Step", info: Any) -> AgentRecord:
        return step.parent

    @staticmethod
    def resolve_agent(step: "Step", info: Any) -> AgentRecord:
        return step.child

    @staticmethod
    def resolve_origin(step: "Step", info: Any) -> int:
        return step.child.operator

    @staticmethod
    def resolve_operator(step: "Step", info: Any) -> str:
        return Agent.resolve_operator(step.child, info)

    @staticmethod
    def resolve_fitness_before(step: "Step", info: Any) -> float | None:
        return step.parent.fitness

    @staticmethod
    def resolve_fitness_after(step: "Step", info: Any) -> float | None:
        return step.child.fitness

    @staticmethod
    def resolve_fitness_change(step: "Step", info: Any) -> float | None:
        before, after = step.parent.fitness, step.child.fitness
        return None if before is None or after is None else after - before

    @staticmethod
    def resolve_mutations(step: "Step", info: Any) -> Changes | None:
        before, after = (unpacked_at(info.context, _address(each)) for each in (step.parent, step.child))
        if before is None or after is None:
            return None
        found = after.changes_from(before)
        info.context.budgets.genes.spend(
            sum(map(len, (found.links_added, found.links_removed, found.links_enabled)))
        )
        return found


class Lineage(graphene.ObjectType):
    """A part of the family tree."""

    root = one(Agent, "Whose ancestors these are.")
    agents = many(
        Agent, "It and its ancestors, at most 2 000 and the youngest of them; parents before children."
    )
    edges = many(LineageEdge, "Every birth of which parent and child are among them.")
    line = many(
        LineageStep, "From parent to child up to the root, always by the fitter parent; the earliest first."
    )
    truncated = one(graphene.Boolean, "Whether `maxDepth` or the limit of 2 000 agents cut it short.")

    @staticmethod
    def resolve_line(tree: "Tree", info: Any) -> list["Step"]:
        return tree.steps()


class Step:
    """A step of a line of descent: a parent and its child."""

    def __init__(self, parent: AgentRecord, child: AgentRecord) -> None:
        self.parent, self.child = parent, child


class Tree:
    """A lineage; the genomes along its line are read together when one is first needed."""

    def __init__(self, context: Any, found: selectors.Lineage) -> None:
        self.root, self.agents, self.edges, self.truncated = (
            found.root, found.agents, found.edges, found.is_truncated
        )
        self._line, self._context = found.line, context

    def steps(self) -> list[Step]:
        """The pairs of parent and child along the line, the earliest first."""
        self._context.genomes.announce(_address(each) for each in self._line)
        return [Step(parent, child) for parent, child in zip(self._line, self._line[1:], strict=False)]


def lineage_of(info: Any, run: Instance, root: tuple[int, ...] | None, max_depth: int | None) -> Tree | None:
    """The ancestors of an agent of this run, of its champion where none is named; None where there is none.
    """
    depth = within("maxDepth", max_depth, DEFAULT_DEPTH, 0, MOST_DEPTH)
    if root is None:
        if run.champion_generation is None or run.champion_index is None:
            return None
        root = (run.pk, run.champion_generation, run.champion_index)
    found = selectors.lineage((root[0], root[1], root[2]), max_depth=depth)
    if found is None:
        return None
    info.context.met_agents(found.agents)
    for each in found.agents:
        info.context.parents.keep(_address(each), each)
    return Tree(info.context, found)


def _address(agent: AgentRecord) -> tuple[int, int, int]:
    return agent.instance_id, agent.generation, agent.index


def _id(agent: AgentRecord) -> str:
    return global_id("Agent", *_address(agent))
