-- Corrections of how the answers of a released screening are read. The definition itself stays as it was released.
CREATE TABLE source_change (
  id TEXT NOT NULL PRIMARY KEY,
  screening_id TEXT NOT NULL REFERENCES screening (id),
  source TEXT NOT NULL,
  definition TEXT NOT NULL,
  hash TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX source_change_by_screening ON source_change (screening_id);
