"""Asking the GraphQL door as any client does."""

import json
from typing import Any

from django.test import Client


def post(client: Client, body: Any, **headers: Any) -> Any:
    """The response to a body, as JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        "/graphql", data, content_type=headers.pop("content_type", "application/json"), headers=headers
    )


def ask(client: Client, query: str, **variables: Any) -> dict[str, Any]:
    """The data of a query that must succeed."""
    response = post(client, {"query": query, "variables": variables})
    answer = json.loads(response.content)
    assert "errors" not in answer, answer["errors"]
    assert response.status_code == 200
    data: dict[str, Any] = answer["data"]
    return data


def refusal(client: Client, query: str, **variables: Any) -> dict[str, Any]:
    """The first error of a query that must not succeed."""
    response = post(client, {"query": query, "variables": variables})
    assert response.status_code < 500, response.content
    error: dict[str, Any] = json.loads(response.content)["errors"][0]
    assert "code" in error["extensions"]
    return error
