-- An operator who looks into somebody's files says why, may do it for a while, and is seen doing it.

CREATE TABLE break_glass (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    opened_us INTEGER NOT NULL,
    closes_us INTEGER NOT NULL
);
CREATE INDEX break_glass_by_user ON break_glass (user_id, id);

CREATE TABLE break_glass_reads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    break_glass_id INTEGER NOT NULL REFERENCES break_glass (id) ON DELETE CASCADE,
    at_us INTEGER NOT NULL,
    path TEXT NOT NULL
);
CREATE INDEX break_glass_reads_by_opening ON break_glass_reads (break_glass_id, id);
