"""What a page may show of a stored object, and as which type its bytes may leave this origin."""
