"""Pictures obey the pages' policy and never carry text from outside."""

import re
from xml.etree import ElementTree

import pytest

from dashboard.drawings import svg
from dashboard.drawings.paths import ICONS

ALICE = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def test_an_identicon_is_the_same_every_time_and_different_for_others() -> None:
    assert svg.identicon(ALICE) == svg.identicon(ALICE)
    assert svg.identicon(ALICE) != svg.identicon(ALICE[::-1])


@pytest.mark.parametrize("text", [ALICE, '"><script>alert(1)</script>'])
def test_an_identicon_shows_nothing_of_its_text(text: str) -> None:
    picture = svg.identicon(text)
    parsed(picture)
    assert text not in picture


def test_a_qr_code_needs_no_inline_style() -> None:
    picture = svg.qr_code("pubkyauth://direct_signup?hs=a&st=b", "<Invite>")
    assert not re.search(r"\sstyle\s*=", picture)
    assert "<title>&lt;Invite&gt;</title>" in picture


def test_a_qr_code_is_black_on_white_with_a_quiet_zone() -> None:
    picture = svg.qr_code("pubkyauth://direct_signup?hs=a&st=b", "Invite")
    assert '<path fill="#fff" d="M0 0h' in picture
    assert 'stroke="#000" d="M4 4.5h7' in picture


@pytest.mark.parametrize("name", sorted(ICONS))
def test_every_icon_is_well_formed(name: str) -> None:
    assert parsed(svg.icon(name)).get("aria-hidden") == "true"
