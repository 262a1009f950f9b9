"""The one place that names the version of this distribution."""

VERSION = "0.1.0"
