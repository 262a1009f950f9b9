"""Path filters against a naive reading of client API 13.3."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath

_SEGMENTS = st.sampled_from(["pub", "priv", "a", "a-b", "a.b", "%", "_", "é"])
_PATHS = st.lists(_SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
_FILTERS = st.lists(_PATHS | _PATHS.map(lambda path: path + "/") | st.just("/"), max_size=6)


def _naive(filters: list[str], path: str) -> bool:
    return any(path.startswith(text) if text.endswith("/") else path == text for text in filters)


@given(_FILTERS, _PATHS)
def test_a_filter_is_the_union_of_its_files_and_directories(filters: list[str], path: str) -> None:
    found = PathFilter.of(StoragePath(text) for text in filters).matches(path)
    assert found == _naive(filters, path)


def test_what_a_directory_covers_is_not_kept_beside_it() -> None:
    texts = ["/pub/a/", "/pub/a/b/", "/pub/a/c", "/pub/a", "/pub/a-b/"]
    wanted = PathFilter.of(StoragePath(text) for text in texts)
    assert wanted.directories == ("/pub/a-b/", "/pub/a/")
    assert wanted.files == frozenset({"/pub/a"})
