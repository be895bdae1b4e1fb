-- Accounts. Until the person has chosen a password there is an invitation, by its hash, and no password.
CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  password TEXT,
  invitation TEXT UNIQUE,
  invited_until BIGINT,
  key_id TEXT,
  totp {bytes},
  totp_confirmed BIGINT NOT NULL,
  totp_step BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT
);
CREATE INDEX account_by_key ON account (key_id);

-- Wrong guesses by the hash of what was guessed at: names that no account has are counted like those of accounts.
CREATE TABLE attempt (
  id TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  locked_until BIGINT NOT NULL,
  at BIGINT NOT NULL
);

CREATE TABLE session (
  hash TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account (id),
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  step_up_until BIGINT
);
CREATE INDEX session_by_account ON session (account_id);

CREATE TABLE token (
  id TEXT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);

-- Answers to requests that may be repeated. They can hold what a pupil answered, so they are encrypted.
CREATE TABLE repeated (
  id TEXT NOT NULL PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  body {bytes} NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX repeated_by_time ON repeated (at);
CREATE INDEX repeated_by_key ON repeated (key_id);
