"""What a fuzz target is, and how the bytes of one input become several things."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.pubky.keys import Keypair

KEYPAIR = Keypair.from_seed(bytes(range(32)))
OTHER_KEYPAIR = Keypair.from_seed(bytes(32))
NOW_US = 1_795_000_000_000_000
NOW_S = NOW_US // 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A parser, and inputs that it understands to begin with.

    `feed` raises for a finding: AssertionError for a broken invariant, anything else for an
    exception that the parser does not declare.
    """

    feed: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a stranger does."""

    kind: int
    content: bytes


def steps(data: bytes, most: int = 200) -> Iterator[Step]:
    """The steps in an input: a kind, a length in two bytes, the content; the last may be short."""
    for _ in range(most):
        if len(data) < 3:
            return
        end = 3 + int.from_bytes(data[1:3], "big")
        yield Step(data[0], data[3:end])
        data = data[end:]


def as_steps(*pairs: tuple[int, bytes]) -> bytes:
    """The input that means these steps."""
    return b"".join(
        bytes([kind]) + len(content).to_bytes(2, "big") + content for kind, content in pairs
    )


def text_of(data: bytes) -> str:
    """Any input as a text; it may hold half a surrogate pair, because JSON can spell that."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
