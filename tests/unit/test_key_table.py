"""The table of keys: whatever is chosen, a key belongs to one action, and the defaults can be had back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.views.keys import RESERVED, KeyTable, table_of

DEFAULTS = {"draw": ("W",), "delete": ("Del", "Backspace"), "next": ("D",), "about": ()}
ACTIONS = st.sampled_from(list(DEFAULTS))
KEYS = st.sampled_from(["W", "Del", "Backspace", "D", "B", "Ctrl+Z", "Esc", "Left"])
STEPS = st.lists(st.tuples(ACTIONS, st.one_of(st.none(), st.lists(KEYS, max_size=3))), max_size=12)


def walked(steps: list[tuple[str, list[str] | None]]) -> KeyTable:
    table = KeyTable(DEFAULTS)
    for action, keys in steps:
        table = table.reset(action) if keys is None else table.given(action, keys)
    return table


@given(STEPS)
def test_a_key_belongs_to_one_action_whatever_is_chosen(steps: list[tuple[str, list[str] | None]]) -> None:
    table = walked(steps)
    held = [key for action in DEFAULTS for key in table.keys(action)]
    assert len(held) == len(set(held))
    assert not RESERVED & set(held)
    assert table.reset_all() == KeyTable(DEFAULTS)


@given(STEPS)
def test_what_was_kept_comes_back(steps: list[tuple[str, list[str] | None]]) -> None:
    table = walked(steps)
    again = table_of(DEFAULTS, table.chosen)
    assert {a: set(again.keys(a)) for a in DEFAULTS} == {a: set(table.keys(a)) for a in DEFAULTS}
    assert all(set(table.keys(a)) != set(DEFAULTS[a]) for a in table.chosen)


def test_taking_a_key_over_takes_it_from_the_other() -> None:
    table = KeyTable(DEFAULTS)
    assert table.rivals("draw", ["D"]) == {"D": "next"}
    table = table.given("draw", ["D"])
    assert (table.keys("draw"), table.keys("next"), table.holder("W")) == (("D",), (), None)
    back = table.reset("next")
    assert (back.keys("draw"), back.keys("next")) == ((), ("D",))


def test_what_a_newer_squama_or_a_hand_wrote_is_left_out() -> None:
    table = table_of(DEFAULTS, {"fly": ("F",), "draw": ("D", "Esc")})
    assert (table.keys("draw"), table.keys("next")) == (("D",), ())
