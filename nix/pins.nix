# The wheels of requirements.lock that pyproject.toml bounds from above; tests/nix compares both.
{
  aiosqlite = {
    version = "0.22.1";
    hash = "sha256-IcAC6xOCP610AZbFounY5i9iQ72efkofh/teROy0/Os=";
  };
  hypercorn = {
    version = "0.18.0";
    hash = "sha256-Il4mjywcLyj22Pbbj0DLjJkpY2EMVyXhPM/N3Msksc0=";
  };
  quart = {
    version = "0.22.0";
    hash = "sha256-u2WVRfGoooehTflDS5Ilo9Rzg2Kj7RcHRNDgO7lEe1A=";
  };
}
