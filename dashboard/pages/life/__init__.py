"""The pages of the visitor's life: profile, posts, people, tags, bookmarks, feeds, media."""
