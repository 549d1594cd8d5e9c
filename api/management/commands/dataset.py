"""`manage.py dataset add|list|show|remove`: the image data sets of this machine."""

import json as json_format
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from api import datasets
from api.management.arguments import number
from processing.core.datasets.contact_sheet import contact_sheet
from processing.core.datasets.manifest import Manifest
from processing.core.datasets.prepared import Prepared
from processing.core.datasets.source import Progress, SourceRefused
from processing.core.datasets.store import Store, Wanted
from processing.core.errors import Broken
from processing.logs import printable

REFUSED = 2


class Command(BaseCommand):
    """Prepare data sets, and look at those that there are."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the four subcommands."""
        commands = parser.add_subparsers(dest="what", required=True, metavar="add|list|show|remove")
        _describe_add(commands)
        _named(commands, "list", "print a line for each data set").add_argument(
            "--json", action="store_true", help="print one JSON object a line"
        )
        show = _named(commands, "show", "print what a data set holds")
        show.add_argument("name")
        show.add_argument(
            "--verify", action="store_true", help="read all its files, and compare their SHA-256"
        )
        show.add_argument("--sheet", metavar="FILE", help="write a PNG with some images of each class")
        _named(commands, "remove", "delete a data set").add_argument("name")

    def handle(self, *, what: str, **options: Any) -> None:
        """Do what the subcommand says; exit code 2 where that is refused, with a sentence for each fault."""
        store = datasets.store()
        try:
            _COMMANDS[what](store, **options)
        except SourceRefused as refused:
            _end("\n".join(refused.faults))
        except KeyError as error:
            _end(f"There is no data set {error.args[0]!r} here that this can be done with: see `list`.")
        except OSError as error:
            _end(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except Broken as error:
            _end(str(error))


def _describe_add(commands: "_SubParsersAction[CommandParser]") -> None:
    add = _named(commands, "add", "prepare a data set")
    add.add_argument("name", help="small letters, digits and hyphens")
    add.add_argument(
        "source",
        help="a folder of images, with a folder for each class; an .npz file; a folder of IDX files; "
        "fashion-mnist, where Debian's package is installed; or shapes, which are drawn",
    )
    add.add_argument("--licence", default="", help="what may be done with the images")
    add.add_argument(
        "--size", type=number, help="pixels on a side, to which images are scaled, or which `shapes` draws"
    )
    add.add_argument("--number", type=number, help="how many images `shapes` draws")
    add.add_argument("--seed", type=number, help="what `shapes` draws from")


def _named(commands: "_SubParsersAction[CommandParser]", name: str, text: str) -> ArgumentParser:
    return commands.add_parser(name, help=text, description=text)


def _add(
    store: Store, *, name: str, source: str, licence: str, size: int | None, number: int | None,
    seed: int | None, **_: Any
) -> None:
    wanted = Wanted(size, number, seed)
    with _bar() as progress:
        manifest = store.add(name, source, licence=licence, wanted=wanted, progress=progress)
    print(_line(name, manifest))


def _list(store: Store, *, json: bool, **_: Any) -> None:
    for name in store.names():
        try:
            manifest = store.manifest(name)
        except (Broken, OSError) as error:
            print(f"{name}: {printable(str(error))}", file=sys.stderr)
            continue
        print(json_format.dumps({"name": name, **manifest.values()}) if json else _line(name, manifest))


def _show(store: Store, *, name: str, verify: bool, sheet: str | None, **_: Any) -> None:
    data = store.open(name)
    if sheet is not None:
        Path(sheet).write_bytes(contact_sheet(data))
    for line in _lines(data):
        print(line)
    if verify:
        if not data.is_intact():
            _end(f"{name} is not what was prepared: its files were changed.")
        print("files     as they were prepared")
    if sheet is not None:
        print(f"sheet     {printable(sheet)}")


def _remove(store: Store, *, name: str, **_: Any) -> None:
    store.remove(name)
    print(f"{name}: removed")


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show a progress bar, where somebody watches."""
    with tqdm(total=1.0, disable=None, leave=False, bar_format="{desc} {percentage:3.0f}% |{bar}|") as bar:
        def shown(part: float, what: str) -> None:
            bar.set_description_str(what)
            bar.update(part - bar.n)

        yield shown


def _line(name: str, manifest: Manifest) -> str:
    channels, rows, columns = manifest.shape
    counts = ", ".join(f"{len(files):,} {split}" for split, files in manifest.splits.items())
    return f"{name}: {rows} x {columns} x {channels}, {len(manifest.classes)} classes, {counts}"


def _lines(data: Prepared) -> Iterator[str]:
    manifest = data.manifest
    yield _line(data.name, manifest)
    about_it = {"origin": manifest.origin, "licence": manifest.licence, "SHA-256": manifest.sha256}
    for about, text in about_it.items():
        yield f"{about:<9} {printable(text or 'not known')}"
    for label, name in enumerate(manifest.classes):
        counts = ", ".join(f"{files.counts[label]:,} {split}" for split, files in manifest.splits.items())
        yield f"class {label:<3} {printable(name)}: {counts}"


def _end(text: str) -> None:
    for line in text.splitlines():
        print(printable(line), file=sys.stderr)
    sys.exit(REFUSED)


_COMMANDS: dict[str, Callable[..., None]] = {"add": _add, "list": _list, "show": _show, "remove": _remove}
