"""The error of a server that cannot start."""


class Trouble(Exception):
    """The server cannot start, or go on; the message is one line for the person who started it."""
