"""Measurements against targets: each suite prints JSON lines, and every target is a ratio within one run."""
