"""The view of /graphql: POST requests in JSON are executed; a browser's GET gets GraphiQL."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.vary import vary_on_headers
from graphql import ExecutionResult, GraphQLError, execute

from api.access import Permission, may
from api.errors import Answer, answer_of, as_json, code_and_status, extensions_of, with_advice
from api.graphql import guard
from api.graphql.graphiql import graphiql
from api.graphql.loaders import Context
from api.graphql.schema import schema
from processing.core.errors import Refused

_NO_JSON_TYPE = Answer("INVALID_TYPE", 415, "Content-Type: expected application/json.")
_NO_METHOD = Answer(
    "INVALID_FORMAT", 405,
    "Send queries as JSON in POST requests; open this address in a browser for GraphiQL."
)


class BadBody(Refused):
    """The body is not a GraphQL request."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A GraphQL request."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


@csrf_exempt  # enforced below, where a cookie could be abused
@vary_on_headers("Accept", "Cookie", "Origin")
def graphql(request: HttpRequest) -> HttpResponse:
    """Execute a POST request, or show GraphiQL to a browser."""
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", ""):
        return graphiql(request)
    if request.method != "POST":
        response = JsonResponse(as_json(_NO_METHOD), status=_NO_METHOD.status)
        response["Allow"] = "GET, POST"
        return response
    if request.content_type != "application/json":
        return JsonResponse(as_json(_NO_JSON_TYPE), status=_NO_JSON_TYPE.status)
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        _check_token(request)
    if not may(request, Permission.VIEW):
        raise PermissionDenied
    try:
        result = _answered(_asked(_body(request)), Context(request))
    except GraphQLError as error:
        return JsonResponse({"errors": [_formatted(error)]}, status=400)
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        return JsonResponse({"errors": list(map(_formatted, result.errors))}, status=400)
    body = {"data": result.data} | ({"errors": list(map(_formatted, result.errors))} if result.errors else {})
    return with_advice(JsonResponse(body, status=_status(result), json_dumps_params={"allow_nan": False}))


class _TokenCheck(CsrfViewMiddleware):
    """Django's check of the CSRF token, which returns the reason instead of a response."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _check_token(request: HttpRequest) -> None:
    """Raise PermissionDenied where a request with a session cookie lacks the CSRF token."""
    check = _TokenCheck(lambda request: HttpResponse())
    check.process_request(request)
    if reason := check.process_view(request, HttpResponse, (), {}):
        raise PermissionDenied(f"{reason} Send the cookie csrftoken's value as header X-CSRFToken.")


def _body(request: HttpRequest) -> bytes:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if int(request.META.get("CONTENT_LENGTH") or 0) > most or len(body := request.read(most + 1)) > most:
        raise RequestDataTooBig
    return body


def _asked(body: bytes) -> GraphQLRequest:
    """Parse the body of a request. Raises BadBody."""
    try:
        given = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise BadBody("The body is nested too deeply.") from error
    except ValueError as error:
        raise BadBody(f"The body: expected JSON in UTF-8, got something else ({error}).") from error
    if not isinstance(given, dict):
        what = "a list; send one query in each request" if isinstance(given, list) else "another value"
        raise BadBody(f"The body: expected an object with the key query, got {what}.")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str):
        raise BadBody("query: expected a text.")
    if not isinstance(variables, dict | None):
        raise BadBody("variables: expected an object.")
    if not isinstance(name, str | None):
        raise BadBody("operationName: expected a text.")
    return GraphQLRequest(query, variables or {}, name or None)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _answered(asked: GraphQLRequest, context: Context) -> ExecutionResult:
    """The result of a query that passed the guard. Raises GraphQLError where it did not."""
    document = guard.read(asked.query)
    if errors := guard.faults(schema.graphql_schema, document):
        return ExecutionResult(data=None, errors=errors)
    operation = guard.operation_of(document, asked.operation_name)
    guard.check_cost(schema.graphql_schema, document, operation, asked.variables)
    result = execute(
        schema.graphql_schema, document, variable_values=asked.variables, operation_name=asked.operation_name,
        context_value=context,
    )
    assert isinstance(result, ExecutionResult)  # no resolver is asynchronous
    return result


def _status(result: ExecutionResult) -> int:
    """503 where a field failed because something is unavailable, so that clients try again; else 200."""
    causes = [error.original_error for error in result.errors or () if error.original_error is not None]
    return 503 if any(code_and_status(type(cause))[1] == 503 for cause in causes) else 200


def _formatted(error: GraphQLError) -> dict[str, Any]:
    """An error for clients: a typed one as it is, any other as a bug with the number of its log record."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        code = (error.extensions or {}).get("code", "GRAPHQL_INVALID")
        return {**error.formatted, "extensions": {**(error.extensions or {}), "code": code}}
    answer = answer_of(original)
    return {**error.formatted, "message": answer.message, "extensions": extensions_of(answer)}
