"""Task execution: who works on a run, for how long, and what is written when.

The numerical core is in `core`.
"""
