"""A search that is none of the server's own; `tables.py` puts it into the tables."""
