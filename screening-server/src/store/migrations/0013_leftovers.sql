-- What is kept of the files that a job wrote: all, those without a row of a pupil, or none. The files themselves are removed
-- after the transaction that says so, and once more at every start.
ALTER TABLE job ADD COLUMN files_kept TEXT NOT NULL DEFAULT 'all' CHECK (files_kept IN ('all', 'aggregates', 'none'));
