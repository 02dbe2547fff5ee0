-- The manifest database, version 2: what is asked for of a long log is found without going through all of it.

-- The artifacts of each set: which commits go with a version.
CREATE TABLE member (
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    artifact_set BLOB NOT NULL,
    PRIMARY KEY (name, digest, artifact_set)
) STRICT, WITHOUT ROWID;

CREATE INDEX binding_set ON binding (artifact_set);

CREATE INDEX binding_commit ON binding (commit_id);

-- The log is folded anew.
DELETE FROM fold;
