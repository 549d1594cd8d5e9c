"""Arithmetic with the same bits on every machine, and the compilation of marked functions to machine code."""
