"""Hints for ids of environments that a server does not know: what was meant, or how to make it available."""

import difflib
import re

from processing.core.environments.foreign.catalogue import PLAIN_ID
from processing.core.environments.foreign.packages import extra_words, package_of, package_words
from processing.core.problem import ServerLookup


def hint_of(name: str, known: ServerLookup) -> str | None:
    """Return the id that was probably meant, how to make it available, or why some ids are not known."""
    module, _, plain = name.rpartition(":")
    package = package_of(plain)
    if package is not None and not any(re.fullmatch(package.ids, each) for each in known.entries()):
        words = package_words(package.package, package.module)
        return " ".join(filter(None, (_alone(module, plain), words, known.trouble)))
    meant = _meant(name, known)
    if meant is not None and meant != known.trouble:
        return meant
    if (needing := _needing(plain, known)) is not None:
        return f'Did you mean "{needing[0]}"? {extra_words(needing[1])}'
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,59}", module) and PLAIN_ID.fullmatch(plain):
        words = f'Whoever runs the server names "{module}" in ENVIRONMENT_MODULES.'
        return " ".join(filter(None, (_alone(module, plain), words, known.trouble)))
    return meant


def _alone(module: str, plain: str) -> str:
    """Return the hint to write an id without its module."""
    return f'Give "{plain}" alone.' if module and PLAIN_ID.fullmatch(plain) else ""


def _needing(name: str, known: ServerLookup) -> tuple[str, str] | None:
    """Return the newest version of an environment that is not installed here, and the package it needs."""
    base = name.rpartition("-v")[0].casefold()
    found = sorted(
        (each, str(entry["needs"])) for each, entry in known.entries().items()
        if "needs" in entry and each.rpartition("-v")[0].casefold() == base
    )
    return found[-1] if found else None


def _meant(name: str, known: ServerLookup) -> str | None:
    """Return the id that was probably meant, or why some ids are not known."""
    ids = {each.casefold(): each for each, entry in known.entries().items() if "needs" not in entry}
    plain = name.rpartition(":")[2].casefold()[:100]
    plain = plain if plain in ids else plain.rpartition("/")[2]
    found = difflib.get_close_matches(plain, ids, n=1, cutoff=0.7)
    return f'Did you mean "{ids[found[0]]}"?' if found else known.trouble
