-- The record of herald. Instants are INTEGER microseconds since 1970 UTC, NULL
-- for never; JSON is TEXT; an address or digest is TEXT, '' for none.

-- People -------------------------------------------------------------------

-- AUTOINCREMENT: the number of a person who is gone is never given again.
CREATE TABLE people (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  key          TEXT,
  anonymous_id TEXT, -- the newest; all of them are in anonymous_ids
  email        TEXT,
  phone        TEXT,
  attributes   TEXT    NOT NULL,
  created_at   INTEGER,
  updated_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX people_key ON people (key) WHERE key IS NOT NULL;
CREATE INDEX people_email ON people (email) WHERE email IS NOT NULL;

CREATE TABLE anonymous_ids (
  id     TEXT    PRIMARY KEY,
  person INTEGER NOT NULL REFERENCES people (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX anonymous_ids_person ON anonymous_ids (person);

CREATE TABLE events (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  person      INTEGER NOT NULL REFERENCES people (id),
  name        TEXT    NOT NULL,
  at          INTEGER,
  received_at INTEGER,
  message_id  TEXT,
  imported    INTEGER NOT NULL,
  properties  TEXT    NOT NULL
) STRICT;
CREATE INDEX events_person ON events (person, name, at);
CREATE UNIQUE INDEX events_message_id ON events (message_id) WHERE message_id IS NOT NULL;

-- The log of what people said; the newest row of a topic and channel counts.
CREATE TABLE consents (
  id      INTEGER PRIMARY KEY,
  person  INTEGER NOT NULL REFERENCES people (id),
  topic   TEXT    NOT NULL,
  channel TEXT    NOT NULL,
  granted INTEGER NOT NULL,
  at      INTEGER,
  source  TEXT    NOT NULL,
  proof   TEXT    NOT NULL
) STRICT;
CREATE INDEX consents_person ON consents (person, topic, channel, at);

CREATE TABLE suppressions (
  address TEXT NOT NULL,
  channel TEXT NOT NULL,
  reason  TEXT NOT NULL,
  at      INTEGER,
  PRIMARY KEY (address, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected (
  id     INTEGER PRIMARY KEY,
  source TEXT    NOT NULL,
  line   INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  body   TEXT    NOT NULL,
  at     INTEGER,
  digest BLOB    NOT NULL UNIQUE -- of source, line, reason and body: one row, however often it comes
) STRICT;

-- What is live -------------------------------------------------------------

CREATE TABLE definitions (
  digest TEXT PRIMARY KEY,
  kind   TEXT NOT NULL,
  body   TEXT NOT NULL
) STRICT;

CREATE TABLE live (
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  addr       TEXT NOT NULL UNIQUE,
  digest     TEXT NOT NULL REFERENCES definitions (digest),
  depends_on TEXT NOT NULL,
  applied_at INTEGER,
  apply_id   TEXT NOT NULL
) STRICT;

-- One row.
CREATE TABLE live_head (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  serial      INTEGER NOT NULL,
  environment TEXT    NOT NULL,
  settings    TEXT    NOT NULL
) STRICT;
INSERT INTO live_head VALUES (1, 0, '{}', '{}');

CREATE TABLE applies (
  position    INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  who         TEXT NOT NULL,
  "commit"    TEXT NOT NULL,
  plan_digest TEXT NOT NULL,
  environment TEXT NOT NULL,
  summary     TEXT NOT NULL,
  started_at  INTEGER,
  finished_at INTEGER,
  error       TEXT NOT NULL
) STRICT;
CREATE INDEX applies_started ON applies (started_at);

CREATE TABLE apply_steps (
  apply_id TEXT    NOT NULL REFERENCES applies (id),
  position INTEGER NOT NULL,
  addr     TEXT    NOT NULL,
  action   TEXT    NOT NULL,
  before   TEXT    NOT NULL,
  after    TEXT    NOT NULL,
  done     INTEGER NOT NULL,
  PRIMARY KEY (apply_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX apply_steps_addr ON apply_steps (apply_id, addr);

-- Sending ------------------------------------------------------------------

CREATE TABLE sends (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT    NOT NULL UNIQUE,
  person      INTEGER NOT NULL,
  campaign    TEXT    NOT NULL,
  step        TEXT    NOT NULL,
  cohort      TEXT    NOT NULL,
  idx         INTEGER NOT NULL,
  message     TEXT    NOT NULL,
  definition  TEXT    NOT NULL,
  channel     TEXT    NOT NULL,
  topic       TEXT    NOT NULL,
  provider    TEXT    NOT NULL,
  provider_id TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('reserved', 'sending', 'sent', 'withheld', 'failed', 'unknown')),
  reason      TEXT    NOT NULL,
  attempt     INTEGER NOT NULL,
  owner       TEXT    NOT NULL,
  lease_until INTEGER,
  created_at  INTEGER,
  sent_at     INTEGER,
  closed_at   INTEGER,
  retry_at    INTEGER,
  delivered_at      INTEGER,
  opened_at         INTEGER,
  machine_opened_at INTEGER,
  clicked_at        INTEGER,
  bounced_at        INTEGER,
  complained_at     INTEGER,
  unsubscribed_at   INTEGER
) STRICT;
CREATE INDEX sends_person ON sends (person);
CREATE INDEX sends_cohort ON sends (cohort, idx);
CREATE INDEX sends_state ON sends (state);

-- Journeys -----------------------------------------------------------------

CREATE TABLE cohorts (
  id         TEXT PRIMARY KEY,
  journey    TEXT    NOT NULL,
  definition TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  created_at INTEGER,
  ended_at   INTEGER
) STRICT;
CREATE INDEX cohorts_open ON cohorts (created_at) WHERE ended_at IS NULL;

-- The order of position is the order in which people entered.
CREATE TABLE enrolments (
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  cohort     TEXT    NOT NULL REFERENCES cohorts (id),
  idx        INTEGER NOT NULL,
  journey    TEXT    NOT NULL,
  person     INTEGER NOT NULL,
  key        TEXT    NOT NULL,
  trigger    TEXT, -- JSON; NULL without a trigger event
  entered_at INTEGER,
  step       TEXT    NOT NULL,
  wake_at    INTEGER,
  updated_at INTEGER,
  ended_at   INTEGER,
  outcome    TEXT    NOT NULL,
  UNIQUE (cohort, idx)
) STRICT;
CREATE INDEX enrolments_person ON enrolments (person, journey, key);

CREATE TABLE waits (
  person INTEGER NOT NULL,
  event  TEXT    NOT NULL,
  cohort TEXT    NOT NULL,
  idx    INTEGER NOT NULL,
  PRIMARY KEY (person, event, cohort, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_cohort ON waits (cohort, idx);

CREATE TABLE pending (
  journey TEXT    NOT NULL,
  person  INTEGER NOT NULL,
  key     TEXT    NOT NULL,
  event   INTEGER NOT NULL,
  due_at  INTEGER,
  PRIMARY KEY (person, journey, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_due ON pending (due_at);

CREATE TABLE members (
  segment TEXT    NOT NULL,
  person  INTEGER NOT NULL,
  since   INTEGER,
  PRIMARY KEY (segment, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_person ON members (person);

-- Broadcasts ---------------------------------------------------------------

CREATE TABLE runs (
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT    NOT NULL UNIQUE,
  broadcast  TEXT    NOT NULL,
  definition TEXT    NOT NULL,
  due_at     INTEGER,
  size       INTEGER NOT NULL,
  created_at INTEGER,
  ended_at   INTEGER
) STRICT;
CREATE INDEX runs_broadcast ON runs (broadcast);

CREATE TABLE recipients (
  run    INTEGER NOT NULL REFERENCES runs (position),
  idx    INTEGER NOT NULL,
  person INTEGER NOT NULL,
  PRIMARY KEY (run, idx)
) STRICT, WITHOUT ROWID;

-- Coupling -----------------------------------------------------------------

CREATE TABLE outbox (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind     TEXT NOT NULL,
  workflow TEXT NOT NULL,
  payload  TEXT NOT NULL,
  at       INTEGER
) STRICT;

CREATE TABLE cursors (
  name     TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
  name  TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until INTEGER
) STRICT, WITHOUT ROWID;
