"""Names that a page, a shell, a spreadsheet or a person may take for something else.

Paths are as the node keeps them. `REFUSED` are those that no server of ours stores.
"""

from tests.sample_life.acts import Case, Cases

FOLDER = "/pub/names.example"
LONGEST_SEGMENT = 255
LONGEST_PATH = 972


def _longest_path() -> str:
    path = f"{FOLDER}/deep"
    while LONGEST_PATH - len(path) > LONGEST_SEGMENT + 1:
        path += "/" + "d" * 200
    return path + "/" + "e" * (LONGEST_PATH - len(path) - 1)


def _case(name: str, why: str) -> Case:
    path = name if name.startswith("/") else f"{FOLDER}/{name}"
    return Case(path, f"{why}\n".encode(), why)


NAMES: Cases = {
    "emoji": _case("🌻👩‍🌾 garden.txt", "a flower and a person made of three characters"),
    "right to left": _case("מפת הנמל القديم.txt", "two scripts that run from right to left"),
    "combining marks": _case("Cafe\u0301.txt", "an accent that is a character of its own"),
    "precomposed": _case("Café.txt", "looks like the one with the combining mark"),
    "stacked marks": _case("Z\u0351\u036b\u0343\u032a\u0302o\u0328\u0341.txt", "tall letters"),
    "longest segment": _case("s" * LONGEST_SEGMENT, "255 bytes, the most that one name may have"),
    "longest segment of wide letters": _case("庭" * 85, "255 bytes in 85 characters"),
    "longest path": _case(_longest_path(), "972 bytes, the most that a whole path may have"),
    "spaces": _case("two  spaces and one in front/ of a name.txt", "spaces, also two at once"),
    "only a space": _case("space/\u00a0/x.txt", "a folder whose name is a no-break space"),
    "encoded dots": _case("%2e%2e/up.txt", "two dots if it were decoded once more"),
    "encoded slash": _case("a%2Fb.txt", "a slash if it were decoded once more"),
    "encoded nothing": _case("100%.txt", "a percent sign that encodes nothing"),
    "question mark": _case("what?.txt", "the beginning of a query in an address"),
    "number sign": _case("list#1.txt", "the beginning of a fragment in an address"),
    "ampersand": _case("salt&pepper=1.txt", "separates parameters, and begins entities"),
    "plus": _case("1+1.txt", "a space in forms"),
    "semicolon": _case("a;b=c.txt", "a parameter of a path segment"),
    "colon": _case("c:drive.txt", "looks like a scheme or a drive"),
    "double quotes": _case('the "best" bread.txt', "ends an attribute"),
    "single quotes": _case("it's.txt", "ends an attribute, too"),
    "backticks": _case("`id`.txt", "runs a command in a shell"),
    "dollar": _case("$(id).txt", "runs a command in a shell"),
    "markup": _case("<b>bold</b>.txt", "an element if it were not escaped"),
    "template": _case("{{ 7*7 }}{% raw %}.txt", "a template if it were rendered"),
    "asterisk": _case("*.txt", "every file, to a shell"),
    "leading dash": _case("-rf.txt", "an option, to a command"),
    "leading dot": _case(".hidden", "not listed by default in many programs"),
    "device": _case("con.txt", "a device on Windows"),
    "trailing dot": _case("the end.", "Windows cuts the dot off"),
    "many dots": _case("...", "three dots are a name, two are not"),
    "upper case": _case("Readme.md", "differs from another only in case"),
    "lower case": _case("readme.md", "differs from another only in case"),
    "zero width": _case("in\u200bvisible.txt", "a space without width in the middle"),
    "line separator": _case("two\u2028lines.txt", "a line break that is no control character"),
    "private use": _case("\ue000.txt", "a character without a shape"),
    "not a character": _case("\uffff.txt", "a code point that will never be one"),
    "digits": _case("0", "a number that is false in some languages"),
    "null": _case("null", "a word that some programs take for nothing"),
    "constructor": _case("__proto__/constructor", "members of every object in JavaScript"),
    "pubky.app folder": _case("pubky.app/profile.json", "an app's folder that is not at its place"),
    "pubky.app in private": _case(
        "/priv/pubky.app/posts/0032SSN7Q4EVG", "the app in the wrong root"
    ),
    "pubky.app in capitals": _case("/pub/Pubky.App/profile.json", "not the app, only its letters"),
    "bidi override": _case("report\u202efdp.exe", "ends in exe.pdf as it is shown"),
    "bidi isolate": _case("\u2067photo\u2069.jpg", "turns around what stands in it"),
    "homoglyph folder": _case("/pub/pubky.аpp/profile.json", "a Cyrillic а in the app's name"),
}

REFUSED: Cases = {
    "newline": _case("two\nlines.txt", "a control character"),
    "tab": _case("a\tb.txt", "a control character"),
    "nul": _case("a\0b.txt", "a control character"),
    "escape": _case("\x1b[31mred.txt", "a control character, and a terminal's command"),
    "backslash": _case("a\\b.txt", "a separator on Windows"),
    "space at the end": _case("the end ", "white space at the end of the path"),
    "segment too long": _case("s" * (LONGEST_SEGMENT + 1), "256 bytes in one name"),
    "path too long": _case(_longest_path() + "e", "973 bytes"),
    "two dots": _case("/../etc/passwd", "above the root"),
    "another root": _case("/elsewhere/file.txt", "neither /pub/ nor /priv/"),
}
