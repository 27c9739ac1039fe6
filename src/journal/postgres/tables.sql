-- One row for each revision of each account. What was written is never changed: the host's role needs
-- no more than SELECT and INSERT.
CREATE SCHEMA IF NOT EXISTS bailiwick;

CREATE TABLE bailiwick.version (version integer NOT NULL);
INSERT INTO bailiwick.version VALUES (1);

CREATE TABLE bailiwick.revision (
    -- Empty where the catalog serves one account.
    account text COLLATE "C" NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 0),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    -- Null of the first, where the account's journal begins: a snapshot has that.
    record bytea,
    -- Whoever polls asks for what was written by transactions that had not ended before.
    made_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (account, revision)
);
CREATE UNIQUE INDEX revision_beginning ON bailiwick.revision (account) WHERE record IS NULL;
CREATE INDEX revision_made_in ON bailiwick.revision (made_in);

CREATE TABLE bailiwick.snapshot (
    account text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    -- Of the revision.
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    -- Of the snapshot.
    checksum bytea NOT NULL CHECK (octet_length(checksum) = 32),
    snapshot bytea NOT NULL,
    -- Of one revision the last counts.
    number bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (account, revision, number),
    FOREIGN KEY (account, revision) REFERENCES bailiwick.revision
);

CREATE TABLE bailiwick.catalog (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    document bytea NOT NULL
);
