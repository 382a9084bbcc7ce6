-- The audience: who changed, who is in which segment and since when.

-- Words that many rows share (names of segments, digests, causes), by number.
CREATE TABLE words (
  id   INTEGER PRIMARY KEY,
  word TEXT NOT NULL UNIQUE
) STRICT;

-- People -------------------------------------------------------------------

CREATE INDEX people_phone ON people (phone) WHERE phone IS NOT NULL;

-- Keys and addresses of profiles that were merged into another. Somebody whose own
-- they are goes before.
CREATE TABLE aliases (
  kind   TEXT    NOT NULL CHECK (kind IN ('key', 'email')),
  alias  TEXT    NOT NULL,
  person INTEGER NOT NULL REFERENCES people (id),
  PRIMARY KEY (kind, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_person ON aliases (person);

-- One row for each person, who may be gone. The last one is never deleted, so that
-- no seq is given twice.
CREATE TABLE changes (
  seq    INTEGER PRIMARY KEY,
  person INTEGER NOT NULL UNIQUE,
  gone   INTEGER NOT NULL,
  moved  INTEGER NOT NULL,
  loud   INTEGER NOT NULL
) STRICT;
INSERT INTO changes (seq, person, gone, moved, loud) SELECT row_number() OVER (ORDER BY id), id, 0, 0, 0 FROM people;

-- Suppressions of people who were erased: SHA-256 of the lower case address.
CREATE TABLE suppressed_hashes (
  hash    BLOB NOT NULL,
  channel TEXT NOT NULL,
  reason  TEXT NOT NULL,
  at      INTEGER,
  PRIMARY KEY (hash, channel)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: an id that was forgotten is never given again.
CREATE TABLE rejected_rows (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  kind   TEXT    NOT NULL,
  source TEXT    NOT NULL,
  line   INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  body   TEXT    NOT NULL,
  at     INTEGER,
  digest BLOB    NOT NULL UNIQUE -- of source, line, reason and body: one row, however often it comes
) STRICT;
INSERT INTO rejected_rows (id, kind, source, line, reason, body, at, digest) SELECT id, '', source, line, reason, body, at, digest FROM rejected;
DROP TABLE rejected;
ALTER TABLE rejected_rows RENAME TO rejected;
CREATE INDEX rejected_source ON rejected (source);

-- Segments -----------------------------------------------------------------

-- Facts: somebody crossed the border of a segment. person is NULL where many did
-- at once: who they are is in shifts.
CREATE TABLE moves (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  segment    INTEGER NOT NULL, -- a word
  person     INTEGER,
  inside     INTEGER NOT NULL,
  at         INTEGER,
  definition INTEGER NOT NULL, -- a word
  cause      INTEGER NOT NULL, -- a word
  ref        INTEGER NOT NULL,
  operands   BLOB
) STRICT;
CREATE INDEX moves_person ON moves (person) WHERE person IS NOT NULL;

-- Who crossed together, in parts as package packed has them.
CREATE TABLE shifts (
  part    INTEGER NOT NULL,
  segment INTEGER NOT NULL, -- a word; the move's
  move    INTEGER NOT NULL REFERENCES moves (seq),
  inside  INTEGER NOT NULL,
  people  BLOB    NOT NULL,
  PRIMARY KEY (part, segment, move, inside)
) STRICT, WITHOUT ROWID;

-- Crossings by day: whole days since 1970 UTC.
CREATE TABLE segment_days (
  segment INTEGER NOT NULL, -- a word
  day     INTEGER NOT NULL,
  entered INTEGER NOT NULL,
  leaving INTEGER NOT NULL,
  PRIMARY KEY (segment, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE segment_sizes (
  segment INTEGER PRIMARY KEY, -- a word
  people  INTEGER NOT NULL
) STRICT;

-- Who is inside, in parts as package packed has them. What is here when this
-- migration ends is put into them by the program, see pack.go.
ALTER TABLE members RENAME TO members_1;
DROP INDEX members_person;
CREATE TABLE members (
  part    INTEGER NOT NULL,
  segment INTEGER NOT NULL, -- a word
  people  BLOB    NOT NULL,
  PRIMARY KEY (part, segment)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_segment ON members (segment);

-- Everybody who is inside went in at some time; that is all that is known.
INSERT INTO words (word) SELECT DISTINCT segment FROM members_1 UNION SELECT 'start' UNION SELECT '';
INSERT INTO moves (segment, person, inside, at, definition, cause, ref)
  SELECT id, person, 1, since, (SELECT id FROM words WHERE word = ''), (SELECT id FROM words WHERE word = 'start'), 0
  FROM members_1 JOIN words ON word = segment ORDER BY since, person;
INSERT INTO segment_days (segment, day, entered, leaving)
  SELECT segment, coalesce(at, 0) / 86400000000, count(*), 0 FROM moves GROUP BY 1, 2;

-- Events -------------------------------------------------------------------

-- Two tables in place of two indexes, for rows that come in thousands are put into
-- them in their order, which takes half of the time. The program fills them with
-- what is there when this migration ends, see eventids.go.
DROP INDEX events_message_id;
DROP INDEX events_person;

-- Where an event with a message ID is: by a hash of the ID, or the next number that
-- is free. seq is 0 where the event was erased and a later number may be taken.
CREATE TABLE event_ids (
  hash INTEGER PRIMARY KEY,
  seq  INTEGER NOT NULL
) STRICT;

CREATE TABLE person_events (
  person INTEGER NOT NULL,
  name   INTEGER NOT NULL, -- a word
  at     INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (person, name, at, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO words (word) SELECT DISTINCT name FROM events WHERE true ON CONFLICT DO NOTHING;
INSERT INTO person_events (person, name, at, seq)
  SELECT person, id, coalesce(at, -9223372036854775808), seq FROM events JOIN words ON word = name ORDER BY 1, 2, 3, 4;
