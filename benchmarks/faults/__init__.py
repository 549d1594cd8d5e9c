"""A seeded harness injects faults into a running server, and checks by plain SQL that no work is lost."""
