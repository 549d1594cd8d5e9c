"""NEAT's machinery, one idea a file; `strategies/neat.py` puts it together."""
