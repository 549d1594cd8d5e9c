"""What kernels must do, readable: plain Python and NumPy, without any of their code."""
