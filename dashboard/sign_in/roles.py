"""Who somebody is to this node: an operator, a person with an account here, both, or neither."""

from dataclasses import dataclass

from dashboard.doors.admin import AdminDoor
from dashboard.doors.answers import DoorError
from dashboard.sign_in.owners import Owners
from dashboard.sign_in.sign_ins import SignIn


@dataclass(frozen=True, slots=True)
class Roles:
    """What a key, or a sign-in, may see. An account that was disabled counts as none."""

    is_operator: bool
    is_tenant: bool
    is_disabled: bool = False

    @property
    def home(self) -> str:
        """The page where they begin."""
        return "/" if self.is_operator else "/home" if self.is_tenant else "/account"


async def roles_of_key(public_key: str, owners: Owners, admin: AdminDoor) -> Roles:
    """What somebody with this key is here. Raises `DoorError`, but never for an operator."""
    is_operator = await owners.includes(public_key)
    try:
        user = await admin.find_user(public_key)
    except DoorError:
        if is_operator:
            return Roles(is_operator=True, is_tenant=False)
        raise
    is_disabled = user is not None and (user.is_disabled or user.is_suspended)
    return Roles(is_operator, user is not None and not is_disabled, is_disabled)


async def roles_of(sign_in: SignIn, owners: Owners, admin: AdminDoor) -> Roles:
    """What a sign-in is now: its key may have lost its role since. Raises `DoorError`."""
    by_key = Roles(is_operator=False, is_tenant=False)
    if sign_in.public_key is not None:
        by_key = await roles_of_key(sign_in.public_key, owners, admin)
    # Whoever made the link has a shell on the node and can do everything anyway.
    is_operator = by_key.is_operator or sign_in.method == "link"
    return Roles(is_operator, by_key.is_tenant, by_key.is_disabled)
