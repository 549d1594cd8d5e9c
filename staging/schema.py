"""The JSON Schema of the work item document with a server's limits.

As a script, this module prints the schema with the default limits.
"""

import json
from collections.abc import Mapping
from typing import Any

from formatting import schema
from processing.core.limits import Limits


def largest(limits: Limits) -> Mapping[str, int]:
    """Return the largest value of each parameter that a server limits, by its name."""
    return {
        "replicates": limits.max_replicates, "max_generations": limits.max_generations,
        "population_size": limits.max_population,
    }


def json_schema(limits: Limits | None = None) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of documents that a server with these limits accepts.

    Args:
        limits: the limits of the server; None stands for the defaults.
    """
    found = schema.json_schema()
    caps = largest(limits or Limits())
    for group in found["$defs"].values():
        for name, node in group.get("properties", {}).items():
            if name in caps and "maximum" in node:
                node["maximum"] = min(node["maximum"], caps[name])
    return found


def main() -> None:
    """Print the JSON Schema with the default limits."""
    print(json.dumps(json_schema(), indent=2))


if __name__ == "__main__":
    main()
