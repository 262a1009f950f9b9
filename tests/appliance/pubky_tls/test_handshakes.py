"""Places for handshakes and what is counted of them."""

from appliance.pubky_tls.handshakes import Handshakes, TlsLimits


class Watch:
    """Seconds, set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def handshakes(watch: Watch) -> Handshakes:
    return Handshakes(TlsLimits(max_handshakes=2, handshake_s=10), watch)


def begun(places: Handshakes) -> int:
    number = places.begin()
    assert number is not None
    return number


def test_only_so_many_handshakes_go_on_at_once() -> None:
    places = handshakes(Watch())
    first, second = begun(places), begun(places)
    assert first != second
    assert places.begin() is None
    assert places.counters.handshaking == 2
    assert places.counters.refused == {"too_many": 1}


def test_a_finished_handshake_makes_room() -> None:
    places = handshakes(Watch())
    first, _ = begun(places), begun(places)
    places.succeed(first)
    assert places.begin() is not None
    assert places.counters.handshakes == 1
    assert places.counters.refused == {}


def test_a_refused_peer_keeps_its_place_until_it_has_left() -> None:
    places = handshakes(Watch())
    first, _ = begun(places), begun(places)
    places.refuse(first, "protocol_version")
    assert places.begin() is None
    places.abandon(first)
    assert places.begin() is not None
    assert places.counters.refused == {"protocol_version": 1, "too_many": 1}


def test_an_abandoned_handshake_is_counted_and_makes_room() -> None:
    places = handshakes(Watch())
    first, _ = begun(places), begun(places)
    places.abandon(first)
    assert places.begin() is not None
    assert places.counters.refused == {"abandoned": 1}


def test_a_place_is_free_when_the_time_limit_has_passed() -> None:
    watch = Watch()
    places = handshakes(watch)
    begun(places)
    watch.now_s += 6
    begun(places)
    watch.now_s += 4
    assert places.begin() is None
    watch.now_s += 0.1
    begun(places)
    assert places.begin() is None
    assert places.counters.refused["abandoned"] == 1


def test_a_place_is_given_back_once() -> None:
    places = handshakes(Watch())
    first = begun(places)
    for _ in range(3):
        places.abandon(first)
        places.succeed(first)
        places.refuse(first, "late")
    assert places.counters.handshaking == 0
    assert places.counters.handshakes == 0
    assert places.counters.refused == {"abandoned": 1}
