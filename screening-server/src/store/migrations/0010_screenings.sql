-- Screenings. What is released is frozen: `definition` and `frozen` change no more.
CREATE TABLE screening (
  id TEXT NOT NULL PRIMARY KEY,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  wave TEXT NOT NULL,
  administered_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'released', 'closed')),
  definition TEXT NOT NULL,
  frozen TEXT,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  released_by TEXT,
  released_at BIGINT,
  closed_by TEXT,
  closed_at BIGINT,
  UNIQUE (district_id, wave)
);

-- What a class list knows of taking part.
CREATE TABLE participation (
  pupil_id TEXT NOT NULL PRIMARY KEY REFERENCES pupil (id),
  consent TEXT CHECK (consent IN ('granted', 'refused', 'withdrawn')),
  attendance TEXT CHECK (attendance IN ('present', 'absent', 'refused')),
  scope TEXT CHECK (scope IN ('in', 'out')),
  scope_reason TEXT,
  changed_at BIGINT NOT NULL
);

-- Sheets that were handed in. `hash` makes the same sheet the same.
CREATE TABLE sheet (
  screening_id TEXT NOT NULL REFERENCES screening (id),
  id TEXT NOT NULL,
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT NOT NULL REFERENCES organisation (id),
  class_id TEXT NOT NULL REFERENCES organisation (id),
  battery TEXT NOT NULL,
  source TEXT NOT NULL,
  source_row BIGINT NOT NULL,
  answers TEXT NOT NULL,
  hash TEXT NOT NULL,
  administered_on TEXT NOT NULL,
  duration_ms BIGINT,
  revision BIGINT NOT NULL,
  critical BIGINT NOT NULL,
  received_by TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (screening_id, id)
);
CREATE INDEX sheet_by_pupil ON sheet (pupil_id);
CREATE INDEX sheet_by_class ON sheet (screening_id, class_id);

-- What a sheet was before it was changed or deleted at its source.
CREATE TABLE sheet_before (
  screening_id TEXT NOT NULL,
  sheet_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  answers TEXT NOT NULL,
  hash TEXT NOT NULL,
  replaced_at BIGINT NOT NULL,
  PRIMARY KEY (screening_id, sheet_id, revision)
);
CREATE INDEX sheet_before_by_pupil ON sheet_before (pupil_id);

-- Sheets that are being filled in.
CREATE TABLE sheet_draft (
  screening_id TEXT NOT NULL REFERENCES screening (id),
  sheet_id TEXT NOT NULL,
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT NOT NULL REFERENCES organisation (id),
  class_id TEXT NOT NULL REFERENCES organisation (id),
  revision BIGINT NOT NULL,
  answers TEXT NOT NULL,
  begun_at BIGINT NOT NULL,
  saved_at BIGINT NOT NULL,
  PRIMARY KEY (screening_id, sheet_id)
);
CREATE INDEX sheet_draft_by_pupil ON sheet_draft (pupil_id);
