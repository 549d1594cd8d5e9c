"""Checks and completion of work items: they become staged items, or all of their faults are reported."""
