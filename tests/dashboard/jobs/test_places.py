"""Sessions of other homeservers are kept for a while, for one sign-in each, and never shown."""

from dashboard.doors.elsewhere import Place
from dashboard.jobs.places import KEPT_S, Places, Wish

PLACE = Place("k" * 52, "https://pubky.example.org", is_local=False)
WISH = Wish(PLACE, "the code", has_account=False)


def test_a_wish_comes_true_once_and_for_the_sign_in_that_had_it() -> None:
    places = Places(lambda: 0.0)
    places.want(1, WISH)
    assert places.take_wish(2) is None
    assert (places.take_wish(1), places.take_wish(1)) == (WISH, None)


def test_a_session_is_forgotten_in_time_or_when_asked() -> None:
    now_s = 0.0
    places = Places(lambda: now_s)
    places.arrive(1, PLACE, "the secret")
    places.arrive(2, PLACE, "another")
    now_s = float(KEPT_S)
    found = places.find(1)
    assert found is not None
    assert (found.secret, places.find(3)) == ("the secret", None)
    assert places.forget(1) == found
    assert places.find(1) is None
    now_s += 1
    assert places.find(2) is None


def test_neither_secret_nor_code_can_reach_a_log() -> None:
    places = Places(lambda: 0.0)
    places.arrive(1, PLACE, "the secret")
    assert "the secret" not in repr(places.find(1))
    assert "the code" not in repr(WISH)


def test_many_who_ask_do_not_fill_the_memory() -> None:
    places = Places(lambda: 0.0)
    for sign_in_id in range(1000):
        places.want(sign_in_id, WISH)
        places.arrive(sign_in_id, PLACE, "x")
    kept = [each for each in range(1000) if places.find(each) is not None]
    assert kept == list(range(500, 1000))
    assert places.take_wish(499) is None
