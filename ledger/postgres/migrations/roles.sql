-- Two roles for programs, to be granted to the logins that they use. An administrator runs this once in each database,
-- after the tables are made: psql -f roles.sql. The owner of the tables could switch off their triggers, so no program
-- should run as the owner.
--
--   impasto_ledger_writer   appends, signs, and makes new ledgers; changes and removes nothing
--   impasto_ledger_reader   reads

DO $$ BEGIN
    CREATE ROLE impasto_ledger_writer NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
DO $$ BEGIN
    CREATE ROLE impasto_ledger_reader NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

REVOKE ALL ON SCHEMA impasto_ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA impasto_ledger TO impasto_ledger_writer, impasto_ledger_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA impasto_ledger TO impasto_ledger_writer, impasto_ledger_reader;
GRANT INSERT ON impasto_ledger.heads, impasto_ledger.commits, impasto_ledger.tiles, impasto_ledger.checkpoints
    TO impasto_ledger_writer;
GRANT UPDATE (size, root, bytes, epoch, restriction, other, blobs) ON impasto_ledger.heads TO impasto_ledger_writer;
