"""What keeps a server from starting, said in one line."""


class Trouble(Exception):
    """The server cannot start; the message is one line for the person who tried."""
