"""GraphiQL, which works without internet and opens on three queries that can be run as they are."""

import json
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from api.access import Permission, may
from api.examples import cards

#: The page loads from this server only; GraphiQL needs inline styles.
_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
    "font-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'self'",
    "frame-ancestors 'self'", "worker-src 'self' blob:",
))

LOOK = """\
# The server, and examples to start from.
query Look {
  server {
    version
    kinds
    queuedInstances
    runningInstances
  }
  examples {
    slug
    description
    estimate {
      evaluations
      secondsLow
      secondsHigh
    }
  }
}
"""
SUBMIT = """\
# Starts a run. Change the document as you like.
mutation Submit {
  submitWorkItem(input: {spec: {document: DOCUMENT}}) {
    instances {
      number
      state
      seed
    }
    warnings {
      message
    }
    userErrors {
      path
      message
      hint
    }
  }
}
"""
WATCH = """\
# The newest run: how far it is, its best agent,
# and that agent's way through its environment.
query Watch {
  instances(first: 1) {
    nodes {
      number
      name
      state
      outcome
      stopReason
      progress {
        generation
        maxGenerations
        bestFitness
        championFitness
        evaluationsPerSecond
        fraction
      }
      champion {
        name
        fitness
        origin
        genome {
          parameterCount
        }
        episodes {
          return
          steps
          trajectory {
            positions
          }
        }
      }
      statistics(maxPoints: 10) {
        generation
        best
        mean
        threshold
      }
    }
  }
}
"""


def graphiql(request: HttpRequest) -> HttpResponse:
    """The GraphiQL page; users who may not view are sent to the login."""
    if not may(request, Permission.VIEW):
        return redirect_to_login(request.get_full_path())
    get_token(request)  # sets the cookie that the page sends back with mutations
    queries = (LOOK, submission(json.loads(cards()[0].document)), WATCH)
    response = render(request, "graphiql.html", {"tabs": [{"query": query} for query in queries]})
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def submission(document: dict[str, Any]) -> str:
    """The mutation that submits this document, written as a GraphQL object."""
    return SUBMIT.replace(
        "DOCUMENT", _literal({key: value for key, value in document.items() if key != "$schema"}, 4)
    )


def _literal(value: Any, indent: int) -> str:
    """A JSON value in GraphQL's notation.

    Objects, and lists of more than two entries, have one entry on each line.
    """
    inner, outer = "\n" + " " * indent, "\n" + " " * (indent - 2)
    if isinstance(value, dict) and value:
        entries = (f"{inner}{key}: {_literal(entry, indent + 2)}" for key, entry in value.items())
        return "{" + "".join(entries) + outer + "}"
    if isinstance(value, list) and len(value) > 2:
        return "[" + "".join(inner + _literal(entry, indent + 2) for entry in value) + outer + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(entry, indent) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False) if value != {} else "{}"
