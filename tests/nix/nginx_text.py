"""The directives of nginx settings, read into lists."""

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"""\s+|\#[^\n]*|(?P<word>"[^"]*"|'[^']*'|[;{}]|(?:[^\s;{}"']|\{[0-9,]+\})+)""")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its simple directives, and the blocks in it with their opening words."""

    directives: list[str] = field(default_factory=list)
    blocks: list[tuple[str, "Block"]] = field(default_factory=list)


def nginx_block(text: str) -> Block:
    """The outermost block of a text."""
    outermost = Block()
    open_blocks = [outermost]
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match["word"]
        if word is None:
            continue
        if word == ";":
            open_blocks[-1].directives.append(" ".join(words))
            words = []
        elif word == "{":
            inner = Block()
            open_blocks[-1].blocks.append((" ".join(words), inner))
            open_blocks.append(inner)
            words = []
        elif word == "}":
            open_blocks.pop()
        else:
            words.append(word)
    return outermost
