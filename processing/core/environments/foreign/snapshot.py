"""Write `catalogue.json`, the snapshot of Gymnasium's registry.

Usage: `python -m processing.core.environments.foreign.snapshot`. Every environment is made once, in a
separate process.
"""

import json
from typing import Any

from processing.core.environments.foreign.asking import asked
from processing.core.environments.foreign.catalogue import FILE
from processing.core.environments.foreign.lookup import looked_at


def main() -> None:
    """Inspect all registered environments and write the snapshot."""
    listed: list[dict[str, Any]] = asked({"modules": []}, 60.0)
    found: dict[str, Any] = {each["id"]: each for each in listed if each["needs"] is not None}
    ready = [each["id"] for each in listed if each["needs"] is None]
    found |= {entry["id"]: entry for entry in looked_at(ready, (), seconds=300.0, each=60.0)}
    for name in ready:
        print(f"{name}: {found[name]['trouble'] or 'ready'}")
    lines = (f"{json.dumps(name)}: {json.dumps(found[name], ensure_ascii=False)}" for name in sorted(found))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
