-- Requests to view the identity behind a pseudonym. An emergency is viewed first and reviewed afterwards.
CREATE TABLE identity_request (
  id TEXT NOT NULL PRIMARY KEY,
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  emergency BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
  decided_by TEXT,
  decided_at BIGINT,
  reason TEXT,
  expires_at BIGINT
);
CREATE INDEX identity_request_by_pupil ON identity_request (pupil_id);

-- How long a class of records is kept after the pupil left. Without a row nothing of it is deleted.
CREATE TABLE retention_rule (
  id TEXT NOT NULL PRIMARY KEY,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  class_of_record TEXT NOT NULL,
  days BIGINT NOT NULL CHECK (days >= 0),
  basis TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at BIGINT NOT NULL,
  UNIQUE (district_id, class_of_record)
);

-- Requests of pupils and guardians about what is stored.
CREATE TABLE subject_request (
  id TEXT NOT NULL PRIMARY KEY,
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  kind TEXT NOT NULL CHECK (kind IN ('view', 'copy', 'correct', 'delete')),
  applicant TEXT NOT NULL CHECK (applicant IN ('pupil', 'guardian')),
  received_at BIGINT NOT NULL,
  received_by TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused')),
  closed_at BIGINT,
  closed_by TEXT,
  reason TEXT
);
CREATE INDEX subject_request_by_pupil ON subject_request (pupil_id);
