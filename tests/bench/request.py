"""What a load sends."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Request:
    """One request, sent again and again; with `fresh`, `target` is a prefix of new paths."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body_bytes: int = 0
    fresh: bool = False

    def under(self, target: str) -> "Request":
        """The same at another place."""
        return replace(self, target=target)

    def to_bytes(self) -> bytes:
        """As it goes over the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body_bytes:
            lines.append(f"content-length: {self.body_bytes}")
        return "\r\n".join([*lines, "", ""]).encode() + b"b" * self.body_bytes
