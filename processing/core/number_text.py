"""Numbers as people read them, in messages, events and pages."""

import math


def figure(value: float, *, grouped_from: float = 10_000.0, below: float = 1e12) -> str:
    """Write a number with four significant digits; a large one as a whole number with separated thousands.

    Args:
        grouped_from, below: absolute values from and below which a number is large.
    """
    return f"{value:,.0f}" if grouped_from <= abs(value) < below else f"{value:.4g}"


def page_figure(value: float) -> str:
    """Write a number as pages do, in the browser too: thousands are separated from 1,000 on."""
    return figure(value, grouped_from=1_000.0, below=math.inf)


def counted(number: int, noun: str, plural: str | None = None, *, separator: str = "") -> str:
    """Write a number with its noun.

    Args:
        noun: in the singular.
        plural: of the noun; with an "s" at its end where None.
        separator: "," separates thousands.
    """
    return f"{number:{separator}} {noun if number == 1 else plural or noun + 's'}"
