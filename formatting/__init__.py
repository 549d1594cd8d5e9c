"""Parsing of documents into work items, with all faults of a malformed document reported at once."""
