"""Look a node's key up, connect to where its packet says, and see whether it has the key.

dial.py DATA-DIR KEY, with the Python of a node's release. Fails with one line of why.
"""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

from appliance.errors import PubkyError
from appliance.pubky.keys import PublicKey
from appliance.pubky_tls.context import client_context

PATIENCE_S = 15
_DIRECT = re.compile(r"(\S+?),? (?:.* )?port (\d+) \(PubkyTLS")


def look_up(data_dir: str, key: str) -> tuple[str, int]:
    """Address and port of the node, as the DHT has them; ends the program when there are none."""
    command = Path(sys.executable).parent / "pubky-appliance"
    done = subprocess.run(
        [command, "--data-dir", data_dir, "resolve", "--json", key],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"nobody finds the key: {done.stderr.strip() or 'no packet'}")
    for way in json.loads(done.stdout)["endpoints"]:
        direct = _DIRECT.match(str(way))
        if direct:
            return direct[1], int(direct[2])
    sys.exit("the packet names no address for native clients")


async def dial(address: str, port: int, key: str) -> None:
    """One request over PubkyTLS; raises OSError or PubkyError."""
    context = client_context({PublicKey.parse(key)}, key)
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=key)
    writer.write(f"GET / HTTP/1.1\r\nHost: {key}\r\nConnection: close\r\n\r\n".encode())
    status = await reader.readline()
    writer.close()
    if b" 200 " not in status:
        raise OSError(f"the answer is {status.decode(errors='replace').strip()}")


if __name__ == "__main__":
    found = look_up(sys.argv[1], sys.argv[2])
    try:
        asyncio.run(asyncio.wait_for(dial(*found, sys.argv[2]), PATIENCE_S))
    except (OSError, PubkyError, TimeoutError) as error:
        sys.exit(f"{found[0]} port {found[1]}: {error or 'no answer'}")
    sys.stdout.write(f"{found[0]} port {found[1]}\n")
