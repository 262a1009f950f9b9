"""The pages of what is the visitor's own: folders, objects, uploads, deletions, the trash."""
