"""Numbers as people read them, in messages, events and pages."""


def figure(value: float) -> str:
    """Write a number with four significant digits; from 1,000 to 10^12 as a whole number with separated
    thousands.
    """
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e12 else f"{value:.4g}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: in the singular for 1, else in the plural, which ends in "s" where it is
    None.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
