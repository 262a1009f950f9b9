"""Every target by name, from one module each for the DHT, TLS, single words and the web."""

from tests.fuzz import mainline, tls, web, words
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    **mainline.TARGETS,
    **words.TARGETS,
    **tls.TARGETS,
    **web.TARGETS,
}
