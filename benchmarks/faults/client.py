"""A client that submits with an idempotency key, so that requests can be repeated until acknowledged."""

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

SUBMIT = """
mutation($document: JSON!, $key: String) {
  submitWorkItem(input: {spec: {document: $document}, idempotencyKey: $key}) {
    instances { number } userErrors { message path }
  }
}
"""
CANCEL = (
    "mutation($id: ID!) { cancelInstance(input: {id: $id}) { instance { number } userErrors { message } } }"
)
EXTEND = """
mutation($id: ID!, $generations: Int!) {
  extendInstance(input: {id: $id, stop: {maxGenerations: $generations}}) {
    instance { number } userErrors { message }
  }
}
"""
IDENTIFIER = "query($number: Int!) { instance(by: {number: $number}) { id } }"


class Refused(Exception):
    """The server answered that it does not accept the work item."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int  # 0 where there was no answer at all
    seconds: float
    retry_after: str | None
    body: Any


class Client:
    """One user of the server at a URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def post(self, query: str, *, timeout: float = 15.0, **variables: Any) -> Answer:
        """Send a query and return the answer, also where it is an error."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        started = time.monotonic()
        status, retry_after, text = 0, None, b""
        try:
            with self.opener.open(request, timeout=timeout) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, retry_after, text = error.code, error.headers.get("Retry-After"), error.read()
        except (OSError, ValueError, http.client.HTTPException) as error:  # the last where it was killed
            status, text = 0, json.dumps(str(error)).encode()
        try:
            parsed = json.loads(text or b"null")
        except ValueError:
            parsed = text.decode(errors="replace")[:300]
        return Answer(status, time.monotonic() - started, retry_after, parsed)

    def submit(
        self, document: dict[str, Any], key: str, *, timeout: float = 15.0
    ) -> tuple[Answer, list[int]]:
        """Submit a work item; return the answer, and the numbers of its runs where it was accepted.

        Raises:
            Refused: the answer has user errors.
        """
        answer = self.post(SUBMIT, timeout=timeout, document=document, key=key)
        if answer.status != 200 or answer.body.get("errors"):
            return answer, []
        payload = answer.body["data"]["submitWorkItem"]
        if payload["userErrors"]:
            raise Refused(str(payload["userErrors"]))
        return answer, [instance["number"] for instance in payload["instances"]]

    def cancel(self, number: int) -> Answer:
        """Cancel a run; return the answer, or that of the look-up where the run was not found."""
        identifier = self.identifier(number)
        return identifier if isinstance(identifier, Answer) else self.post(CANCEL, id=identifier)

    def extend(self, identifier: str, generations: int) -> Answer:
        """Let the run with this global id go on until it has so many generations in all."""
        return self.post(EXTEND, id=identifier, generations=generations)

    def identifier(self, number: int) -> str | Answer:
        """Return the global id of a run; the answer where there was none."""
        found = self.post(IDENTIFIER, number=number)
        return found if found.status != 200 else str(found.body["data"]["instance"]["id"])

    def is_up(self) -> bool:
        """Whether the process behind the URL answers."""
        try:
            with self.opener.open(f"{self.url}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False
