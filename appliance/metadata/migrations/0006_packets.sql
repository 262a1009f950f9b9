-- The last valid packet of this node and of each user, in canonical bytes: what the DHT forgets can
-- be published again from here.
CREATE TABLE packets (
    public_key TEXT PRIMARY KEY,
    packet BLOB NOT NULL,
    last_seen_us INTEGER NOT NULL
) WITHOUT ROWID;

-- What became of each attempt to publish, by key and by where it was published. A count of NULL was
-- not counted there.
CREATE TABLE publications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_key TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    vantage TEXT NOT NULL,
    outcome TEXT NOT NULL,
    stored_nodes INTEGER,
    queried_nodes INTEGER,
    detail TEXT NOT NULL
);
CREATE INDEX publications_by_key ON publications (public_key, id);

-- What a node of the DHT takes along over a restart, and its latest figures, as JSON.
CREATE TABLE dht_state (
    family INTEGER PRIMARY KEY,
    contacts BLOB NOT NULL,
    figures TEXT NOT NULL,
    saved_us INTEGER NOT NULL
);
