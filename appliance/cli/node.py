"""`init`, `run`, `testnet`, `login-link` and `version`: the life of a node."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

import click

from appliance import background
from appliance.assembly import Doors, Node, NodePlan, running_node
from appliance.cli.output import as_json, pass_folder, print_json, terminal_qr
from appliance.data_folder import DASHBOARD_FILE, PASSWORD_FILE, DataFolder
from appliance.homeserver.admin_access import AdminAccess, random_password
from appliance.logs import set_up_logs
from appliance.metadata import signup_tokens
from appliance.pubky.signup_tokens import direct_signup_link
from appliance.service_manager import ServiceManager
from appliance.testnet import ADMIN_PASSWORD, DHT_NODES, Testnet, TestnetPorts, running_testnet
from appliance.version import VERSION
from appliance.web.asgi import ASGIApp
from dashboard.app import DashboardSettings, create_app
from dashboard.sign_in import SignIns, create_login_link

LEAST_PASSWORD_CHARACTERS = 12


@asynccontextmanager
async def pages(doors: Doors) -> AsyncIterator[ASGIApp]:
    """The dashboard, running; the only place that knows both packages."""
    store_path = doors.data_dir / DASHBOARD_FILE
    # Quart logs a failing start with its whole trace; opened once before it, that is one line.
    await (await SignIns.open(store_path)).close()
    app = create_app(
        DashboardSettings(
            origin=doors.origin,
            client_url=doors.client_url,
            pkarr_relay_url=doors.pkarr_relay_url or "",
            admin_url=doors.admin_url,
            admin_token=doors.admin_token,
            store_path=store_path,
            operators=doors.settings.operators,
            login_relay=doors.settings.login_relay,
            login_link=doors.settings.login_link,
            indexer_url=doors.settings.indexer_url,
            trusted_proxies=doors.trusted_proxies,
        )
    )
    await app.startup()
    try:
        yield cast("ASGIApp", app)
    finally:
        await app.shutdown()


@click.command(epilog="Example: pubky-appliance --data-dir /srv/pubky init")
@as_json
@pass_folder
def init(folder: DataFolder, *, as_json: bool) -> None:
    """Make the data folder: the node's key, its settings, the operator's password.

    What exists is never touched, so running it again is safe. The password is shown once and kept
    as a hash; 'pubky-appliance password' makes a new one.
    """
    made = folder.initialise()
    key = folder.public_key().z32
    if as_json:
        print_json(
            {
                "data_dir": str(folder.path),
                "public_key": key,
                "made": list(made.made),
                "admin_password": made.new_password,
            }
        )
        return
    click.echo(f"Data folder  {folder.path}")
    click.echo(f"Node key     {key}")
    for name in made.made:
        click.echo(f"Made         {name}")
    if made.new_password:
        click.echo(f"Password     {made.new_password}   (operator's; shown only now)")
    elif not made.made:
        click.echo("Everything was there already.")


@click.command(epilog="Example: pubky-appliance password")
@click.option("--stdin", "from_stdin", is_flag=True, help="Take it from the first line of input.")
@as_json
@pass_folder
def password(folder: DataFolder, *, from_stdin: bool, as_json: bool) -> None:
    """Set a new operator's password, made at random and shown once.

    It is kept as a hash. A running node takes the new one when it starts again.
    """
    folder.hashed_admin_password()  # a folder that was never made has no password to change
    chosen = sys.stdin.readline().rstrip("\r\n") if from_stdin else None
    if chosen is not None and len(chosen) < LEAST_PASSWORD_CHARACTERS:
        raise click.ClickException(
            f"a password has at least {LEAST_PASSWORD_CHARACTERS} characters; nothing was changed"
        )
    made = chosen or random_password()
    folder.set_admin_password(made)
    shown = None if from_stdin else made
    if as_json:
        print_json({"admin_password": shown, "restart_needed": folder.is_in_use})
        return
    click.echo(f"Password  {shown}   (shown only now)" if shown else "The password is changed.")
    if folder.is_in_use:
        click.echo("The node runs and still asks for the old one: restart it.")


@click.command(epilog="Example: pubky-appliance --data-dir /srv/pubky run")
@click.option(
    "--quiet", is_flag=True, help="Print no invite, password or sign-in link: for services."
)
@as_json
@pass_folder
def run(folder: DataFolder, *, quiet: bool, as_json: bool) -> None:
    """Start the node and serve until interrupted.

    Makes the data folder on the first run. Prints where everything is, a single-use link to the
    dashboard, and one invite. Under a service manager nothing secret is printed.
    """
    folder.check_not_moved()
    made = folder.initialise()
    config = folder.config()
    set_up_logs(config.logging.level, config.logging.format)
    manager = ServiceManager(os.environ)
    plan = NodePlan(
        data_dir=folder.path,
        config=config,
        keypair=folder.keypair(),
        access=AdminAccess(folder.hashed_admin_password()),
        dashboard=pages,
        inherited=tuple(manager.inherited_sockets()),
    )
    # A journal keeps what is printed, and more people may read it than may run the node.
    silent = quiet or "JOURNAL_STREAM" in os.environ

    async def serve(stop: asyncio.Event) -> None:
        async with running_node(plan) as node, background.running(manager.keep_alive()):
            await _announce(folder, node, made.new_password, silent=silent, as_json=as_json)
            manager.notify("READY=1")
            await stop.wait()
            manager.notify("STOPPING=1")

    if silent and made.new_password:
        # It could never be shown again; the operator makes one that they see.
        (folder.path / PASSWORD_FILE).unlink()
        raise click.ClickException(
            "this data folder is new; run 'pubky-appliance init' first, to see its password"
        )
    folder.check_room()
    _allow_many_connections()
    with folder.locked():
        _run_until_signalled(serve)


@click.command(epilog="Example: pubky-appliance testnet")
@click.option("--token-required", is_flag=True, help="Sign-up needs an invite, as in production.")
@click.option(
    "--dht-nodes",
    type=click.IntRange(2, 200),
    default=DHT_NODES,
    show_default=True,
    help="Real DHT nodes, the homeserver's own included.",
)
@as_json
def testnet(*, token_required: bool, dht_nodes: int, as_json: bool) -> None:
    """Start a private network for app development, gone when it ends.

    Unmodified clients find it in their testnet mode: homeserver on 6286 and 6287 (PubkyTLS) with
    the well-known key, admin API on 6288 (password 'admin'), DHT on UDP 6881, pkarr relay on 15411,
    HTTP relay on 15412. Loopback only.
    """
    set_up_logs("warning", "text")

    async def serve(stop: asyncio.Event) -> None:
        async with running_testnet(
            TestnetPorts(), token_required=token_required, dht_nodes=dht_nodes, dashboard=pages
        ) as net:
            await _announce_testnet(net, as_json=as_json)
            await stop.wait()

    _run_until_signalled(serve)


@click.command("login-link", epilog="Example: pubky-appliance login-link")
@as_json
@pass_folder
def login_link(folder: DataFolder, *, as_json: bool) -> None:
    """Make a single-use link that signs you in to the dashboard, good for 15 minutes."""
    config = folder.config()
    origin = config.dashboard.origin or f"http://{config.dashboard.listen_socket}"
    link = asyncio.run(create_login_link(folder.path / DASHBOARD_FILE, origin))
    if as_json:
        print_json({"login_link": link})
    else:
        click.echo(link)


@click.command(epilog="Example: pubky-appliance version --json")
@as_json
def version(*, as_json: bool) -> None:
    """Print the version of this program."""
    if as_json:
        print_json({"version": VERSION})
    else:
        click.echo(VERSION)


async def _announce(
    folder: DataFolder, node: Node, new_password: str | None, *, silent: bool, as_json: bool
) -> None:
    facts: dict[str, str | None] = {
        "data_dir": str(folder.path),
        "public_key": node.keypair.public_key.z32,
        "client_url": node.client_url or None,
        "pubky_tls": str(node.pubky_tls_address) if node.pubky_tls_address else None,
        "admin_url": node.admin_url,
        "metrics_url": node.metrics_url and node.metrics_url + "/metrics",
        "dashboard_url": node.dashboard_url,
    }
    if not silent:
        facts |= await _secrets_to_show(folder, node) | {"admin_password": new_password}
    if as_json:
        print_json(facts)
        return
    click.echo(f"Pubky appliance {VERSION} is running. Stop it with Ctrl-C.\n")
    labels = {
        "public_key": "Node key",
        "client_url": "Client API",
        "pubky_tls": "PubkyTLS",
        "admin_url": "Admin API",
        "metrics_url": "Metrics",
        "login_link": "Dashboard",
        "admin_password": "Password",
        "invite": "Invite",
        "invite_link": "",
    }
    remarks = {
        "login_link": "(signs in once, within 15 minutes)",
        "admin_password": "(operator's; shown only now)",
    }
    for name, label in labels.items():
        if facts.get(name):
            click.echo(f"  {label:<11} {facts[name]}  {remarks.get(name, '')}".rstrip())
    link = facts.get("invite_link")
    if link:
        click.echo("\nScan with Pubky Ring to sign up on this node:\n")
        click.echo(terminal_qr(link))


async def _secrets_to_show(folder: DataFolder, node: Node) -> dict[str, str | None]:
    shown: dict[str, str | None] = {}
    if node.dashboard_url:
        shown["login_link"] = await create_login_link(
            folder.path / DASHBOARD_FILE, node.dashboard_url
        )
    services = node.services
    if services.signup.mode == "token_required":
        # The newest unused one is shown again: a restart must not pile up invites.
        unused = await services.metadata.read(
            signup_tokens.page_newest_first, "unused", None, 1, services.clock()
        )
        token = unused[0] if unused else await services.signup.create_invite(None, None)
        shown["invite"] = token.token
        shown["invite_link"] = direct_signup_link(services.public_key, token.token)
    else:
        shown["invite"] = None
        shown["invite_link"] = direct_signup_link(services.public_key, None)
    return shown


async def _announce_testnet(net: Testnet, *, as_json: bool) -> None:
    origin = net.node.dashboard_url
    link = await create_login_link(net.data_dir / DASHBOARD_FILE, origin) if origin else None
    facts = {
        "public_key": net.node.keypair.public_key.z32,
        "client_url": net.node.client_url,
        "admin_url": net.node.admin_url,
        "admin_password": ADMIN_PASSWORD,
        "metrics_url": f"{net.node.metrics_url}/metrics",
        "pkarr_relay_url": net.pkarr_relay_url,
        "http_relay_url": net.http_relay_url,
        "pubky_tls": str(net.node.pubky_tls_address),
        "dht_bootstrap": net.dht_bootstrap,
        "login_link": link,
    }
    if as_json:
        print_json(facts)
        return
    click.echo("A Pubky testnet is running; all of it is gone when it ends. Stop it with Ctrl-C.\n")
    click.echo(f"  Homeserver  {facts['public_key']}")
    click.echo(f"  Client API  {facts['client_url']}")
    click.echo(f"  Admin API   {facts['admin_url']}  (password: {ADMIN_PASSWORD})")
    click.echo(f"  Metrics     {facts['metrics_url']}")
    click.echo(f"  PubkyTLS    {facts['pubky_tls']}")
    click.echo(f"  DHT         {facts['dht_bootstrap']}  (UDP)")
    click.echo(f"  Pkarr relay {facts['pkarr_relay_url']}")
    click.echo(f"  HTTP relay  {facts['http_relay_url']}/link and /inbox")
    click.echo(f"  Dashboard   {link}")
    click.echo("\nIn your app:  const pubky = Pubky.testnet()")


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as it may go: often 1024, and each stream is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run_until_signalled(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    async def supervised() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve(stop)

    asyncio.run(supervised())
