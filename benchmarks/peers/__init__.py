"""Other people's libraries, each in a virtual environment of its own, asked one question at a time."""
