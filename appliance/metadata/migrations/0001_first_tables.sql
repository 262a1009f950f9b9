-- Times are integer microseconds since the Unix epoch. Keys are z-base-32 text. Paths compare
-- bytewise. Ids are never reused: events and provenance refer to them for ever.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_key TEXT NOT NULL UNIQUE,
    disabled INTEGER NOT NULL DEFAULT 0,
    used_bytes INTEGER NOT NULL DEFAULT 0,
    entry_count INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    last_write_us INTEGER
);

CREATE TABLE signup_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    note TEXT,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    revoked_us INTEGER,
    -- The key and not a reference: a deleted user must not free the invite.
    used_by TEXT,
    used_us INTEGER
);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_hash BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    capabilities TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    last_used_us INTEGER NOT NULL,
    -- A session that ended stays as a row: events name the session that wrote them.
    revoked_us INTEGER
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE auth_tokens_seen (
    replay_id BLOB PRIMARY KEY,
    timestamp_us INTEGER NOT NULL
);
CREATE INDEX auth_tokens_seen_by_time ON auth_tokens_seen (timestamp_us);

CREATE TABLE entries (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    blob_id TEXT NOT NULL UNIQUE,
    content_hash BLOB NOT NULL,
    content_length INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    modified_us INTEGER NOT NULL,
    PRIMARY KEY (user_id, path)
) WITHOUT ROWID;

-- Replaced and deleted bytes with what they were, until the sweep deletes them: readers that
-- already hold the blob can finish, and trash and history read from here.
CREATE TABLE retired_blobs (
    blob_id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    content_length INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    modified_us INTEGER NOT NULL,
    retired_us INTEGER NOT NULL,
    delete_after_us INTEGER NOT NULL
);
CREATE INDEX retired_blobs_by_due_time ON retired_blobs (delete_after_us);
CREATE INDEX retired_blobs_by_path ON retired_blobs (user_id, path, retired_us);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    content_hash BLOB,
    created_us INTEGER NOT NULL,
    -- Who wrote it: at most one of the two. NULL in both: the operator.
    session_id INTEGER,
    grant_id INTEGER
);
CREATE INDEX events_by_user_and_path ON events (user_id, path, id);
CREATE INDEX events_by_user ON events (user_id, id);
