"""The image data sets of this machine."""

from typing import Any

import graphene

from api import datasets as known
from api.graphql.types.node import many, one
from processing.core.datasets.prepared import Prepared


class DatasetSplit(graphene.ObjectType):
    """A part of a data set."""

    name = one(graphene.String, "train, validation or test.")
    size = one(graphene.Int, "Number of images.")
    counts = many(graphene.Int, "Images of each class.")


class Dataset(graphene.ObjectType):
    """Images by class, prepared on this machine."""

    name = one(graphene.String, "Its name.")
    channels = one(graphene.Int, "Channels of an image: 1 for grey, 3 for red, green and blue.")
    rows = one(graphene.Int, "Pixels of an image from top to bottom.")
    columns = one(graphene.Int, "Pixels of an image from left to right.")
    classes = many(graphene.String, "Names of the classes; labels are places in this list, from 0.")
    splits = many(DatasetSplit, "What networks are trained on, chosen by, and tested on.")
    origin = one(graphene.String, "Where the images are from; may be empty.")
    licence = one(graphene.String, "What may be done with them; may be empty.")
    sha256 = one(graphene.String, "SHA-256 of everything that results depend on: equal for equal data sets.")
    contact_sheet = one(graphene.String, "A picture with some images of each class, as a data URL of a PNG.")

    @staticmethod
    def resolve_contact_sheet(root: dict[str, Any], info: Any) -> str:
        return known.sheet_url(root["data"])


def datasets() -> list[dict[str, Any]]:
    """The fields of `Dataset` for each data set that can be used here."""
    return [_fields(data) for data in known.prepared()]


def _fields(data: Prepared) -> dict[str, Any]:
    manifest = data.manifest
    channels, rows, columns = manifest.shape
    return {
        "name": data.name, "channels": channels, "rows": rows, "columns": columns,
        "classes": manifest.classes, "origin": manifest.origin, "licence": manifest.licence,
        "sha256": manifest.sha256, "data": data,
        "splits": [
            {"name": split.value, "size": len(files), "counts": files.counts}
            for split, files in manifest.splits.items()
        ],
    }
