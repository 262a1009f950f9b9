"""What an authority's refusal is turned into: one sentence, with the remedy."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

import pytest

from tests.deploy.playbooks import ANSIBLE


@pytest.fixture(scope="module")
def renew() -> ModuleType:
    """The tool that runs on hosts, as a module."""
    file = str(ANSIBLE / "roles/pubky_tls/files/renew")
    spec = spec_from_loader("renew", SourceFileLoader("renew", file))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("urn:ietf:params:acme:error:rateLimited :: too many certificates", "no more certificates"),
        ("  Type:   caa\n  Detail: CAA record for n1 prevents issuance", "CAA record"),
        ("error:rejectedIdentifier :: Cannot issue for n1.local", "does not certify such a name"),
        (
            "  Type:   unauthorized\n  Detail: No TXT record found at _acme-challenge.n1",
            "pubky_tls_dns_wait_s",
        ),
        ("  Type:   dns\n  Detail: DNS problem: NXDOMAIN looking up A for n1", "Make an A record"),
        (
            "  Type:   connection\n  Detail: 192.0.2.1: Timeout during connect (likely firewall)",
            "cannot reach port 80",
        ),
        (
            "  Type:   unauthorized\n  Detail: Invalid response from http://n1/x: 404",
            "Another machine answers",
        ),
        (
            "requests.exceptions.ConnectionError: Max retries exceeded with url: /directory",
            "authority cannot be reached",
        ),
    ],
)
def test_a_refusal_is_told_with_its_remedy(renew: ModuleType, said: str, told: str) -> None:
    assert told in renew.reason(f"Some challenges have failed.\n{said}\nAsk for help.")


def test_what_nobody_foresaw_is_told_in_its_own_words(renew: ModuleType) -> None:
    said = "Something new.\n\nAsk for help or search for solutions at a page.\n"
    assert renew.reason(said) == "Something new."
    assert renew.reason("") == "It said nothing."
