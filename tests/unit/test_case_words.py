"""The case card's words are stored once and read in either language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.common.case_words import centre_of, centre_words, note_words, site_of, site_words, sites
from app.common.phantoms.patients import CENTRES
from app.common.phantoms.textbook import FACTS
from app.common.words import language, set_language


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    before = language()
    set_language("zh")
    yield
    set_language(before)


def test_a_site_reads_in_the_present_language_and_is_found_in_either() -> None:
    assert site_words("lower leg") == "小腿"
    assert site_of("小腿") == site_of("Lower leg") == "lower leg"
    set_language("en")
    assert site_words("lower leg") == "lower leg"


def test_a_doctors_own_word_stays_as_it_is() -> None:
    assert site_of("右耳后") == site_words("右耳后") == "右耳后"
    assert centre_of("St Mary’s") == centre_words("St Mary’s") == "St Mary’s"


def test_every_word_comes_back_as_what_is_stored() -> None:
    for stored in sites():
        assert site_of(site_words(stored)) == stored


def test_the_phantoms_sites_and_centres_are_known() -> None:
    for facts in FACTS.values():
        assert all(site.replace("_", " ") in sites() for site in facts.sites)
    assert all(centre_of(centre_words(c)) == c != centre_words(c) for c in CENTRES)


def test_of_a_note_in_both_languages_one_is_shown() -> None:
    both = "Itchy for 3 months.\n瘙痒3个月。"
    assert note_words(both) == "瘙痒3个月。"
    set_language("en")
    assert note_words(both) == "Itchy for 3 months."


@pytest.mark.parametrize("note", ["", "瘙痒。", "one\ntwo", "一\n二", "one\n二\nthree"])
def test_any_other_note_stays_whole(note: str) -> None:
    assert note_words(note) == note
