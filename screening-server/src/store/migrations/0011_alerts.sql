-- Critical answers. A row is written in the transaction of the answer, and once for each sheet and flag. A sheet whose pupil
-- was not found has none, and is an entry of the inbox.
CREATE TABLE alert (
  id TEXT NOT NULL PRIMARY KEY,
  screening_id TEXT NOT NULL REFERENCES screening (id),
  sheet_id TEXT NOT NULL,
  pupil_id TEXT REFERENCES pupil (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT REFERENCES organisation (id),
  class_id TEXT REFERENCES organisation (id),
  instrument TEXT NOT NULL,
  flag TEXT NOT NULL,
  open_sheet BIGINT NOT NULL,
  raised_at BIGINT NOT NULL,
  level BIGINT NOT NULL,
  escalate_at BIGINT,
  acknowledged_by TEXT,
  acknowledged_at BIGINT,
  UNIQUE (screening_id, sheet_id, instrument, flag)
);
CREATE INDEX alert_by_clock ON alert (escalate_at);
CREATE INDEX alert_by_pupil ON alert (pupil_id);

-- What happened to alerts, in one order.
CREATE TABLE alert_event (
  seq BIGINT NOT NULL PRIMARY KEY,
  alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  school_id TEXT REFERENCES organisation (id),
  class_id TEXT REFERENCES organisation (id),
  kind TEXT NOT NULL CHECK (kind IN ('raised', 'escalated', 'acknowledged')),
  contact TEXT,
  actor TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX alert_event_by_alert ON alert_event (alert_id);

-- Numbers that are given out in the order of commits: whoever takes one keeps others waiting until it is committed.
CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('alert', 0);

-- Where alerts are sent.
CREATE TABLE webhook (
  id TEXT NOT NULL PRIMARY KEY,
  district_id TEXT NOT NULL REFERENCES organisation (id),
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  url TEXT NOT NULL,
  key_id TEXT NOT NULL,
  secret {bytes} NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT
);
CREATE INDEX webhook_by_key ON webhook (key_id);

-- What is still to be sent, and what was.
CREATE TABLE webhook_delivery (
  id TEXT NOT NULL PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhook (id),
  district_id TEXT NOT NULL REFERENCES organisation (id),
  seq BIGINT NOT NULL REFERENCES alert_event (seq) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  last_error TEXT,
  done_at BIGINT,
  UNIQUE (webhook_id, seq)
);
CREATE INDEX webhook_delivery_by_time ON webhook_delivery (state, next_at);
