"""A staged item comes back from storage as it went in, or not at all."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from formatting.parse import parse
from processing.core.errors import Broken
from processing.core.limits import Limits
from staging.stage import stage
from staging.staged_item import StagedItem, dump, load
from tests.formatting.documents import document

KEY = b"a key of the server"


def an_item(changes: dict[str, Any] | None = None) -> StagedItem:
    return stage(parse(document(changes)), Limits())


def signed(text: str) -> str:
    """A text under the server's own signature, whatever it holds."""
    return hmac.new(KEY, b"staged item\0" + text.encode(), hashlib.sha256).hexdigest() + ":" + text


@pytest.mark.parametrize("changes", [
    {}, {"replicates": 3}, {"stop.fitness": 100, "environment.rows": ["S#G"]},
    {"name": 'py/object {"py/type": "os.system"}', "description": "json://1", "labels": ["é\u2028"]},
])
def test_a_staged_item_survives_storage(changes: dict[str, Any]) -> None:
    item = an_item(changes)
    restored = load(dump(item, KEY), KEY)
    assert restored == item
    assert [type(each.code) for each in restored.warnings] == [type(each.code) for each in item.warnings]


def test_it_is_stored_as_jsonpickle_json_with_known_tags_only() -> None:
    signature, _, text = dump(an_item({"stop.fitness": 100}), KEY).partition(":")
    assert len(signature) == 64
    assert json.loads(text)["py/object"] == "staging.staged_item.StagedItem"
    assert "py/reduce" not in text


def test_any_change_of_the_text_is_noticed() -> None:
    text = dump(an_item(), KEY)
    for place in range(0, len(text), 97):
        changed = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1:]
        with pytest.raises(Broken):
            load(changed, KEY)


@pytest.mark.parametrize("text", ["", ":", "no signature", "é:{}", "\ud800:\ud800"])
def test_a_text_without_signature_is_refused(text: str) -> None:
    with pytest.raises(Broken, match="signature"):
        load(text, KEY)


def test_another_key_is_refused() -> None:
    with pytest.raises(Broken, match="signature"):
        load(dump(an_item(), KEY), b"another key")


@pytest.mark.parametrize("payload", [
    {"py/reduce": [{"py/type": "os.system"}, {"py/tuple": ["true"]}]},
    {"py/object": "os.system"},
    {"py/type": "subprocess.Popen"},
    {"py/function": "os.system"},
    {"py/repr": "os/os.system('true')"},
    {"py/object": ["staging.staged_item.StagedItem"]},
    {"py/object": "staging.staged_item.StagedItem", "py/newargs": [1]},
    {"json://1": 1},
    [[{"a": {"py/id": 1}}]],
])
def test_even_a_signed_text_may_not_name_anything_else(payload: Any) -> None:
    with pytest.raises(Broken, match="known tags"):
        load(signed(json.dumps(payload)), KEY)


@pytest.mark.parametrize(
    "payload", ["[1, 2]", "3", '{"py/tuple": []}', '{"py/object": "formatting.faults.Fault"}']
)
def test_a_signed_text_of_something_else_is_refused(payload: str) -> None:
    with pytest.raises(Broken):
        load(signed(payload), KEY)


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_signed_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Broken, match="JSON"):
        load(signed(text), KEY)


def test_the_document_inside_may_hold_no_tags() -> None:
    payload = json.loads(dump(an_item(), KEY).partition(":")[2])
    payload["spec"]["environment"] = {"py/tuple": [1]}
    with pytest.raises(Broken, match="without tags"):
        load(signed(json.dumps(payload)), KEY)
