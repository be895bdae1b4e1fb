-- Organisations. The three columns of places are the same in every table that the scope of a caller is held to.
CREATE TABLE organisation (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('district', 'school', 'class')),
  parent_id TEXT NOT NULL,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT REFERENCES organisation (id),
  class_id TEXT REFERENCES organisation (id),
  grade BIGINT CHECK (grade BETWEEN 1 AND 12),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  closed_at BIGINT,
  UNIQUE (parent_id, code)
);

-- Pupils by pseudonym. What tells who they are stands in `identity`.
CREATE TABLE pupil (
  id TEXT NOT NULL PRIMARY KEY,
  person_key TEXT NOT NULL,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT NOT NULL REFERENCES organisation (id),
  class_id TEXT NOT NULL REFERENCES organisation (id),
  grade BIGINT NOT NULL CHECK (grade BETWEEN 1 AND 12),
  sex TEXT CHECK (sex IN ('male', 'female', 'other')),
  status TEXT NOT NULL CHECK (status IN ('enrolled', 'left', 'erased')),
  entered_at BIGINT NOT NULL,
  left_at BIGINT
);
CREATE INDEX pupil_by_district ON pupil (district_id);
CREATE INDEX pupil_by_school ON pupil (school_id);
CREATE INDEX pupil_by_class ON pupil (class_id);
CREATE INDEX pupil_by_person ON pupil (person_key);

-- Who they are. Every column but the key's name is encrypted and bound to its row.
CREATE TABLE identity (
  pupil_id TEXT NOT NULL PRIMARY KEY REFERENCES pupil (id),
  key_id TEXT NOT NULL,
  name {bytes} NOT NULL,
  student_id {bytes} NOT NULL,
  birth_date {bytes},
  contact {bytes},
  changed_at BIGINT NOT NULL
);
CREATE INDEX identity_by_key ON identity (key_id);

-- What the store knows about itself.
CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
