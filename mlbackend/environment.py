"""Reads environment variables; a wrong value is reported in a sentence."""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

DATABASES = ("postgres://", "postgresql://", "sqlite://")
BROKERS = ("redis://", "rediss://", "redis+socket://", "memory://")


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ's reader, with clear errors."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        """The value of a variable. Raises ImproperlyConfigured where it is not of the expected type."""
        try:
            return super().get_value(var, cast=cast, default=default, parse_default=parse_default)
        except ValueError as error:
            given = self.ENVIRON.get(var)
            raise ImproperlyConfigured(
                f"{var}: expected {_WORDS.get(cast, 'another value')}, got {given!r}."
            ) from error

    def database(self, var: str) -> dict[str, Any]:
        """Django's settings of the database at this URL. Raises ImproperlyConfigured."""
        url: str = self.str(var)
        if not url.startswith(DATABASES):
            raise ImproperlyConfigured(
                f"{var}: expected postgres://user:password@host:port/name or sqlite:///path."
            )
        try:
            found: dict[str, Any] = self.db_url_config(url)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}: {error}.") from error
        return found

    def seconds(self, var: str, *, default: float) -> float:
        """A time above 0. Raises ImproperlyConfigured."""
        given = self.str(var, default=str(default))
        try:
            seconds = float(given)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise ImproperlyConfigured(f"{var}: expected a number above 0, got {given!r}.")
        return seconds

    def queues(self, var: str, *, known: Sequence[str]) -> list[str]:
        """The queues that a worker serves: all that it can where the variable is absent.

        The last of those that are known is for trainings, and is left out where PyTorch is not installed.

        Raises:
            ImproperlyConfigured: one is unknown, or none is left.
        """
        given = [name.strip() for name in self.list(var, default=list(known)) if name.strip()]
        unknown = [name for name in given if name not in known]
        if unknown or not given:
            raise ImproperlyConfigured(
                f"{var}: expected {' and '.join(known)}, or one of them; "
                f"got {unknown[0] if unknown else 'none'!r}."
            )
        found = [name for name in known if name in given]
        if known[-1] in found and find_spec("torch") is None:
            found.remove(known[-1])
        if not found:
            raise ImproperlyConfigured(
                f"{var}: {known[-1]} needs PyTorch, which is not installed: make setup-train installs it."
            )
        return found

    def modules(self, var: str) -> list[str]:
        """The names of modules, which are not imported here; of those in packages, only these are looked for.

        Raises:
            ImproperlyConfigured: one is not there.
        """
        names: list[str] = [name.strip() for name in self.list(var, default=[]) if name.strip()]
        for name in names:
            # To look for a module in a package imports the package, and the settings are not read yet.
            try:
                is_there = find_spec(name.partition(".")[0]) is not None
            except (ImportError, ValueError):
                is_there = False
            if not is_there:
                raise ImproperlyConfigured(f"{var}: there is no module {name!r} on Python's path.")
        return names

    def broker(self, var: str) -> str:
        """The URL of the broker; empty where none is given. Raises ImproperlyConfigured."""
        url: str = self.str(var, default="")
        if url and not url.startswith(BROKERS):
            raise ImproperlyConfigured(f"{var}: expected {', '.join(BROKERS[:-1])} and an address.")
        return url


_WORDS = {int: "a whole number", float: "a number", bool: "yes or no"}
