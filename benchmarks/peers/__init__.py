"""Other libraries to compare with, each in a virtual environment of its own, asked one question at a time."""
