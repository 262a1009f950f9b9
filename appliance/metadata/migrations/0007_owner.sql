-- What a person sees of their own: exact totals of every folder, paging in any order, what points
-- to what, and words to search by.

-- The folder of a file is everything up to its last slash.
CREATE INDEX entries_by_folder ON entries (user_id, rtrim(path, replace(path, '/', '')), path);
CREATE INDEX entries_by_folder_size
    ON entries (user_id, rtrim(path, replace(path, '/', '')), content_length);
CREATE INDEX entries_by_folder_time
    ON entries (user_id, rtrim(path, replace(path, '/', '')), modified_us);
CREATE INDEX entries_by_size ON entries (user_id, content_length);

-- Kept up by every change of `entries`, in the same transaction. Paths end in a slash.
CREATE TABLE folders (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    parent TEXT NOT NULL,
    file_count INTEGER NOT NULL,
    total_bytes INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    PRIMARY KEY (user_id, path)
) WITHOUT ROWID;
CREATE INDEX folders_by_parent ON folders (user_id, parent, path);

INSERT INTO folders (user_id, path, parent, file_count, total_bytes, changed_us)
WITH RECURSIVE above (user_id, path, content_length, modified_us) AS (
    SELECT user_id, rtrim(path, replace(path, '/', '')), content_length, modified_us FROM entries
    UNION ALL
    SELECT user_id, rtrim(rtrim(path, '/'), replace(path, '/', '')), content_length, modified_us
    FROM above WHERE path <> '/'
)
SELECT
    user_id,
    path,
    CASE path WHEN '/' THEN '' ELSE rtrim(rtrim(path, '/'), replace(path, '/', '')) END,
    COUNT(*),
    SUM(content_length),
    MAX(modified_us)
FROM above GROUP BY user_id, path;

-- Who wrote how much, when last.
CREATE INDEX events_by_writer ON events (user_id, session_id, grant_id, id);

-- What a text or JSON file says. An index of what is stored, built behind the log of events.
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    UNIQUE (user_id, path)
);
CREATE VIRTUAL TABLE search_text USING fts5 (
    owner, name, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
-- The addresses that a JSON file holds, as `pubky://<key>/<path>`.
CREATE TABLE object_references (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (user_id, path, target)
) WITHOUT ROWID;
CREATE INDEX object_references_by_target ON object_references (user_id, target);
-- The last event that the index knows of.
CREATE TABLE search_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL
);
INSERT INTO search_state (id, event_id) VALUES (1, 0);
