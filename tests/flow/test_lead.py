"""What a lead's workstation asks of the server there and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_tui import bootstrap
from agent_tui.bootstrap import Login
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.protocol import AvailabilityRequest, SurgeRequest
from agent_tui.domain.staffing import Availability
from agent_tui.errors import WireError
from agent_tui.paths import Profile
from tests.driver import Serving, until
from tests.flow.workstation import Workstation, account

TEAM = TeamId("after-sales")
Open = Callable[[str], bootstrap.Link]


@pytest.fixture
def link_of(serving: Serving, tmp_path: Path) -> Iterator[Open]:
    """Syncs a person's profile, as an open workstation does; returns once it is online."""
    made: list[bootstrap.Link] = []

    def make(person: str) -> bootstrap.Link:
        profile = Profile(tmp_path / person)
        profile.create()
        links: list[str] = []
        link = bootstrap.Link(
            profile,
            Login(serving.base, serving.token(person), account(person)),
            on_change=lambda changes: None,
            on_link=lambda found, trouble: links.append(found),
            attending=True,
        )
        made.append(link)
        link.start()
        until(lambda: "online" in links)
        return link

    yield make
    for link in made:
        link.close()


def test_a_surge_and_anothers_state(
    serving: Serving, link_of: Open, desk_of: Callable[..., Workstation]
) -> None:
    link = link_of("lee")
    surge = link.surge(SurgeRequest(TEAM, 30)).result(20)
    assert surge.until - surge.since == 30 * 60_000
    away = AvailabilityRequest(Availability.AWAY, reason="lunch", told=True, agent=AgentId("anna"))
    assert link.availability(away).result(20).reason == "lunch"
    anna = desk_of("anna").connect()
    anna.until(lambda desk: desk.directory.surges().get(TEAM) == surge)
    anna.until(lambda desk: desk.directory.duties()[AgentId("anna")].availability == "away")


def test_who_may_not_is_told_so(link_of: Open) -> None:
    with pytest.raises(WireError):
        link_of("anna").surge(SurgeRequest(TEAM, 30)).result(20)


def test_without_a_connection_the_answer_is_an_error(serving: Serving, tmp_path: Path) -> None:
    login = Login(serving.base, serving.token("lee"), account("lee"))
    link = bootstrap.Link(
        Profile(tmp_path / "lee"), login, on_change=lambda _: None, on_link=lambda *_: None
    )
    with pytest.raises(WireError):
        link.surge(SurgeRequest(TEAM, 30)).result(1)
