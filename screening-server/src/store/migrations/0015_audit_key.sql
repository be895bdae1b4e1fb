-- What tells with which key the next entry of the audit log is chained: who still uses another reads the keys again.
ALTER TABLE audit_head ADD COLUMN audit_key TEXT NOT NULL DEFAULT '';
