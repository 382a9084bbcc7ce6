-- The record of herald. Instants are timestamptz, NULL for never; where an instant
-- orders rows it is never NULL, and the first day of the year 1 is Go's zero time.
-- Text is compared byte by byte, whatever the locale of the database. An address or
-- digest is text, '' for none. JSON that is asked about is jsonb; JSON that is only
-- given back is text, byte for byte.

-- People -------------------------------------------------------------------

-- The last number of each kind that was given. One of somebody who is gone is never
-- given again. No sequences: they would show what is not committed yet.
CREATE TABLE counters (
  name  text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO counters VALUES ('person', 0), ('event', 0), ('change', 0), ('send', 0), ('enrolment', 0), ('move', 0), ('outbox', 0);

CREATE TABLE people (
  id           bigint PRIMARY KEY,
  key          text COLLATE "C",
  anonymous_id text COLLATE "C", -- the newest; all of them are in anonymous_ids
  email        text COLLATE "C",
  phone        text COLLATE "C",
  attributes   jsonb NOT NULL,
  created_at   timestamptz,
  updated_at   timestamptz
);
CREATE UNIQUE INDEX people_key ON people (key) WHERE key IS NOT NULL;
CREATE INDEX people_email ON people (email) WHERE email IS NOT NULL;
CREATE INDEX people_phone ON people (phone) WHERE phone IS NOT NULL;

CREATE TABLE anonymous_ids (
  id     text COLLATE "C" PRIMARY KEY,
  person bigint NOT NULL
);
CREATE INDEX anonymous_ids_person ON anonymous_ids (person);

-- Keys and addresses of profiles that were merged into another. Somebody whose own
-- they are goes before.
CREATE TABLE aliases (
  kind   text COLLATE "C" NOT NULL CHECK (kind IN ('key', 'email')),
  alias  text COLLATE "C" NOT NULL,
  person bigint NOT NULL,
  PRIMARY KEY (kind, alias)
);
CREATE INDEX aliases_person ON aliases (person);

-- events_person answers for one person, events_name for everybody: both hold all
-- that counting, windows and order need, so that neither reads the table for it.
CREATE TABLE events (
  seq         bigint PRIMARY KEY,
  person      bigint NOT NULL,
  name        text COLLATE "C" NOT NULL,
  at          timestamptz NOT NULL,
  received_at timestamptz,
  message_id  text COLLATE "C",
  imported    boolean NOT NULL,
  properties  jsonb NOT NULL
);
CREATE INDEX events_person ON events (person, name, at, seq);
CREATE INDEX events_name ON events (name, at, person, seq);
CREATE UNIQUE INDEX events_message_id ON events (message_id) WHERE message_id IS NOT NULL;

-- The log of what people said; the newest row of a topic and channel counts.
CREATE TABLE consents (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person  bigint NOT NULL,
  topic   text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  granted boolean NOT NULL,
  at      timestamptz NOT NULL,
  source  text NOT NULL,
  proof   text NOT NULL
);
CREATE INDEX consents_person ON consents (person, topic, channel, at, id);

CREATE TABLE suppressions (
  address text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  reason  text NOT NULL,
  at      timestamptz,
  PRIMARY KEY (address, channel)
);

-- Suppressions of people who were erased: SHA-256 of the lower case address.
CREATE TABLE suppressed_hashes (
  hash    bytea NOT NULL,
  channel text COLLATE "C" NOT NULL,
  reason  text NOT NULL,
  at      timestamptz,
  PRIMARY KEY (hash, channel)
);

-- The newest change of each person, who may be gone, other than by events.
CREATE TABLE changes (
  person bigint PRIMARY KEY,
  seq    bigint NOT NULL,
  gone   boolean NOT NULL,
  moved  bigint NOT NULL,
  loud   bigint NOT NULL
);
CREATE INDEX changes_seq ON changes (seq);

CREATE TABLE rejected (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind   text NOT NULL,
  source text COLLATE "C" NOT NULL,
  line   bigint NOT NULL,
  reason text NOT NULL,
  body   text NOT NULL,
  at     timestamptz,
  digest bytea NOT NULL UNIQUE -- of source, line, reason and body: one row, however often it comes
);
CREATE INDEX rejected_source ON rejected (source, id);

-- What is live -------------------------------------------------------------

CREATE TABLE definitions (
  digest text COLLATE "C" PRIMARY KEY,
  kind   text NOT NULL,
  body   text NOT NULL
);

CREATE TABLE live (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  addr       text COLLATE "C" NOT NULL UNIQUE,
  digest     text COLLATE "C" NOT NULL REFERENCES definitions (digest),
  depends_on text NOT NULL,
  applied_at timestamptz,
  apply_id   text NOT NULL
);

-- One row.
CREATE TABLE live_head (
  id          bigint PRIMARY KEY CHECK (id = 1),
  serial      bigint NOT NULL,
  environment text NOT NULL,
  settings    text NOT NULL
);
INSERT INTO live_head VALUES (1, 0, '{}', '{}');

CREATE TABLE applies (
  position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id          text COLLATE "C" NOT NULL UNIQUE,
  who         text NOT NULL,
  commit      text NOT NULL,
  plan_digest text NOT NULL,
  environment text NOT NULL,
  summary     text NOT NULL,
  started_at  timestamptz,
  finished_at timestamptz,
  error       text NOT NULL
);
CREATE INDEX applies_started ON applies (started_at, position);

CREATE TABLE apply_steps (
  apply_id text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  addr     text COLLATE "C" NOT NULL,
  action   text NOT NULL,
  before   text NOT NULL,
  after    text NOT NULL,
  done     boolean NOT NULL,
  PRIMARY KEY (apply_id, position)
);

-- Sending ------------------------------------------------------------------

CREATE TABLE sends (
  id          bigint PRIMARY KEY,
  key         text COLLATE "C" NOT NULL UNIQUE,
  person      bigint NOT NULL,
  campaign    text COLLATE "C" NOT NULL,
  step        text COLLATE "C" NOT NULL,
  cohort      text COLLATE "C" NOT NULL,
  idx         bigint NOT NULL,
  message     text COLLATE "C" NOT NULL,
  definition  text NOT NULL,
  channel     text NOT NULL,
  topic       text NOT NULL,
  provider    text NOT NULL,
  provider_id text NOT NULL,
  state       text COLLATE "C" NOT NULL CHECK (state IN ('reserved', 'sending', 'sent', 'withheld', 'failed', 'unknown')),
  reason      text COLLATE "C" NOT NULL,
  attempt     bigint NOT NULL,
  owner       text NOT NULL,
  lease_until timestamptz,
  created_at  timestamptz,
  sent_at     timestamptz,
  closed_at   timestamptz,
  retry_at    timestamptz,
  delivered_at      timestamptz,
  opened_at         timestamptz,
  machine_opened_at timestamptz,
  clicked_at        timestamptz,
  bounced_at        timestamptz,
  complained_at     timestamptz,
  unsubscribed_at   timestamptz
);
CREATE INDEX sends_person ON sends (person, id);
CREATE INDEX sends_cohort ON sends (cohort, idx);
CREATE INDEX sends_state ON sends (state, id);

-- Journeys -----------------------------------------------------------------

CREATE TABLE cohorts (
  id         text COLLATE "C" PRIMARY KEY,
  journey    text COLLATE "C" NOT NULL,
  definition text COLLATE "C" NOT NULL,
  size       bigint NOT NULL,
  created_at timestamptz,
  ended_at   timestamptz
);
CREATE INDEX cohorts_open ON cohorts (created_at, id) WHERE ended_at IS NULL;

-- The order of position is the order in which people entered.
CREATE TABLE enrolments (
  position   bigint PRIMARY KEY,
  cohort     text COLLATE "C" NOT NULL,
  idx        bigint NOT NULL,
  journey    text COLLATE "C" NOT NULL,
  person     bigint NOT NULL,
  key        text COLLATE "C" NOT NULL,
  trigger    jsonb, -- NULL without a trigger event
  entered_at timestamptz,
  step       text COLLATE "C" NOT NULL,
  wake_at    timestamptz,
  updated_at timestamptz,
  ended_at   timestamptz,
  outcome    text COLLATE "C" NOT NULL,
  UNIQUE (cohort, idx)
);
CREATE INDEX enrolments_person ON enrolments (person, journey, position);

CREATE TABLE waits (
  person bigint NOT NULL,
  event  text COLLATE "C" NOT NULL,
  cohort text COLLATE "C" NOT NULL,
  idx    bigint NOT NULL,
  PRIMARY KEY (person, event, cohort, idx)
);
CREATE INDEX waits_cohort ON waits (cohort, idx);

CREATE TABLE pending (
  journey text COLLATE "C" NOT NULL,
  person  bigint NOT NULL,
  key     text COLLATE "C" NOT NULL,
  event   bigint NOT NULL,
  due_at  timestamptz NOT NULL,
  PRIMARY KEY (person, journey, key)
);
CREATE INDEX pending_due ON pending (due_at, event);

-- Segments -----------------------------------------------------------------

-- Who is inside, in parts as package packed has them.
CREATE TABLE members (
  part    bigint NOT NULL,
  segment text COLLATE "C" NOT NULL,
  people  bytea NOT NULL,
  PRIMARY KEY (part, segment)
);
CREATE INDEX members_segment ON members (segment, part);

CREATE TABLE segment_sizes (
  segment text COLLATE "C" PRIMARY KEY,
  people  bigint NOT NULL
);

-- Facts: somebody crossed the border of a segment. person is NULL where many did
-- at once: who they are is in shifts.
CREATE TABLE moves (
  seq        bigint PRIMARY KEY,
  segment    text COLLATE "C" NOT NULL,
  person     bigint,
  inside     boolean NOT NULL,
  at         timestamptz,
  definition text NOT NULL,
  cause      text NOT NULL,
  ref        bigint NOT NULL,
  operands   text
);
CREATE INDEX moves_person ON moves (person, seq) WHERE person IS NOT NULL;

-- Who crossed together, in parts as package packed has them.
CREATE TABLE shifts (
  part   bigint NOT NULL,
  move   bigint NOT NULL,
  inside boolean NOT NULL,
  people bytea NOT NULL,
  PRIMARY KEY (part, move, inside)
);

-- Crossings by day: whole days since 1970 UTC.
CREATE TABLE segment_days (
  segment text COLLATE "C" NOT NULL,
  day     bigint NOT NULL,
  entered bigint NOT NULL,
  leaving bigint NOT NULL,
  PRIMARY KEY (segment, day)
);

-- Broadcasts ---------------------------------------------------------------

CREATE TABLE runs (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         text COLLATE "C" NOT NULL UNIQUE,
  broadcast  text COLLATE "C" NOT NULL,
  definition text NOT NULL,
  due_at     timestamptz,
  size       bigint NOT NULL,
  created_at timestamptz,
  ended_at   timestamptz
);
CREATE INDEX runs_broadcast ON runs (broadcast, position);

CREATE TABLE recipients (
  run    bigint NOT NULL,
  idx    bigint NOT NULL,
  person bigint NOT NULL,
  PRIMARY KEY (run, idx)
);

-- Coupling -----------------------------------------------------------------

CREATE TABLE outbox (
  id       bigint PRIMARY KEY,
  kind     text NOT NULL,
  workflow text NOT NULL,
  payload  text NOT NULL,
  at       timestamptz
);

CREATE TABLE cursors (
  name     text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL
);

CREATE TABLE leases (
  name  text COLLATE "C" PRIMARY KEY,
  owner text NOT NULL,
  until timestamptz
);
