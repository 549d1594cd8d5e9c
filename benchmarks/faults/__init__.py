"""Faults: a seeded harness that hurts a running server, and reads by plain SQL that nothing accepted was lost."""
