"""What every page family is built from, handed to each `routes` function once."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.guard import Origin
from dashboard.sign_in import SignIns


@dataclass(slots=True)
class Parts:
    """The doors, the clock and the sign-in store of one dashboard.

    Not frozen for one reason: the store opens when the server starts, after the routes exist.
    """

    origin: Origin
    admin: AdminDoor
    client: ClientDoor
    client_url: str
    now_s: Callable[[], float]
    opened_sign_ins: SignIns | None = None

    @property
    def sign_ins(self) -> SignIns:
        """The open sign-in store."""
        if self.opened_sign_ins is None:
            raise RuntimeError("the dashboard has not been started")
        return self.opened_sign_ins
