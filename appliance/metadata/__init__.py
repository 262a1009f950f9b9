"""Every row and every SQL statement, for every engine."""
