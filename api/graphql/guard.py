"""Limits on the cost of a query, checked before anything is read, in time linear in the query's length.

First the size in bytes and tokens, then the shape (depth, nesting, aliases, root fields), then GraphQL's own
rules, then the number of nodes that the query asks for: a page multiplies the cost of its fields. The size of
genomes, episodes, curves and histories is charged when they are read, see `budgets.py`. Each fragment is
measured once, however often it is spread, so that chains, cycles and doublings of fragments take no extra
time.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from graphql import GraphQLError, GraphQLSchema, parse, specified_rules, validate
from graphql.language import TokenKind, ast
from graphql.type import get_named_type

from api.graphql.types.genomes import GENOME_WEIGHTS
from api.graphql.types.scalars import MOST_DIGITS
from database.selectors import MOST_ANCESTORS

MAXIMUM_BYTES = 100_000
#: Levels of any kind, fragments among them: more than real queries need, fewer than Python's recursion limit.
MAXIMUM_NESTING = 60
MAXIMUM_ROOT_FIELDS = 20
MAXIMUM_ALIASES = 50
MAXIMUM_FIELDS = 1_000
MAXIMUM_ERRORS = 20

#: Cost of the fields that cost more than one node, in nodes, by their types or the interfaces of these.
WEIGHTS = {
    "Agent.offspring": 20, "Agent.genome": 2, "Agent.episodes": 50, "Agent.replays": 20, "Agent.curves": 5,
    "Species.history": 5, "Instance.species": 2, "Instance.lineage": 200, "LineageStep.mutations": 5,
    "Query.examples": 10, "Query.workers": 50, "Query.validateWorkItem": 100, "Mutation.submitWorkItem": 500,
    "Mutation.requestReplay": 100, "Mutation.extendInstance": 500, "Instance.statistics": 10,
    "Instance.champions": 20, "Instance.agents": 20, "Instance.explainWait": 100,
    **GENOME_WEIGHTS,
}
#: Arguments that set the length of a list.
LENGTHS = ("first", "maxPoints", "maxDepth")
#: Fields of a page that hold its rows.
ROWS = ("nodes", "edges")
#: Rows that these lists usually have where the query sets no length; their default length is larger.
USUAL_ROWS = {"Generation.species": 20}
#: Rows of statistics are cheap: this many cost as much as one node.
POINTS_PER_NODE = 50

_RULES = tuple(specified_rules)
_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")


def read(text: str) -> ast.DocumentNode:
    """Parse a query and check its size and shape. Raises GraphQLError."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAXIMUM_BYTES:
        raise _too_much("bytes", size, MAXIMUM_BYTES)
    try:
        document = parse(text, max_tokens=settings.GRAPHQL_MAXIMUM_TOKENS)
    except RecursionError as error:
        raise _too_much("levels", "more", MAXIMUM_NESTING) from error
    if _LONG_NUMBER.search(text):
        _check_numbers(document)
    _Shape(document).check()
    return document


def faults(schema: GraphQLSchema, document: ast.DocumentNode) -> list[GraphQLError]:
    """Errors of the query by GraphQL's own validation rules."""
    return validate(schema, document, _RULES, max_errors=MAXIMUM_ERRORS)


def check_cost(
    schema: GraphQLSchema, document: ast.DocumentNode, operation: ast.OperationDefinitionNode,
    variables: Mapping[str, Any]
) -> None:
    """Raise GraphQLError where a valid query asks for too many nodes."""
    cost = _Cost(schema, document, operation, variables).of(operation)
    if cost > settings.GRAPHQL_MAXIMUM_COST:
        raise _too_much("nodes asked for", cost, settings.GRAPHQL_MAXIMUM_COST, "Ask for fewer with `first`.")


def operation_of(document: ast.DocumentNode, name: str | None) -> ast.OperationDefinitionNode:
    """The operation of this name, or the only one. Raises GraphQLError where there is no such operation."""
    operations = [each for each in document.definitions if isinstance(each, ast.OperationDefinitionNode)]
    named = [each for each in operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(each.name.value for each in operations if each.name)
    expected = f"one of {known}" if known else "none, for the operation has no name"
    raise GraphQLError(
        f"operationName: expected {expected}, got {'nothing' if name is None else 'another name'}"
    )


class _Shape:
    """Depth, nesting, aliases and root fields of a document."""

    def __init__(self, document: ast.DocumentNode) -> None:
        self.operations = [
            each for each in document.definitions if isinstance(each, ast.OperationDefinitionNode)
        ]
        self.fragments = _fragments(document)
        self.depths: dict[str, int] = {}
        self.fields = self.aliases = 0

    def check(self) -> None:
        """Raise GraphQLError where one of them is too large."""
        depth = max((self._depth(each.selection_set, 0) for each in self.operations), default=0)
        for name in self.fragments:
            self._spread(name, 0)
        roots = max((self._roots(each.selection_set, set()) for each in self.operations), default=0)
        for what, given, most in (
            ("levels of fields", depth, settings.GRAPHQL_MAXIMUM_DEPTH),
            ("fields", self.fields, MAXIMUM_FIELDS), ("aliases", self.aliases, MAXIMUM_ALIASES),
            ("fields at the root", roots, MAXIMUM_ROOT_FIELDS),
        ):
            if given > most:
                raise _too_much(what, given, most)

    def _depth(self, selections: ast.SelectionSetNode | None, nesting: int) -> int:
        """Levels of fields in a selection.

        Introspection counts as one level; GraphQL's own rules limit it.
        """
        if selections is None:
            return 0
        if nesting > MAXIMUM_NESTING:
            raise _too_much("levels", "more", MAXIMUM_NESTING)
        return max((self._depth_of(each, nesting + 1) for each in selections.selections), default=0)

    def _depth_of(self, node: ast.SelectionNode, nesting: int) -> int:
        match node:
            case ast.FieldNode():
                self.fields += 1
                self.aliases += node.alias is not None
                inside = self._depth(node.selection_set, nesting)
                return 1 if node.name.value.startswith("__") else 1 + inside
            case ast.InlineFragmentNode():
                return self._depth(node.selection_set, nesting)
            case ast.FragmentSpreadNode():
                return self._spread(node.name.value, nesting)
            case _:
                return 0

    def _spread(self, name: str, nesting: int) -> int:
        """Depth of a fragment, measured once; 0 where unknown or recursive, which other rules refuse."""
        if name not in self.depths and name in self.fragments:
            self.depths[name] = 0
            self.depths[name] = self._depth(self.fragments[name].selection_set, nesting)
        return self.depths.get(name, 0)

    def _roots(self, selections: ast.SelectionSetNode, seen: set[str]) -> int:
        """Number of fields at the root, those of fragments included."""
        total, waiting = 0, [selections]
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, ast.FieldNode):
                    total += 1
                elif isinstance(node, ast.InlineFragmentNode):
                    waiting.append(node.selection_set)
                elif isinstance(node, ast.FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    if node.name.value in self.fragments:
                        waiting.append(self.fragments[node.name.value].selection_set)
        return total


class _Cost:
    """Counts the nodes that a valid operation asks for."""

    def __init__(
        self, schema: GraphQLSchema, document: ast.DocumentNode, operation: ast.OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self.schema, self.variables = schema, variables
        self.defaults = {
            each.variable.name.value: each.default_value for each in operation.variable_definitions or ()
        }
        self.fragments = _fragments(document)
        self.known: dict[tuple[str, int], int] = {}

    def of(self, operation: ast.OperationDefinitionNode) -> int:
        """The cost of the operation, in nodes."""
        return self._inside(operation.selection_set, self.schema.get_root_type(operation.operation), 1)

    def _inside(self, selections: ast.SelectionSetNode | None, parent: Any, length: int) -> int:
        """The cost of a selection on one parent; `length` rows where that is a page."""
        return sum(self._cost(node, parent, length) for node in (selections.selections if selections else ()))

    def _cost(self, node: ast.SelectionNode, parent: Any, length: int) -> int:
        match node:
            case ast.FieldNode():
                return self._field(node, parent, length)
            case ast.InlineFragmentNode(type_condition=condition):
                return self._inside(node.selection_set, self._type(condition) or parent, length)
            case ast.FragmentSpreadNode():
                return self._fragment(node.name.value, length)
            case _:
                return 0

    def _fragment(self, name: str, length: int) -> int:
        if (name, length) not in self.known:
            fragment = self.fragments[name]
            self.known[name, length] = self._inside(
                fragment.selection_set, self._type(fragment.type_condition), length
            )
        return self.known[name, length]

    def _field(self, node: ast.FieldNode, parent: Any, length: int) -> int:
        field = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if field is None:  # introspection
            return 1
        kind = get_named_type(field.type)
        weight = _weight(parent, node)
        rows = self._length(node, field, USUAL_ROWS.get(f"{parent.name}.{node.name.value}"))
        inside = self._inside(node.selection_set, kind, rows)
        if parent.name == "Lineage":
            return weight + _ancestors(node.name.value, length) * inside
        if kind.name == "Lineage":
            return weight + inside
        if kind.name.endswith("Connection"):
            return weight + inside
        if "maxPoints" in field.args:
            return weight + rows // POINTS_PER_NODE + rows * inside
        return (length if node.name.value in ROWS else rows) * (weight + inside)

    def _length(self, node: ast.FieldNode, field: Any, usual: int | None) -> int:
        """Rows that a field is asked for; where the query sets none, the usual number or the default."""
        name = next((each for each in LENGTHS if each in field.args), None)
        if name is None:
            return len(self._ids(node)) or 1
        given = next((each.value for each in node.arguments if each.name.value == name), None)
        value = self._value(given)
        if value is not None:
            return max(value, 0)
        return int(field.args[name].default_value) if usual is None else usual

    def _ids(self, node: ast.FieldNode) -> list[Any]:
        """The list that the argument `ids` holds."""
        given = next((each.value for each in node.arguments if each.name.value == "ids"), None)
        if isinstance(given, ast.ListValueNode):
            return list(given.values)
        value = self.variables.get(given.name.value) if isinstance(given, ast.VariableNode) else None
        return value if isinstance(value, list) else []

    def _value(self, node: ast.ValueNode | None) -> int | None:
        if isinstance(node, ast.VariableNode):
            name = node.name.value
            if name in self.variables:
                value = self.variables[name]
                return value if type(value) is int else None
            node = self.defaults.get(name)
        return int(node.value) if isinstance(node, ast.IntValueNode) and len(node.value) < 20 else None

    def _type(self, condition: Any) -> Any:
        return self.schema.get_type(condition.name.value) if condition else None


def _weight(parent: Any, node: ast.FieldNode) -> int:
    """The cost of a field, by its type or an interface of that; 1 for other objects, 0 for other leaves."""
    types = (parent, *getattr(parent, "interfaces", ()))
    keys = (f"{each.name}.{node.name.value}" for each in types)
    return next((WEIGHTS[key] for key in keys if key in WEIGHTS), 1 if node.selection_set else 0)


def _ancestors(name: str, depth: int) -> int:
    """Rows of a list of a lineage that is `depth` births deep; edges are cheap."""
    agents = min(MOST_ANCESTORS, 2 ** min(depth + 1, MOST_ANCESTORS.bit_length()))
    return {"agents": agents, "edges": -(-agents // POINTS_PER_NODE), "line": depth}.get(name, 1)


def _check_numbers(document: ast.DocumentNode) -> None:
    """Raise GraphQLError where a number is too long to be read."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and len(token.value or "") > MOST_DIGITS:
            raise _too_much("digits in a number", len(token.value or ""), MOST_DIGITS)
        token = token.next


def _fragments(document: ast.DocumentNode) -> dict[str, ast.FragmentDefinitionNode]:
    return {
        each.name.value: each for each in document.definitions if isinstance(each, ast.FragmentDefinitionNode)
    }


def _too_much(what: str, given: object, most: int, advice: str = "") -> GraphQLError:
    message = f"The query has too many {what}: expected at most {most}, got {given}. {advice}".strip()
    return GraphQLError(message, extensions={"code": "LIMIT_EXCEEDED"})
