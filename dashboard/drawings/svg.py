"""Server-made SVG, and the only module that marks text as safe HTML.

Nothing here comes from a visitor or a tenant except through SHA-256 or the QR encoder. Only
presentation attributes are used: the pages' policy blocks inline styles.
"""

import hashlib

import segno
from markupsafe import Markup

from dashboard.drawings.paths import ICONS

_CELLS = 5


def identicon(public_key: str) -> Markup:
    """A mirrored 5×5 picture of a key, so that people without a portrait can be told apart."""
    digest = hashlib.sha256(public_key.encode()).digest()
    hue = int.from_bytes(digest[:2], "big") % 360
    half = (_CELLS + 1) // 2
    squares: list[str] = []
    for row in range(_CELLS):
        for column in range(half):
            if digest[2 + row * half + column] & 1:
                mirrored = {column, _CELLS - 1 - column}
                squares.extend(f"M{x + 1} {row + 1}h1v1h-1z" for x in sorted(mirrored))
    return Markup(  # noqa: S704 - digits only
        '<svg class="identicon" viewBox="0 0 7 7" aria-hidden="true" shape-rendering="crispEdges">'
        f'<path d="M0 0h7v7h-7z" fill="hsl({hue} 60% 50%)" fill-opacity="0.14"/>'
        f'<path d="{"".join(squares)}" fill="hsl({hue} 58% 47%)"/></svg>'
    )


def qr_code(text: str, label: str) -> Markup:
    """A QR code, black on white in both themes, with the quiet zone of four modules."""
    code = segno.make(text, error="m", micro=False)
    svg = code.svg_inline(
        border=4,
        dark="#000",
        light="#fff",
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        title=label,
    )
    return Markup(svg)  # noqa: S704 - segno escapes the title; modules are digits


def icon(name: str) -> Markup:
    """A decorative icon by name; `KeyError` for a name that is not drawn."""
    return Markup(  # noqa: S704 - constants of our own
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" '
        'stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{ICONS[name]}</svg>"
    )


def symbols(*names: str) -> Markup:
    """Icons that a long table repeats, drawn once; `icon_of` shows them."""
    drawn = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 24 24">{ICONS[name]}</symbol>' for name in names
    )
    return Markup(f'<svg hidden aria-hidden="true">{drawn}</svg>')  # noqa: S704 - constants


def icon_of(name: str) -> Markup:
    """An icon by its symbol on the same page; `KeyError` for a name that is not drawn."""
    if name not in ICONS:
        raise KeyError(name)
    return Markup(  # noqa: S704 - a name of ours
        f'<svg class="icon line" aria-hidden="true"><use href="#i-{name}"/></svg>'
    )
