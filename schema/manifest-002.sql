-- The manifest database, version 2: entries of all kinds and whole trees known by them; and what is asked for of a long
-- log is found without going through all of it.

-- What is at the path, or was when it was last looked at, and what reg itself last added or wrote there, as the letter
-- of a tree row (docs/format.md, "Identity"): f, x for an executable file, d for an empty directory, l for a symlink;
-- 0 for nothing.
ALTER TABLE file ADD COLUMN kind INTEGER NOT NULL DEFAULT 102;
ALTER TABLE file ADD COLUMN own_kind INTEGER NOT NULL DEFAULT 0;
UPDATE file SET own_kind = 102 WHERE own IS NOT NULL;

-- Artifacts whose entries with an own kind are exactly the tree of this digest.
CREATE TABLE own_tree (
    worktree INTEGER NOT NULL,
    path BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (worktree, path)
) STRICT, WITHOUT ROWID;

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
