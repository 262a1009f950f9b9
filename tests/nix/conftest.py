"""One Nix for all tests of this folder."""

import pytest

from tests.nix.evaluation import Nix, nix_in


@pytest.fixture(scope="session")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Nix:
    """Nix, without traces."""
    return nix_in(tmp_path_factory.mktemp("nix"))
