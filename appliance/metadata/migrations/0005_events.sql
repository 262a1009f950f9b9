-- The public feed skips no private rows, however many there are.
CREATE INDEX events_public ON events (id) WHERE path >= '/pub/' AND path < '/pub0';
-- Old clients' cursors are times.
CREATE INDEX events_by_time ON events (created_us);
