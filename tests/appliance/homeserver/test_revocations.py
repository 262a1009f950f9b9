"""Whoever watches a credential hears of its end, and only of its own."""

from appliance.homeserver.revocations import Revocations


async def test_every_watch_of_an_ended_credential_is_done() -> None:
    revocations = Revocations()
    with (
        revocations.watch("session:1") as first,
        revocations.watch("session:1") as second,
        revocations.watch("session:11") as other,
        revocations.watch("grant:1") as grant,
    ):
        revocations.announce("session:1")
        assert first.done()
        assert second.done()
        assert not other.done()
        assert not grant.done()


async def test_an_end_before_the_watch_is_not_heard() -> None:
    revocations = Revocations()
    revocations.announce("session:1")
    with revocations.watch("session:1") as revoked:
        assert not revoked.done()


async def test_a_watch_that_is_over_leaves_nothing_behind() -> None:
    revocations = Revocations()
    with revocations.watch("session:1"), revocations.watch("session:1"):
        pass
    with revocations.watch("session:1"):
        revocations.announce("session:1")
        with revocations.watch("session:1") as again:
            pass
        assert not again.done()
    assert revocations._watchers == {}
