"""Rows that earlier commits wrote, and how they are written and read."""
