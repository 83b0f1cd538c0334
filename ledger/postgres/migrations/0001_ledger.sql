-- Version 1 of the tables that keep ledgers. Applied by `ledger.postgres.schema`, in one transaction, under its lock.
--
-- What the database itself enforces, whoever writes: commits, tiles and checkpoints are never changed and never removed;
-- commits of a ledger follow each other without a gap; a head only grows, not at all when the ledger has moved, and when a
-- transaction ends it says where the commits end. That the bytes make the tree that the head names is checked by whoever reads.

CREATE SCHEMA impasto_ledger;

CREATE TABLE impasto_ledger.version (
    number integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- One row for each ledger. The row is the writer lock, and the only thing that says which index comes next.
CREATE TABLE impasto_ledger.heads (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9_-]{1,63}$'),
    ledger uuid NOT NULL UNIQUE,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    restriction text CHECK (restriction IN ('copy', 'moved')),
    other text,
    blobs text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((restriction IS NULL) = (other IS NULL))
) WITH (fillfactor = 20);

COMMENT ON COLUMN impasto_ledger.heads.root IS 'RFC 6962 root over the first size events';
COMMENT ON COLUMN impasto_ledger.heads.bytes IS 'bytes of all commit frames';
COMMENT ON COLUMN impasto_ledger.heads.epoch IS 'counts up to fence off every writer that opened the ledger before';
COMMENT ON COLUMN impasto_ledger.heads.restriction IS 'why nobody may append: this is a copy of another ledger, or has moved there';
COMMENT ON COLUMN impasto_ledger.heads.other IS 'where that other ledger is, as an address without credentials';
COMMENT ON COLUMN impasto_ledger.heads.blobs IS 'where the blobs are that events name, as an address without credentials';

-- One row for each commit. A frame is what a segment file would hold, checksum included (docs/specs/ledger-format.md).
-- Frames are hashed bytes that do not compress; EXTERNAL keeps the server from trying.
CREATE TABLE impasto_ledger.commits (
    ledger uuid NOT NULL,
    first_index bigint NOT NULL CHECK (first_index >= 0),
    event_count integer NOT NULL CHECK (event_count BETWEEN 1 AND 65535),
    token uuid NOT NULL,
    frame bytea NOT NULL,
    PRIMARY KEY (ledger, first_index)
);
ALTER TABLE impasto_ledger.commits ALTER COLUMN frame SET STORAGE EXTERNAL;
COMMENT ON COLUMN impasto_ledger.commits.token IS 'random; tells a writer whose connection was cut whether its commit is here';

-- Full tiles of the tree. They follow from the entries and are never believed without a root.
CREATE TABLE impasto_ledger.tiles (
    ledger uuid NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 6),
    tile_index bigint NOT NULL CHECK (tile_index >= 0),
    data bytea NOT NULL CHECK (octet_length(data) = 8192),
    PRIMARY KEY (ledger, level, tile_index)
);
ALTER TABLE impasto_ledger.tiles ALTER COLUMN data SET STORAGE EXTERNAL;

-- Every checkpoint that was ever signed, as the text of its note. The newest counts.
CREATE TABLE impasto_ledger.checkpoints (
    ledger uuid NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    note bytea NOT NULL CHECK (octet_length(note) BETWEEN 1 AND 1000000),
    signed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ledger, size)
);

CREATE FUNCTION impasto_ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'impasto_ledger.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION impasto_ledger.check_commit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    due bigint;
    head bigint;
BEGIN
    SELECT one.first_index + one.event_count INTO due FROM impasto_ledger.commits AS one
        WHERE one.ledger = NEW.ledger ORDER BY one.first_index DESC LIMIT 1;
    SELECT one.size INTO head FROM impasto_ledger.heads AS one WHERE one.ledger = NEW.ledger;
    IF head IS NULL OR NEW.first_index <> coalesce(due, 0) OR NEW.first_index + NEW.event_count > head THEN
        RAISE EXCEPTION 'a commit of event % of ledger %, where % is due and the head says %',
            NEW.first_index, NEW.ledger, coalesce(due, 0), head
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION impasto_ledger.check_new_head() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    -- The root over no events is the SHA-256 of nothing.
    IF NEW.size <> 0 OR NEW.bytes <> 0 OR NEW.root <> sha256('') THEN
        RAISE EXCEPTION 'ledger % does not begin empty', NEW.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION impasto_ledger.check_growth() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.name <> OLD.name OR NEW.ledger <> OLD.ledger OR NEW.created_at <> OLD.created_at
        OR NEW.size < OLD.size OR NEW.epoch < OLD.epoch
        OR (NEW.size = OLD.size AND (NEW.root <> OLD.root OR NEW.bytes <> OLD.bytes))
        OR (NEW.size > OLD.size AND NEW.bytes <= OLD.bytes)
        OR (OLD.restriction = 'moved' AND (NEW.size, NEW.restriction, NEW.other)
            IS DISTINCT FROM (OLD.size, OLD.restriction, OLD.other))
    THEN
        RAISE EXCEPTION 'the head of ledger % can only grow, and not when it has moved', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION impasto_ledger.check_end() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    due bigint;
    head bigint;
BEGIN
    SELECT one.first_index + one.event_count INTO due FROM impasto_ledger.commits AS one
        WHERE one.ledger = NEW.ledger ORDER BY one.first_index DESC LIMIT 1;
    SELECT one.size INTO head FROM impasto_ledger.heads AS one WHERE one.ledger = NEW.ledger;
    IF head <> coalesce(due, 0) THEN
        RAISE EXCEPTION 'the head of ledger % says %, its commits end at %', NEW.name, head, coalesce(due, 0)
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION impasto_ledger.check_tile() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM impasto_ledger.heads AS one
        WHERE one.ledger = NEW.ledger AND NEW.tile_index < one.size >> (8 * (NEW.level + 1))
    ) THEN
        RAISE EXCEPTION 'ledger % has no full tile % of level % yet', NEW.ledger, NEW.tile_index, NEW.level
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION impasto_ledger.check_checkpoint() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM impasto_ledger.heads AS one WHERE one.ledger = NEW.ledger AND NEW.size <= one.size
    ) THEN
        RAISE EXCEPTION 'ledger % does not hold % events yet', NEW.ledger, NEW.size
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON impasto_ledger.commits
    FOR EACH STATEMENT EXECUTE FUNCTION impasto_ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON impasto_ledger.tiles
    FOR EACH STATEMENT EXECUTE FUNCTION impasto_ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON impasto_ledger.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION impasto_ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON impasto_ledger.heads
    FOR EACH STATEMENT EXECUTE FUNCTION impasto_ledger.refuse_change();

CREATE TRIGGER contiguous BEFORE INSERT ON impasto_ledger.commits
    FOR EACH ROW EXECUTE FUNCTION impasto_ledger.check_commit();
CREATE TRIGGER begins_empty BEFORE INSERT ON impasto_ledger.heads
    FOR EACH ROW EXECUTE FUNCTION impasto_ledger.check_new_head();
CREATE TRIGGER only_grows BEFORE UPDATE ON impasto_ledger.heads
    FOR EACH ROW EXECUTE FUNCTION impasto_ledger.check_growth();
CREATE CONSTRAINT TRIGGER ends_with_commits AFTER UPDATE ON impasto_ledger.heads
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.size <> OLD.size) EXECUTE FUNCTION impasto_ledger.check_end();
CREATE TRIGGER is_full BEFORE INSERT ON impasto_ledger.tiles
    FOR EACH ROW EXECUTE FUNCTION impasto_ledger.check_tile();
CREATE TRIGGER is_covered BEFORE INSERT ON impasto_ledger.checkpoints
    FOR EACH ROW EXECUTE FUNCTION impasto_ledger.check_checkpoint();
