"""A node's copy for a backup, and the examination of one that was restored."""

from appliance.backup.checking import Finding, check_copy, missing_files
from appliance.backup.manifest import Manifest
from appliance.backup.staging import stage

__all__ = ["Finding", "Manifest", "check_copy", "missing_files", "stage"]
