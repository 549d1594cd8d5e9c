"""The errors of the core, typed by what the caller must do."""


class Refused(Exception):
    """The request cannot be done as asked: report the message to the user and do not retry."""


class Transient(Exception):
    """A component that should be available did not answer: retry with backoff."""


class Unregistered(Transient):
    """A document names what is in no table of this process; another process may have it."""


class Misregistered(Exception):
    """The tables of what a work item can name do not fit together; the message is for operators."""


class Broken(Exception):
    """The run cannot go on: mark it as failed and keep its checkpoint."""
