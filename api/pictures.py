"""Small pictures for pages, as SVG: a maze, a network, and a line of fitness. Colours come from the style
sheet by class.
"""

from collections.abc import Sequence
from itertools import combinations, groupby

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 120, 30, 3
#: Larger maps are previews of their upper left corner.
MOST_CELLS_ACROSS = 120


def maze_svg(rows: Sequence[str]) -> SafeString:
    """A map as a picture: obstacles, start and goals.

    It is decoration: the page says the same in words beside it.
    """
    rows = [row[:MOST_CELLS_ACROSS] for row in rows[:MOST_CELLS_ACROSS]]
    cells = [(i, j, kind) for i, row in enumerate(rows) for j, kind in enumerate(row)]
    starts = "".join(_disc(i, j, "start", 0.3) for i, j, kind in cells if kind == "S")
    goals = "".join(_disc(i, j, "goal", 0.34) for i, j, kind in cells if kind == "G")
    return format_html(
        '<svg class="maze" viewBox="-0.5 -0.5 {} {}" aria-hidden="true" focusable="false">'
        '<rect class="ground" x="-0.25" y="-0.25" width="{}" height="{}" rx="0.6"/>'
        '<path class="walls" d="{}"/>{}{}</svg>',
        len(rows[0]) + 1, len(rows) + 1, len(rows[0]) + 0.5, len(rows) + 0.5, _walls(rows),
        mark_safe(starts), mark_safe(goals),
    )


def network_svg(is_grown: bool) -> SafeString:
    """A sketch of a network, evolved or layered, for environments without a map. It is decoration."""
    columns = ((1, 3, 5), (2.4,), (4,), (3,)) if is_grown else ((1, 3, 5), (2, 4), (2, 4))
    across = 8 / (len(columns) - 1)
    places = [[(1 + column * across, y) for y in group] for column, group in enumerate(columns)]
    links = [
        (left, right) for nearer, further in combinations(range(len(places)), 2) if is_grown
        or further == nearer + 1
        for left in places[nearer] for right in places[further]
    ]
    lines = "".join(
        f"M{x1:.1f} {y1}C{x1 + 1:.1f} {y1} {x2 - 1:.1f} {y2} {x2:.1f} {y2}" for (x1, y1), (x2, y2) in links
    )
    discs = "".join(f'<circle cx="{x:.1f}" cy="{y}" r="0.32"/>' for group in places for x, y in group)
    return format_html(
        '<svg class="maze sketch" viewBox="0 0 10 6" aria-hidden="true" focusable="false"><path '
        'd="{}"/>{}</svg>',
        lines, mark_safe(discs),
    )


def spark_svg(values: Sequence[float | None]) -> SafeString:
    """The best fitness of each generation as a line; a flat line where fewer than two are known."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        middle = SPARK_HEIGHT - SPARK_EDGE
        line = f"M{SPARK_EDGE} {middle}H{SPARK_WIDTH - SPARK_EDGE}"
        return _spark("empty", line, "")
    low, high = min(value for _, value in known), max(value for _, value in known)
    across = (SPARK_WIDTH - 2 * SPARK_EDGE) / max(len(values) - 1, 1)
    down = (SPARK_HEIGHT - 2 * SPARK_EDGE) / ((high - low) or 1.0)
    points = [
        (SPARK_EDGE + place * across, SPARK_HEIGHT - SPARK_EDGE - (value - low) * down)
        for place, value in known
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    area = f"{line}V{SPARK_HEIGHT}H{points[0][0]:.1f}Z"
    return _spark("line", line, area)


def _spark(look: str, line: str, area: str) -> SafeString:
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true" focusable="false">'
        '<path class="area" d="{}"/><path class="{}" d="{}"/></svg>',
        SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT, area, look, line,
    )


def _walls(rows: Sequence[str]) -> str:
    """One path around every horizontal run of obstacles; runs overlap a little, so that no seams show."""
    outlines = []
    for i, row in enumerate(rows):
        for kind, run in groupby(enumerate(row), key=lambda cell: cell[1]):
            if kind == "#":
                columns = [column for column, _ in run]
                outlines.append(f"M{columns[0]} {i}h{len(columns)}v1h-{len(columns)}z")
    return "".join(outlines)


def _disc(row: int, column: int, look: str, radius: float) -> str:
    return f'<circle class="{look}" cx="{column + 0.5}" cy="{row + 0.5}" r="{radius}"/>'
