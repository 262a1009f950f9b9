"""Globs of paths, held against a naive matcher."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Glob


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/signup_tokens/*", "/signup_tokens/AAAA-BBBB-CCCC", True),
        ("/signup_tokens/*", "/signup_tokens/a/b", False),
        ("/signup_tokens/*", "/signup_tokens", False),
        ("/pub/**", "/pub/a/b/c", True),
        ("/pub/**", "/pub/", True),
        ("/pub/**", "/pub", False),
        ("/**", "/", True),
        ("**", "", True),
        ("/**/", "/pub/app/", True),
        ("/**/", "/pub/app", False),
        ("/**/x", "/x", True),
        ("/a/**/b", "/a/b", True),
        ("/a/**/b", "/a/1/2/b", True),
        ("/a/**/b", "/a/bb", False),
        ("/a/**/b/**/c", "/a/b/x/b/y/c", True),
        ("/a**b", "/axxb", True),
        ("/a**b", "/ax/xb", False),
        ("/?", "/x", True),
        ("/?", "/", False),
        ("/a?b", "/a/b", False),
        ("/[a-c]x", "/bx", True),
        ("/[a-c]x", "/dx", False),
        ("/[!a-c]x", "/dx", True),
        ("/[^a-c]x", "/ax", False),
        ("/[]]", "/]", True),
        ("/[!]]", "/]", False),
        ("/[a\\]]", "/]", True),
        ("/[a-]", "/-", True),
        ("/{pub,priv}/*", "/priv/x", True),
        ("/{pub,priv}/*", "/prix/x", False),
        ("/{a,b{c,d}}x", "/bdx", True),
        ("/{a,b{c,d}}x", "/bx", False),
        ("/{a/b,c}/d", "/a/b/d", True),
        ("/a{,b}", "/a", True),
        ("/{**,x}/y", "/1/2/y", True),
        ("!/pub/*", "/priv/x", True),
        ("!/pub/*", "/pub/x", False),
        ("!!/pub/*", "/pub/x", True),
        ("\\!x", "!x", True),
        ("/\\*", "/*", True),
        ("/\\*", "/x", False),
        ("/a.c", "/abc", False),
        ("/(a|b)", "/a", False),
        ("/*a*b", "/xaxbxb", True),
        ("/*a*b", "/xbxa", False),
    ],
)
def test_a_pattern_fits_a_path(pattern: str, path: str, fits: bool) -> None:
    assert Glob.parse(pattern).matches(path) is fits


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("/[a", "without ]"),
        ("/[!]", "without ]"),
        ("/{a", "without }"),
        ("/a}", "without {"),
        ("/[z-a]", "wrong way"),
        ("/a\\", "escapes nothing"),
        ("{" * 11 + "a" + "}" * 11, "deep"),
        ("{a,b}" * 9, "256"),
        ("a" * 513, "longer"),
    ],
)
def test_a_malformed_pattern_is_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Glob.parse(pattern)


def test_ten_levels_of_braces_are_read() -> None:
    assert Glob.parse("{" * 10 + "a" + "}" * 10).matches("a")


def test_a_strangers_path_cannot_make_matching_slow() -> None:
    pattern = Glob.parse("/**/*a*a*a*a*a*b/**/*c*c*c*d")
    begin_s = time.process_time()
    assert not pattern.matches("/" + "a" * 8000 + "/" + "c" * 8000)
    assert not pattern.matches("/a" * 8000)
    assert time.process_time() - begin_s < 1


def naive(pattern: str, path: str) -> bool:
    """The definition, tried in every way: `**` as a segment, `*`, `?` and letters."""
    if not pattern or pattern == "**":
        return not path or pattern == "**"
    if pattern.startswith("**/"):
        rests = [path[at + 1 :] for at in range(len(path)) if path[at] == "/"]
        return any(naive_at_segment(pattern[3:], rest) for rest in [path, *rests])
    if pattern[0] == "*":
        takes_one = path[:1] not in ("", "/")
        return naive(pattern[1:], path) or (takes_one and naive(pattern, path[1:]))
    if pattern[0] == "/":
        return path[:1] == "/" and naive_at_segment(pattern[1:], path[1:])
    fits = path[:1] not in ("", "/") and pattern[0] in ("?", path[0])
    return fits and naive(pattern[1:], path[1:])


def naive_at_segment(pattern: str, path: str) -> bool:
    """Where a segment begins `**` has its meaning; inside one it is two stars."""
    if pattern == "**" or pattern.startswith("**/"):
        return naive(pattern, path)
    head, slash, rest = pattern.partition("/")
    return naive(head.replace("**", "*") + slash + rest, path)


@given(st.text("ab*?/", max_size=9), st.text("ab/", max_size=9))
def test_matching_agrees_with_the_naive_matcher(pattern: str, path: str) -> None:
    while "***" in pattern:
        pattern = pattern.replace("***", "**")
    assert Glob.parse(pattern).matches(path) is naive_at_segment(pattern, path)


@given(st.text("ab*?/[]!^-{},\\", max_size=40), st.text("ab/-!", max_size=12))
def test_any_text_is_a_pattern_or_a_value_error(pattern: str, path: str) -> None:
    try:
        glob = Glob.parse(pattern)
    except ValueError:
        return
    assert isinstance(glob.matches(path), bool)
    assert Glob.parse("!" + pattern).matches(path) is not glob.matches(path)
