"""The operations of NEAT, one in each file; `strategies/neat.py` combines them."""
