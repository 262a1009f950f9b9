"""What the preflight finds wrong with a host's settings and with what was probed on it.

Each finding is one sentence or two: what is wrong, and what to do.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# Least and most, where a number outside could only be a mistake.
RANGES: Mapping[str, tuple[int, int]] = {
    "pubky_app_health_s": (1, 3600),
    "pubky_app_kept_releases": (2, 50),
    "pubky_backup_check_percent": (0, 100),
    "pubky_backup_keep_daily": (0, 3650),
    "pubky_backup_keep_monthly": (0, 1200),
    "pubky_backup_keep_weekly": (0, 520),
    "pubky_base_journal_max_days": (1, 3650),
    "pubky_base_journal_max_mb": (16, 1_000_000),
    "pubky_base_max_clock_skew_s": (1, 3600),
    "pubky_base_min_disk_mb": (0, 100_000_000),
    "pubky_base_min_memory_mb": (0, 10_000_000),
    "pubky_nginx_connections": (1, 100_000),
    "pubky_nginx_max_upload_mb": (0, 100_000_000),
    "pubky_nginx_rate": (1, 100_000),
    "pubky_nginx_sign_in_rate": (1, 100_000),
    "pubky_nginx_stream_timeout_s": (10, 1_000_000),
}
NAMES = (
    "pubky_domain",
    "pubky_dashboard_domain",
    "pubky_http_relay_domain",
    "pubky_pkarr_relay_domain",
)
# Authorities look at the host by its name for these.
ASKED_BY_NAME = frozenset({"acme"})
# A tunnel's names lead to its operator, not here.
NOT_REACHED_BY_NAME = frozenset({"tunnel"})
NODE_FILES = re.compile(
    r"(secret|public_key|config\.toml|admin_password|lock|public_address|moved|blobs|snapshot"
    r"|fleet\.json|backups\.jsonl|dashboard.*|.*\.sqlite3(-wal|-shm)?|.*\.pem|\..*)"
)
KEEPS_A_KEY = frozenset({"secret", "public_key"})

_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_KEY = re.compile(r"[ybndrfg8ejkmcpqxot1uwisza345h769]{52}")


def setting_errors(variables: Mapping[str, Any], controller: str) -> list[str]:
    """What is wrong with the variables themselves; paths of the controller begin in its folder."""
    said = {name: variables[name] for name in variables if name.startswith("pubky_")}
    return [
        *_ranges(said),
        *_forms(said),
        *_names(said),
        *_certificate(said, Path(controller)),
        *_folders(said),
    ]


def _ranges(said: Mapping[str, Any]) -> Iterator[str]:
    for name, (least, most) in RANGES.items():
        if re.fullmatch(r"-?\d+", str(said.get(name, ""))):
            value = int(said[name])
            if not least <= value <= most:
                yield f"{name} is {value}; it must be from {least} to {most}."


def _forms(said: Mapping[str, Any]) -> Iterator[str]:
    reboot = str(said.get("pubky_base_reboot_time") or "staggered")
    if reboot != "staggered" and not _TIME_OF_DAY.fullmatch(reboot):
        yield (
            f"pubky_base_reboot_time is '{reboot}'; write a time of day such as \"04:30\","
            " in quotes, or staggered."
        )
    public_ip = str(said.get("pubky_public_ip") or "auto")
    if public_ip not in {"auto", "none"} and _address(public_ip) is None:
        yield f"pubky_public_ip is '{public_ip}'; write an address, auto or none."
    key = str(said.get("pubky_node_key") or "")
    if key and not _KEY.fullmatch(key):
        yield "pubky_node_key is no key: 52 characters, as `pubky-appliance status` shows it."
    batches = said.get("pubky_batches", [1])
    if not isinstance(batches, list) or not batches or not all(map(_is_batch, batches)):
        yield 'pubky_batches must be a list of numbers and shares such as [1, "25%", "100%"].'


def _is_batch(value: object) -> bool:
    return re.fullmatch(r"[1-9]\d*|([1-9]\d?|100)%", str(value)) is not None


def _names(said: Mapping[str, Any]) -> Iterator[str]:
    used: dict[str, str] = {}
    for variable in NAMES:
        name = str(said.get(variable) or "")
        if not name:
            continue
        if not _HOST_NAME.fullmatch(name):
            yield f"{variable} is '{name}', which is no host name such as node.example.org."
        if name in used:
            yield f"{variable} and {used[name]} are both '{name}'; each needs a name of its own."
        used[name] = variable


def _certificate(said: Mapping[str, Any], controller: Path) -> Iterator[str]:
    mode = str(said.get("pubky_tls_mode") or "local_ca")
    domain = str(said.get("pubky_domain") or "")
    if str(said.get("pubky_proxy_mode") or "nginx") != "nginx":
        return
    if mode == "own":
        for variable in ("pubky_tls_own_certificate", "pubky_tls_own_key"):
            file = str(said.get(variable) or "")
            if not file:
                yield f"pubky_tls_mode is own, so {variable} must name a file on this controller."
            elif not (controller / file).is_file():
                yield f"{variable} is '{file}', and there is no such file on this controller."
    if mode in {"acme", "acme_dns"} and ("." not in domain or _address(domain)):
        yield (
            f"pubky_tls_mode is {mode}, so pubky_domain must be a public name such as"
            " node.example.org; without one, set pubky_tls_mode: local_ca."
        )


def _folders(said: Mapping[str, Any]) -> Iterator[str]:
    data = Path(str(said.get("pubky_app_data_dir") or "/var/lib/pubky"))
    program = Path(str(said.get("pubky_app_dir") or "/opt/pubky"))
    for variable, folder in (("pubky_app_data_dir", data), ("pubky_app_dir", program)):
        if len(folder.parts) < 3 or not folder.is_absolute():
            yield f"{variable} is '{folder}'; name a folder of its own, such as /srv/pubky."
        elif folder.parts[1] in {"home", "root", "tmp", "run", "proc", "sys", "dev"}:
            yield (
                f"{variable} is '{folder}', which the confined service cannot use;"
                " name one below /var, /srv or /opt."
            )
    if data == program or data in program.parents or program in data.parents:
        yield "pubky_app_data_dir and pubky_app_dir lie in each other; keep them apart."


def data_folder_errors(folder: str, files: Iterable[str], key: str, expected_key: str) -> list[str]:
    """What speaks against using a data folder: files of others, no key, or another node's.

    `files` are the names in it, `key` the public key found there, "" for none that can be read.
    """
    names = set(files)
    foreign = sorted(name for name in names if not NODE_FILES.fullmatch(name))
    found = []
    if names and not KEEPS_A_KEY & names:
        what = f"files that no node makes: {', '.join(foreign[:5])}. Move them away"
        if not foreign:
            what = "files but no node's key. Put your copy of the file 'secret' there"
        found.append(f"{folder} has {what}, or name another folder in pubky_app_data_dir.")
    if key and expected_key and key != expected_key:
        found.append(
            f"{folder} belongs to the node {key}, and pubky_node_key names {expected_key}. Correct"
            " pubky_node_key, or name another folder in pubky_app_data_dir."
        )
    return found


def dns_findings(
    answers: Mapping[str, Sequence[str]], own: Iterable[str], mode: str
) -> dict[str, list[str]]:
    """`errors` and `warnings` about the names: {name: addresses} against the host's addresses.

    Only where an authority has to find the host by its name does a wrong record stop the rest.
    A host that knows private addresses alone may stand behind a router: then nothing is known of
    public ones, and it is a warning everywhere.
    """
    mine = {str(at) for text in own if (at := _address(text)) and not at.is_loopback}
    if mode in NOT_REACHED_BY_NAME:
        return {"errors": [], "warnings": []}
    behind_router = all(ipaddress.ip_address(text).is_private for text in mine)
    errors: list[str] = []
    warnings: list[str] = []
    for name, addresses in answers.items():
        found = [text for text in addresses if (seen := _address(text)) and not seen.is_loopback]
        if found and mine & set(found):
            continue
        if addresses and not found:
            continue  # the host's own file of names; nobody else sees that
        kind = "AAAA" if mine and all(":" in text for text in mine) else "A"
        text = f"{name} has no address in the DNS. Make its {kind} record name this host."
        if found:
            text = (
                f"{name} points to {', '.join(sorted(found))}, and this host is"
                f" {', '.join(sorted(mine)) or 'unknown'}. Correct its {kind} record, or say the"
                " address in pubky_public_ip."
            )
        unknown = found and behind_router and any(_is_public(text) for text in found)
        if mode in ASKED_BY_NAME and not unknown:
            remedy = " No authority would certify it; or set pubky_tls_mode: local_ca."
            errors.append(text + remedy)
        else:
            warnings.append(text)
    return {"errors": errors, "warnings": warnings}


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    found = _address(text)
    return found is not None and found.is_global


def probe_errors(report: str) -> list[str]:
    """What the look from outside came to: the output of files/reachable.py."""
    try:
        ports = json.loads(report)
    except ValueError:
        return ["The look from outside said nothing; see whether pubky_probe_url is right."]
    return [
        f"Port {line['port']} cannot be reached from outside ({line['problem']}). Forward it in"
        " your router, or open it at your provider."
        for line in ports
        if line["problem"]
    ]


def numbered(findings: Sequence[str]) -> list[str]:
    """Findings for people, one a line, without those said twice."""
    return list(dict.fromkeys(text.strip() for text in findings if text.strip()))


class FilterModule:
    """The filters by the names that playbooks use."""

    def filters(self) -> dict[str, Any]:
        """Names and functions."""
        return {
            "pubky_data_folder_errors": data_folder_errors,
            "pubky_dns_findings": dns_findings,
            "pubky_findings": numbered,
            "pubky_probe_errors": probe_errors,
            "pubky_setting_errors": setting_errors,
        }
