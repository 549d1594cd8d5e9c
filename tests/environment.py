"""Every test process has a data folder of its own, and a broker that nobody listens to.

A plugin, named in pyproject.toml: it must be there before Django's settings are read, and conftest files come
after that. The database is SQLite, or the one that TEST_DATABASE_URL names, whatever DATABASE_URL a shell has
set. Shifts are as long as they need to be, so that no clock decides how far a test comes. Passwords have a
quick hash: what makes guessing them slow makes tests slow in which somebody has one.
"""

import atexit
import os
import shutil
import tempfile

import pytest

#: A test that asks for one of these asks a database.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}

_FOLDER = tempfile.mkdtemp(prefix="evolution-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["DATA_FOLDER"] = _FOLDER
os.environ["REDIS_URL"] = "memory://"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")


def pytest_sessionstart() -> None:
    """Change the settings of this process; servers that tests start have their own."""
    from django.conf import settings

    settings.SHIFT_SECONDS = 3600.0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Repeat only those tests on a database server that ask a database, and for which it matters which."""
    if not os.environ.get("TEST_DATABASE_URL"):
        return
    repeated = [item for item in items if _is_repeated(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _is_repeated(item)])
    items[:] = repeated


def _is_repeated(item: pytest.Item) -> bool:
    asks = item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
    return bool(asks) and item.get_closest_marker("any_database") is None
