"""How numbers are computed, and how machine code is made of marked functions."""
