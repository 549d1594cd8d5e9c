"""Readable counterparts of the kernels in plain Python and NumPy; `maze.py` shares no code with them."""
