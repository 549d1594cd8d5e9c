"""The child process of the toy judge: reads guesses from standard input, and prints what they score."""

import json
import sys
from typing import Any


def scored(asked: dict[str, Any], guess: list[int], draw: float) -> dict[str, Any]:
    """Fitness, metrics and curve of one guess; every second guess by the number of its ones stops early."""
    secret = [int(each) for each in asked["secret"]]
    right = [int(bit == wanted) for bit, wanted in zip(guess, secret, strict=True)]
    epochs = asked["epochs"] - sum(guess) % 2 or 1
    ends = [len(secret) * (epoch + 1) // epochs for epoch in range(epochs)]
    noise = asked["noise"] * (2 * draw - 1)
    return {
        "fitness": sum(right) + noise if any(guess) else None, "metrics": [sum(guess), sum(right)],
        "curve": [sum(right[:end]) for end in ends],
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps([
        scored(given, guess, draw) for guess, draw in zip(given["guesses"], given["draws"], strict=True)
    ]))
