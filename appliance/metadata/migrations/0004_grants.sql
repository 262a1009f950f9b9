-- What apps were allowed, and the bearers they hold. Times that a user signed are whole seconds.

CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Chosen by the app: it names a grant only together with its user. Anything else would let a
    -- stranger sign a grant under a name that is taken and get the bearer of its first owner.
    jti TEXT NOT NULL,
    client_id TEXT NOT NULL,
    cnf TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    issued_s INTEGER NOT NULL,
    expires_s INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    last_used_us INTEGER NOT NULL,
    -- A grant that ended stays as a row: it must not be exchanged again, and events name it.
    revoked_us INTEGER,
    UNIQUE (user_id, jti)
);

-- One bearer a grant: a new one takes the place of the one before.
CREATE TABLE grant_bearers (
    grant_id INTEGER PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
    bearer_hash BLOB NOT NULL UNIQUE,
    expires_s INTEGER NOT NULL
);

CREATE TABLE pop_nonces (
    cnf TEXT NOT NULL,
    nonce TEXT NOT NULL,
    -- The last second at which a proof with this nonce is in time.
    good_until_s INTEGER NOT NULL,
    PRIMARY KEY (cnf, nonce)
);
CREATE INDEX pop_nonces_by_time ON pop_nonces (good_until_s);
