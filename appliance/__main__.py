"""`python -m appliance` is `pubky-appliance`."""

from appliance.cli import main

main()
