"""How the live map shows change: clusters move and come to rest, what is new pulses once, payments are announced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.map_page import SECONDS, MapPage

pytestmark = pytest.mark.browser

FEW = "moment(group(2, 'Faya', 18, 19))"
MANY = "moment(group(60, 'Faya', 18, 19))"
NEIGHBORS = "moment(pl.concat([group(6, 'Bordj', 26, 1), group(4, 'Tanezrouft', 26, 3.4)]))"
TOWN = "group(9, 'Faya', 18, 19)"
ADA = "group(1, 'Lima', -12, -77, country_code='PE', display_name='Ada', customer_email='ada@example.org')"
PAID = "dict(payment_id='p1', amount=49.0, currency='EUR', is_new=True, email='Ada@example.org', timestamp=at(-5))"


@pytest.fixture(autouse=True)
def _motion(live: MapPage) -> Iterator[None]:
    """Let things move, which the other tests have no time for."""
    live.page.emulate_media(reduced_motion="no-preference")
    yield
    live.page.emulate_media(reduced_motion="reduce")


def after_refresh(live: MapPage, answer: str) -> list[dict[str, Any]]:
    """Return the frames that are drawn after a refresh, until all is at rest."""
    live.rest().frames()
    live.refresh(answer)
    return live.rest().frames()


def pulses(frames: list[dict[str, Any]], width: float) -> list[dict[str, Any]]:
    """Return the rings that spread, which fade; that of the selected visitor does not."""
    return [ring for frame in frames for ring in frame["rings"] if ring["width"] == width and ring["alpha"] < 1]


def test_clusters_grow_through_all_sizes_in_between(live: MapPage) -> None:
    live.show(FEW)
    small = live.discs()[0]["radius"]

    def grew() -> bool:
        radii = [frame["discs"][0]["radius"] for frame in after_refresh(live, MANY)]
        after_refresh(live, FEW)
        assert radii == sorted(radii)
        return any(small < radius < radii[-1] for radius in radii)

    live.until(grew)  # not at once: a machine may be too slow for a frame in time


def test_clusters_split_out_of_the_one_that_they_were(live: MapPage) -> None:
    live.show(NEIGHBORS)

    def split() -> bool:
        live.frames()
        live.root.get_by_role("button", name="Zoom in").click(modifiers=["Shift"])
        live.until(lambda: len(live.rest().discs()) == 2)
        places = [[disc["x"] for disc in frame["discs"]] for frame in live.frames()]
        apart = [max(each) - min(each) for each in places]
        live.root.get_by_role("button", name="Zoom out").click(modifiers=["Shift"])
        live.until(lambda: len(live.rest().discs()) == 1)
        return any(0 < distance < 0.9 * apart[-1] for distance in apart)

    live.until(split)


def test_who_left_fades(live: MapPage) -> None:
    both = "moment(pl.concat([group(9, 'Faya', 18, 19), group(4, 'Lima', -12, -77)]))"
    live.show(both)

    def faded() -> bool:
        frames = after_refresh(live, FEW)
        after_refresh(live, both)
        assert len(frames[-1]["discs"]) == 1
        return any(0 < disc["alpha"] < 0.9 for frame in frames for disc in frame["discs"])

    live.until(faded)


def test_nothing_is_drawn_while_nothing_changes(live: MapPage) -> None:
    live.show("people(300)")
    live.refresh("people(310)")
    frames = live.rest().drawn()
    live.page.wait_for_timeout(1.5 * SECONDS)  # in which the times that are shown go on
    live.refresh("Snapshot(visitors(310), fetched_at=at(10))")
    assert live.rest().drawn() == frames


def test_without_motion_clusters_are_where_they_belong_at_once(live: MapPage) -> None:
    live.page.emulate_media(reduced_motion="reduce")
    live.show(f"moment({TOWN})")
    frames = after_refresh(live, f"moment(pl.concat([group(60, 'Faya', 18, 19), {ADA}]))")
    assert len({frame["discs"][0]["radius"] for frame in frames}) == 2
    assert pulses(frames, 2.5) == []


def test_an_arrival_pulses_once(live: MapPage) -> None:
    live.show(f"moment({TOWN})")
    arrived = f"moment(pl.concat([{TOWN}, {ADA}]))"
    frames = after_refresh(live, arrived)
    rings = pulses(frames, 2.5)
    dot = frames[-1]["discs"][-1]
    assert rings
    assert all((ring["x"], ring["y"]) == pytest.approx((dot["x"], dot["y"])) for ring in rings)
    assert [ring["radius"] for ring in rings] == sorted(ring["radius"] for ring in rings)
    assert pulses(after_refresh(live, arrived), 2.5) == []


def test_those_who_are_there_from_the_first_do_not_pulse(live: MapPage) -> None:
    live.show("people(300)")
    assert pulses(live.frames(), 2.5) == []


def test_a_payment_is_announced_once_and_pulses_where_the_payer_is(live: MapPage) -> None:
    here = f"pl.concat([{TOWN}, {ADA}])"
    live.show(f"moment({here})")
    frames = after_refresh(live, f"moment({here}, payments=payments({PAID}))")
    expect(live.part("toast")).to_have_text("€49.00First payment by Ada@example.org · Lima, Peru")
    rings, dot = pulses(frames, 4), frames[-1]["discs"][-1]
    assert rings
    assert all((ring["x"], ring["y"]) == pytest.approx((dot["x"], dot["y"])) for ring in rings)
    frames = after_refresh(live, f"moment({here}, payments=payments({PAID}), seconds=10)")
    expect(live.part("toast")).to_have_count(1)
    assert pulses(frames, 4) == []


def test_a_renewal_by_nobody_here_is_announced_without_a_pulse(live: MapPage) -> None:
    live.show(f"moment({TOWN})")
    paid = "payments(dict(payment_id='p1', amount=500.0, currency='JPY', renewal=True, name='Bo', timestamp=at(0)))"
    frames = after_refresh(live, f"moment({TOWN}, payments={paid})")
    expect(live.part("toast")).to_have_text("¥500Renewal by Bo")
    assert pulses(frames, 4) == []


def test_payments_of_the_first_answer_are_no_news(live: MapPage) -> None:
    live.show(f"moment({TOWN}, payments=payments({PAID}))")
    expect(live.tab("Payments")).to_contain_text("1")
    expect(live.part("toast")).to_have_count(0)


def test_many_payments_at_once_are_three_messages_at_most(live: MapPage) -> None:
    live.show(f"moment({TOWN})")
    many = "payments(*(dict(payment_id=str(n), amount=n + 1.0, currency='USD', timestamp=at(n)) for n in range(9)))"
    live.refresh(f"moment({TOWN}, payments={many})")
    expect(live.part("toast")).to_have_count(3)
    expect(live.part("toast").last).to_contain_text("6 more payments")


def test_a_message_can_be_closed_and_leaves_by_itself(live: MapPage) -> None:
    live.show(f"moment({TOWN})")
    live.refresh(f"moment({TOWN}, payments=payments({PAID}))")
    live.part("toast").get_by_role("button", name="Close").click()
    expect(live.part("toast")).to_have_count(0)
    live.page.mouse.move(0, 0)
    live.refresh(f"moment({TOWN}, payments=payments({PAID}, {PAID} | dict(payment_id='p2')))")
    expect(live.part("toast")).to_have_count(1)
    expect(live.part("toast")).to_have_count(0, timeout=15 * SECONDS)
