"""What takes longer than a page: exports and imports, with their progress and their receipts."""
