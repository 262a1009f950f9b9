-- What an operator allows one user, and what an invite gives to whoever redeems it. NULL: as the
-- node's settings say. Storage in MiB, -1: unlimited. Rates as text, or 'unlimited'. Write paths
-- as a JSON list.

ALTER TABLE users ADD COLUMN quota_storage_mb INTEGER;
ALTER TABLE users ADD COLUMN quota_rate_read TEXT;
ALTER TABLE users ADD COLUMN quota_rate_write TEXT;
ALTER TABLE users ADD COLUMN quota_rate_read_burst INTEGER;
ALTER TABLE users ADD COLUMN quota_rate_write_burst INTEGER;
ALTER TABLE users ADD COLUMN allowed_write_paths TEXT;

ALTER TABLE signup_tokens ADD COLUMN quota_storage_mb INTEGER;
ALTER TABLE signup_tokens ADD COLUMN quota_rate_read TEXT;
ALTER TABLE signup_tokens ADD COLUMN quota_rate_write TEXT;
ALTER TABLE signup_tokens ADD COLUMN quota_rate_read_burst INTEGER;
ALTER TABLE signup_tokens ADD COLUMN quota_rate_write_burst INTEGER;
ALTER TABLE signup_tokens ADD COLUMN allowed_write_paths TEXT;
