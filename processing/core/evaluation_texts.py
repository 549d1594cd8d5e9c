"""Texts within evaluations: judges take them from other programs, and databases store them."""

from dataclasses import replace

from processing.core.types import Evaluations
from processing.core.value_text import storable


def with_storable_texts(evaluations: Evaluations) -> Evaluations:
    """Return the same evaluations, with each reason, remark and name as a text that any database stores.

    Texts that are storable stay as they are, see `value_text.storable`.
    """
    return replace(
        evaluations, reasons=tuple((index, storable(reason)) for index, reason in evaluations.reasons),
        remarks=tuple(
            each._replace(what=storable(each.what), sentence=storable(each.sentence))
            for each in evaluations.remarks
        ),
        metric_names=tuple(map(storable, evaluations.metric_names)),
        curve_names=tuple(map(storable, evaluations.curve_names)),
    )
