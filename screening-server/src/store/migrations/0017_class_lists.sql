-- The class list of a screening as it stood when the screening was closed. What is computed later rests on it; sex and date of birth are
-- those of the pupil, who may have them corrected.
CREATE TABLE wave_pupil (
  screening_id TEXT NOT NULL REFERENCES screening (id),
  pupil_id TEXT NOT NULL REFERENCES pupil (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT NOT NULL REFERENCES organisation (id),
  class_id TEXT NOT NULL REFERENCES organisation (id),
  grade BIGINT NOT NULL,
  consent TEXT,
  attendance TEXT,
  scope TEXT,
  PRIMARY KEY (screening_id, pupil_id)
);
CREATE INDEX wave_pupil_by_pupil ON wave_pupil (pupil_id);
