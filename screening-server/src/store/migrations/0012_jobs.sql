-- Work in the background. A job that was running when the server ended is taken up again.
CREATE TABLE job (
  id TEXT NOT NULL PRIMARY KEY,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT REFERENCES organisation (id),
  class_id TEXT REFERENCES organisation (id),
  screening_id TEXT REFERENCES screening (id),
  kind TEXT NOT NULL CHECK (kind IN ('roster', 'answers', 'wave', 'rescore')),
  settings TEXT NOT NULL,
  file_name TEXT NOT NULL,
  file_hash TEXT NOT NULL,
  file_bytes BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  cancel BIGINT NOT NULL,
  step TEXT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  runs BIGINT NOT NULL,
  problem TEXT,
  report TEXT,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX job_by_state ON job (state, created_at);

-- The results of a wave, a row a pupil, as the last computation of it gave them.
CREATE TABLE wave_result (
  screening_id TEXT NOT NULL REFERENCES screening (id),
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT NOT NULL REFERENCES organisation (id),
  class_id TEXT NOT NULL REFERENCES organisation (id),
  job_id TEXT NOT NULL REFERENCES job (id),
  status TEXT NOT NULL,
  tier TEXT,
  severity BIGINT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (screening_id, pupil_id)
);
CREATE INDEX wave_result_by_pupil ON wave_result (pupil_id);

-- What survey platforms pushed, and rows of files whose pupil was not found: kept, encrypted, until they are matched.
CREATE TABLE inbox (
  row_key TEXT NOT NULL PRIMARY KEY,
  screening_id TEXT NOT NULL REFERENCES screening (id),
  id TEXT NOT NULL,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  source TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'matched', 'deleted')),
  why TEXT NOT NULL,
  hash TEXT NOT NULL,
  key_id TEXT NOT NULL,
  body {bytes} NOT NULL,
  sheet_id TEXT,
  received_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  UNIQUE (screening_id, id)
);
CREATE INDEX inbox_by_key ON inbox (key_id);

-- Addresses that platforms push to.
CREATE TABLE push_key (
  hash TEXT NOT NULL PRIMARY KEY,
  screening_id TEXT NOT NULL REFERENCES screening (id),
  source TEXT NOT NULL,
  key_id TEXT NOT NULL,
  secret {bytes},
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX push_key_by_key ON push_key (key_id);
