-- Whose account is whose at the identity provider, by a keyed hash of subject or mail address.
CREATE TABLE account_provider (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES account (id),
  kind TEXT NOT NULL CHECK (kind IN ('subject', 'email')),
  hash TEXT NOT NULL UNIQUE,
  bound_by TEXT NOT NULL,
  bound_at BIGINT NOT NULL
);

-- Attempts to sign in that are at the provider. Each counts once.
CREATE TABLE provider_attempt (
  hash TEXT NOT NULL PRIMARY KEY,
  nonce TEXT NOT NULL,
  verifier TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
