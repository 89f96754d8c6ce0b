"""What operators have just applied holds for the very next ticket."""

from __future__ import annotations

from shared.client import Client
from tests.interface.dispatch.desk import a_body, a_ticket, opened
from tests.interface.feigned import Feigned


def test_a_ticket_of_a_new_category_goes_to_its_team_however_soon_it_comes(desk: Client, tell: Feigned) -> None:
    body, given = a_body(), {}

    for number in range(5):
        team = f"new {number}"
        body["teams"][team] = {"name": team, "categories": [team]}
        desk.command("dispatch", "apply_reference", body=body)
        (order,) = opened(desk, tell, a_ticket(team))
        given[team] = order["team"]

    desk.command("dispatch", "apply_reference", body=a_body())
    assert given == {team: team for team in given}
