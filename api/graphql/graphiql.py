"""GraphiQL, which works without internet and opens on three queries that can be run as they are."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from api.access import Permission, may
from api.dashboard.examples import cards

#: Everything comes from this server; GraphiQL writes styles into its page.
_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
    "font-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'self'",
    "worker-src 'self' blob:",
))

LOOK = """\
# The server, and the examples that you can start from.
query Look {
  server { version kinds queuedInstances runningInstances }
  examples { slug title description estimate { evaluations secondsLow secondsHigh } }
}
"""
SUBMIT = """\
# Starts a run. The document is in the variables below; change it as you like.
mutation Submit($document: JSON!) {
  submitWorkItem(input: {spec: {document: $document}}) {
    instances { number state seed }
    warnings { message }
    userErrors { code path message hint }
  }
}
"""
WATCH = """\
# The newest run: how far it is, its best agent, and that agent's way through its environment.
query Watch {
  instances(first: 1) {
    nodes {
      number name state stopReason
      progress { generation maxGenerations bestFitness evaluationsPerSecond fraction }
      champion {
        name fitness origin
        genome { parameterCount }
        episodes { return steps trajectory { positions } }
      }
      statistics(maxPoints: 10) { generation best mean threshold }
    }
  }
}
"""


def graphiql(request: HttpRequest) -> HttpResponse:
    """The page, for whoever may look."""
    if not may(request, Permission.VIEW):
        return redirect_to_login(request.get_full_path())
    get_token(request)  # sets the cookie that the page sends back with mutations
    smallest = cards()[0].document if cards() else "{}"
    tabs = [
        {"query": LOOK, "variables": ""},
        {"query": SUBMIT, "variables": f'{{"document": {smallest.strip()}}}'},
        {"query": WATCH, "variables": ""},
    ]
    response = render(request, "graphiql.html", {"tabs": tabs})
    response.headers["Content-Security-Policy"] = _POLICY
    return response
