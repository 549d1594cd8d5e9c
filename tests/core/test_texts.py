"""Texts of other programs are made storable, and stay as they are where they are already."""

import pytest

from processing.core.value_text import MOST_STORED, storable


@pytest.mark.parametrize(("text", "stored"), [
    ("", ""), ("naïve 𝔸\t\n", "naïve 𝔸\t\n"), ("a\0b", "a\ufffdb"), ("\ud800!", "?!"),
    ("ü" * (MOST_STORED + 1), "ü" * MOST_STORED),
])
def test_a_text_is_cut_and_without_what_databases_refuse(text: str, stored: str) -> None:
    assert storable(text) == stored
    stored.encode()
    assert storable(stored) == stored
