"""The settings of the pages: whose keys run the node, and how phones answer."""

import pytest

from appliance.config import ConfigError, parse_config

KEY = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


def test_who_runs_the_node_and_how_phones_answer() -> None:
    dashboard = parse_config(
        f"""
        [dashboard]
        operators = ["{KEY}"]
        login_relay = "https://httprelay.pubky.app/inbox"
        login_link = "grant"
        indexer_url = "https://nexus.example.org/base"
        """
    ).dashboard
    assert dashboard.operators == (KEY,)
    assert dashboard.login_relay == "https://httprelay.pubky.app/inbox"
    assert dashboard.login_link == "grant"
    assert dashboard.indexer_url == "https://nexus.example.org/base"
    assert parse_config("").dashboard.indexer_url == ""


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('operators = ["pubky"]', "'pubky' is not a public key"),
        (f'operators = ["{KEY[:-1]}e"]', "is not a public key"),
        ('login_relay = "httprelay.pubky.app/inbox"', "is not an address"),
        ('login_relay = "https://httprelay.pubky.app/link"', "must end in /inbox"),
        ('login_relay = "https://a.example/inbox?b=c"', "is not an address"),
        ('login_link = "signup"', "login_link"),
        ('indexer_url = "http://nexus.example.org"', "is not an address"),
        ('indexer_url = "https://"', "is not an address"),
        ('indexer_url = "https://a@nexus.example.org"', "is not an address"),
        ('indexer_url = "https://nexus.example.org?x"', "is not an address"),
    ],
)
def test_what_is_no_such_thing_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"[dashboard]\n{line}\n")
    assert complaint in "".join(caught.value.problems)
