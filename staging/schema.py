"""The JSON Schema of the work item document with what a server allows; run as a module, it prints that of the defaults."""

import json
from collections.abc import Mapping
from typing import Any

from formatting import schema
from staging.limits import Limits


def largest(limits: Limits) -> Mapping[str, int]:
    """The largest value of each parameter that a server limits, by its name."""
    return {
        "replicates": limits.max_replicates, "max_generations": limits.max_generations,
        "population_size": limits.max_population,
    }


def json_schema(limits: Limits | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the documents that a server with these limits takes; the default ones where None."""
    found = schema.json_schema()
    caps = largest(limits or Limits())
    for group in found["$defs"].values():
        for name, node in group.get("properties", {}).items():
            if name in caps and "maximum" in node:
                node["maximum"] = min(node["maximum"], caps[name])
    return found


def main() -> None:
    """Print the JSON Schema."""
    print(json.dumps(json_schema(), indent=2))


if __name__ == "__main__":
    main()
