"""What the operator's handlers are given."""

from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config, Pkdns
from appliance.homeserver.figure_series import FigureSeries
from appliance.homeserver.login_attempts import LoginAttempts
from appliance.homeserver.moderation import Moderation
from appliance.homeserver.operators import Operators
from appliance.logs import KeptLog
from appliance.web.network_services import NetworkServices
from appliance.web.services import Services


@dataclass(frozen=True, slots=True)
class AdminServices:
    """The client API's services, and what only the operator may know."""

    node: Services
    operators: Operators
    moderation: Moderation
    login_attempts: LoginAttempts
    network: NetworkServices
    data_dir: Path
    config: Config
    config_file: Path
    log: KeptLog
    series: FigureSeries
    pkdns: Pkdns
    started_us: int
    client_url: str
    client_port: int
    dashboard_url: str | None
