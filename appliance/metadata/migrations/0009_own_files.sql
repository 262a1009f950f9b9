-- All files of a person by the time of their last change, at any depth.
CREATE INDEX entries_by_time ON entries (user_id, modified_us);
-- The same bytes under several paths lie side by side here.
CREATE INDEX entries_by_hash ON entries (user_id, content_hash, content_length);
