CREATE TABLE audit_entry (
  seq BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  district_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  work TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash {bytes} NOT NULL
);
CREATE INDEX audit_by_subject ON audit_entry (subject);
CREATE INDEX audit_by_time ON audit_entry (at);

CREATE TABLE audit_head (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  seq BIGINT NOT NULL,
  hash {bytes} NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, {empty});

-- Nothing is taken out of the log by a query that went astray; who goes around this is found by the chain.
-- only sqlite
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END;
CREATE TRIGGER audit_entry_fixed BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END;
-- end
-- only postgres
CREATE FUNCTION audit_entry_kept() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION ''the audit log is kept''; END';
CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_entry_kept();
-- end
