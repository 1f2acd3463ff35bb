-- The tables of a small library's own system. An instant is a number here: microseconds since 1970, in UTC.

-- 1. What was there before servflow, and knows nothing of it.

CREATE TABLE agency (  -- other libraries
    symbol TEXT PRIMARY KEY, full_name TEXT NOT NULL, mail_address TEXT NOT NULL, lang TEXT NOT NULL);

CREATE TABLE item (
    barcode TEXT PRIMARY KEY, title TEXT NOT NULL, in_house INTEGER NOT NULL CHECK (in_house IN (0, 1)));

CREATE TABLE audit_line (
    line_no INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL);

-- 2. What the library has made or widened for servflow, in its own way. The five tables hold the five
--    kinds of records (docs/write-a-storage.md); each index serves one query of the port.

CREATE TABLE ill_request (  -- aggregates
    request_no INTEGER PRIMARY KEY,  -- what the library calls it; what servflow calls it is unique beside it
    kind TEXT NOT NULL, case_id TEXT NOT NULL, version INTEGER NOT NULL, status_code TEXT NOT NULL,
    look_at INTEGER, document TEXT NOT NULL,
    pickup_shelf TEXT,  -- the library's own: it alone writes here
    UNIQUE (kind, case_id));
CREATE INDEX ill_request_status ON ill_request (kind, status_code, case_id);
CREATE INDEX ill_request_look_at ON ill_request (look_at, kind, case_id) WHERE look_at IS NOT NULL;

CREATE TABLE ill_event (  -- entries of the journals
    event_no INTEGER PRIMARY KEY, request_no INTEGER NOT NULL REFERENCES ill_request, seq INTEGER NOT NULL,
    command_id TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (request_no, seq));

CREATE TABLE done_command (  -- receipts
    command_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, versions TEXT NOT NULL);

CREATE TABLE fee_line (  -- postings
    line_no INTEGER PRIMARY KEY AUTOINCREMENT, line_key TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
    debit TEXT NOT NULL, credit TEXT NOT NULL, minor INTEGER NOT NULL, currency TEXT NOT NULL,
    value_date TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX fee_line_subject ON fee_line (subject, line_no);
CREATE INDEX fee_line_debit ON fee_line (debit, line_no);
CREATE INDEX fee_line_credit ON fee_line (credit, line_no);

CREATE TABLE mail_queue (  -- the library's own mail, and messages
    mail_no INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL, body TEXT NOT NULL,
    status_code TEXT NOT NULL, changed_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    remark TEXT NOT NULL DEFAULT '',
    -- Widened by these; in the library's own mail they are NULL.
    message_key TEXT UNIQUE, message_kind TEXT, about_kind TEXT, about_id TEXT, not_before INTEGER,
    claimed_until INTEGER, overtaken_code TEXT);
CREATE INDEX mail_queue_about ON mail_queue (about_kind, about_id, mail_no) WHERE message_key IS NOT NULL;
CREATE INDEX mail_queue_status ON mail_queue (status_code, mail_no) WHERE message_key IS NOT NULL;

CREATE VIEW ill_desk AS  -- what the library's screens show: whatever they like of a document
    SELECT request_no, case_id, status_code, json_extract(document, '$.requested.title') AS title,
        json_extract(document, '$.due') AS due_on, pickup_shelf
    FROM ill_request WHERE kind = 'ill.supply';
