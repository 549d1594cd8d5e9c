"""A client of the server's GraphQL endpoint, which submits as any other client does."""

import json
import urllib.error
import urllib.request
from typing import Any

from api.embedded.trouble import Trouble

SUBMIT = """
mutation Submit($document: JSON!) {
  submitWorkItem(input: {spec: {document: $document}}) {
    instances { number }
    userErrors { message hint }
  }
}
"""
TIMEOUT_SECONDS = 30.0


def submit(url: str, document: dict[str, Any]) -> list[int]:
    """Submit a work item and return the numbers of its runs.

    Raises:
        Trouble: the server refuses it, or does not answer.
    """
    body = json.dumps({"query": SUBMIT, "variables": {"document": document}}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        raise Trouble(
            f"The server refused the work item: {error.read()[:500].decode(errors='replace')}"
        ) from error
    except OSError as error:
        raise Trouble(f"The server did not answer: {error}") from error
    if answer.get("errors"):
        raise Trouble(f"The server refused the work item: {answer['errors'][0]['message']}")
    payload = answer["data"]["submitWorkItem"]
    if payload["userErrors"]:
        raise Trouble("; ".join(error["message"] for error in payload["userErrors"]))
    return [instance["number"] for instance in payload["instances"]]
