"""The rules of one node, built from the bottom up."""

from pathlib import Path

from appliance.assembly.plan import NodePlan, StartError
from appliance.blobs.files import FileBlobs
from appliance.blobs.store import blobs_folder
from appliance.homeserver.disk_guard import DiskGuard
from appliance.homeserver.event_feed import EventFeed
from appliance.homeserver.grants import Grants
from appliance.homeserver.node_figures import NodeFigures, Places
from appliance.homeserver.own_data import OwnData
from appliance.homeserver.own_past import OwnPast
from appliance.homeserver.quotas import Quotas
from appliance.homeserver.rate_limits import RateLimits
from appliance.homeserver.readiness import node_readiness
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup
from appliance.homeserver.storage import Storage, StorageLimits
from appliance.metadata.sqlite import SqliteMetadata
from appliance.metrics import Counters
from appliance.web.bandwidth import Bandwidth
from appliance.web.services import Services

MEBIBYTE = 1024 * 1024


def database_file(plan: NodePlan) -> Path:
    """Where the rows of this node live."""
    return plan.data_dir / plan.config.general.database_url.removeprefix("sqlite:")


def build_services(plan: NodePlan, metadata: SqliteMetadata, feed: EventFeed) -> Services:
    """The rules behind the routes; raises StartError when the blobs' folder cannot be used."""
    config = plan.config
    folder = blobs_folder(config.storage.blobs, plan.data_dir)
    try:
        blobs = FileBlobs(folder, durable=plan.durable)
    except OSError as error:
        raise StartError(f"{folder}: cannot be used (storage.blobs): {error.strerror}") from error
    revocations = Revocations()
    sessions = Sessions(metadata, plan.clock, revocations)
    signup = Signup(metadata, sessions, plan.clock, config.general.signup_mode)
    quotas = Quotas(metadata, config.storage.default_quota_mb, config.default_quotas)
    limits = StorageLimits(
        quotas,
        trash_days=config.storage.trash_days,
        max_upload_bytes=config.drive.max_upload_mb * MEBIBYTE or None,
    )
    min_free_mb = config.storage.min_free_mb
    min_free_bytes = None if min_free_mb is None else min_free_mb * MEBIBYTE
    disk = DiskGuard((folder, plan.data_dir), min_free_bytes, plan.clock)
    readiness = node_readiness(metadata, blobs, disk, plan.clock)
    places = Places(plan.data_dir, folder, database_file(plan))
    figures = NodeFigures(metadata, blobs, readiness, places, plan.clock)
    counters = Counters()
    figures.register(counters)
    return Services(
        public_key=plan.keypair.public_key,
        metadata=metadata,
        storage=Storage(metadata, blobs, plan.clock, limits, disk),
        sessions=sessions,
        grants=Grants(metadata, plan.clock, plan.keypair.public_key, signup, revocations),
        signup=signup,
        feed=feed,
        revocations=revocations,
        own_data=OwnData(metadata, limits, revocations, plan.clock),
        own_past=OwnPast(metadata, limits.retirement_us, plan.clock),
        quotas=quotas,
        rate_limits=RateLimits(config.drive.rate_limits),
        bandwidth=Bandwidth(quotas, config.drive.trusted_proxies),
        disk=disk,
        counters=counters,
        figures=figures,
        readiness=readiness,
        clock=plan.clock,
        trusted_proxies=config.drive.trusted_proxies,
    )
