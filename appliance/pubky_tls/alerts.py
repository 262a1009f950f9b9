"""The alerts of TLS 1.3 (RFC 8446 6) and the refusal that carries one."""

from enum import IntEnum

from appliance.errors import PubkyError

ALERT_BYTES = 2
FATAL = 2
WARNING = 1


class Alert(IntEnum):
    """Those that we send; what else a peer sends is only counted."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    RECORD_OVERFLOW = 22
    HANDSHAKE_FAILURE = 40
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    PROTOCOL_VERSION = 70
    USER_CANCELED = 90
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110


class TlsError(PubkyError):
    """Why a connection ends before its time; `alert` is what the peer is told, None when it was
    the peer who told us. `reason` is one of a few fixed words, for counters."""

    def __init__(self, alert: Alert | None, message: str, reason: str = "") -> None:
        super().__init__("invalid", message)
        self.alert = alert
        self.reason = reason or (alert.name.lower() if alert is not None else "peer_alert")
