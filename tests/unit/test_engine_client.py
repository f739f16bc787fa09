"""The client over a fake engine: it may die at any moment, and that costs one message and a restart."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.common.words import set_language
from app.inference.engine_client import EngineClient, Event, SharedPixels

FAKE = [sys.executable, "-S", str(Path(__file__).parents[1] / "fake_engine.py")]
PATIENCE = 30.0


class Ears:
    """Events in the order in which they came."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.past: list[Event] = []

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        while True:
            event = self.heard.get(timeout=PATIENCE)
            self.past.append(event)
            if wanted(event):
                return event

    def answer(self, number: int) -> Event:
        return self.until(lambda e: e.number == number)

    def ready(self) -> Event:
        return self.until(lambda e: e.kind == "ready")

    def messages(self) -> list[str]:
        return [e.error.code for e in self.past if e.kind == "message" and e.error]


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def client(ears: Ears, tmp_path: Path) -> Iterator[EngineClient]:
    made = EngineClient(FAKE, ears.heard.put, folder=tmp_path)
    yield made
    made.stop()


def ask(image: str = "a") -> dict[str, Any]:
    return {"op": "diagnose", "image": image}


def test_requests_given_before_the_start_are_answered(client: EngineClient, ears: Ears) -> None:
    number = client.submit(ask("first"))
    client.start()
    assert ears.answer(number).payload["result"]["image"] == "first"


def test_a_killed_engine_costs_one_message_and_a_restart(client: EngineClient, ears: Ears) -> None:
    client.start()
    ears.ready()
    before = ears.answer(client.submit(ask())).payload["result"]["pid"]
    client.kill()
    ears.ready()
    after = ears.answer(client.submit(ask())).payload["result"]["pid"]
    assert before != after
    assert ears.messages() == ["engine_restarted"]


def test_killed_many_times_with_requests_under_way_every_request_is_answered_once(
    client: EngineClient, ears: Ears
) -> None:
    client.start()
    numbers = []
    for _ in range(4):
        ears.ready()
        numbers += [client.submit(ask("x")) for _ in range(5)]
        client.kill()
    ears.ready()
    ears.answer(client.submit(ask("last")))
    answered = [e for e in ears.past if e.number in numbers]
    assert sorted(e.number for e in answered if e.number) == numbers
    assert {e.kind for e in answered} == {"answer"}
    assert ears.messages() == ["engine_restarted"] * 4


@pytest.mark.parametrize("image", ["crash", "half a line"])
def test_a_request_that_kills_the_engine_again_and_again_is_refused_and_others_are_not(
    client: EngineClient, ears: Ears, image: str
) -> None:
    bad = client.submit(ask(image))
    good = client.submit(ask("good"))
    client.start()
    refused = ears.answer(bad)
    assert refused.kind == "refused"
    assert refused.error is not None
    assert refused.error.code == "engine_crashed"
    assert ears.answer(good).kind == "answer"
    assert ears.messages() == ["engine_restarted"] * 3


def test_an_engine_that_never_gets_ready_is_given_up_once_and_can_be_started_again(ears: Ears) -> None:
    client = EngineClient([*FAKE, "never-ready"], ears.heard.put)
    number = client.submit(ask())
    client.start()
    last = ears.answer(number)
    assert last.error is not None
    assert last.error.code == "engine_given_up"
    assert ears.messages() == ["engine_restarted", "engine_restarted", "engine_given_up"]
    number = client.submit(ask())
    client._thread.join(PATIENCE)  # type: ignore[union-attr]
    client.start()
    assert ears.answer(number).kind == "refused"
    client.stop()


def test_a_program_that_is_not_there_is_said(ears: Ears, tmp_path: Path) -> None:
    client = EngineClient([str(tmp_path / "no such program")], ears.heard.put)
    client.start()
    message = ears.until(lambda e: e.kind == "message")
    assert message.error is not None
    assert message.error.code == "engine_cannot_start"
    client.stop()


def test_a_dropped_request_is_never_heard_of_again(client: EngineClient, ears: Ears) -> None:
    client.start()
    ears.ready()
    hanging = client.submit(ask("hang"))
    client.drop(hanging)
    client.kill()
    ears.ready()
    ears.answer(client.submit(ask("later")))
    assert all(e.number != hanging for e in ears.past)


def test_pixels_reach_the_engine_and_leave_nothing_behind(client: EngineClient, ears: Ears, tmp_path: Path) -> None:
    client.start()
    ears.ready()
    pixels = SharedPixels(bytes(range(12)), rows=2, columns=2, width=4, height=4)
    number = client.submit(ask(), pixels)
    assert ears.answer(number).payload["result"]["sum"] == sum(range(12))
    assert not list(tmp_path.rglob("*.pixels"))
    client.stop()
    assert not list(tmp_path.iterdir())


def test_stop_ends_the_process_and_says_nothing(client: EngineClient, ears: Ears) -> None:
    client.start()
    ears.ready()
    client.submit(ask("hang"))
    client.stop()
    assert client.process_id is None
    assert ears.messages() == []


def test_a_message_follows_the_language(client: EngineClient, ears: Ears) -> None:
    client.start()
    ears.ready()
    client.kill()
    message = ears.until(lambda e: e.kind == "message").error
    assert message is not None
    english = message.what
    set_language("zh")
    assert message.what != english
