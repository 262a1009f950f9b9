"""The machine for its operator: health, log, figures, settings, audit, backups."""
