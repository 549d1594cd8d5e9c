"""A picture of some images of each class of a data set, for people."""

import io
from typing import Any

import numpy as np

from processing.core.datasets.prepared import Prepared
from processing.core.datasets.source import Split

#: Images of each class; classes; pixels that an image has at least on its longer side; pixels between two.
SAMPLES, MOST_ROWS, LEAST_SIDE, GAP = 12, 50, 32, 2
_WHITE = 255


def contact_sheet(data: Prepared) -> bytes:
    """Return a PNG with a row for each of the first MOST_ROWS classes, and SAMPLES of its training images.

    Small images are enlarged by a whole number of times, so that their pixels stay sharp.
    """
    from PIL import Image

    channels, rows, columns = data.manifest.shape
    times = max(1, -(-LEAST_SIDE // max(rows, columns)))
    high, wide = rows * times + GAP, columns * times + GAP
    classes = min(len(data.manifest.classes), MOST_ROWS)
    sheet = np.full((classes * high - GAP, SAMPLES * wide - GAP, channels), _WHITE, np.uint8)
    for row in range(classes):
        for place, image in enumerate(_samples(data, row)):
            pixels = image.transpose(1, 2, 0).repeat(times, axis=0).repeat(times, axis=1)
            top, left = row * high, place * wide
            sheet[top : top + rows * times, left : left + columns * times] = pixels
    file = io.BytesIO()
    Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet).save(file, "PNG", optimize=True)
    return file.getvalue()


def _samples(data: Prepared, label: int) -> Any:
    places = np.flatnonzero(data.labels[Split.TRAIN] == label)[:SAMPLES]
    return data.images[Split.TRAIN][places]
