-- What an operator may do to a user, and what is remembered of it.

ALTER TABLE users ADD COLUMN suspended_us INTEGER;
-- A deleted account stays as a row: its events name it, and cursors must not lose their place.
ALTER TABLE users ADD COLUMN deleted_us INTEGER;

CREATE TABLE takedowns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    lifted_us INTEGER
);
CREATE INDEX takedowns_by_user ON takedowns (user_id);

CREATE TABLE admin_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    last_used_us INTEGER,
    revoked_us INTEGER
);

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL
);
