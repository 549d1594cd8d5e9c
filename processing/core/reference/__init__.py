"""Reference implementations of the kernels in plain Python and NumPy, which share no code with them."""
