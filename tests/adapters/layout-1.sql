-- A database of layout 1 with documents of format 1, as the first release wrote it.
PRAGMA application_id = 1397115991;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE servflow_aggregate (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL,
        wake TEXT, document TEXT NOT NULL, PRIMARY KEY (kind, id));
INSERT INTO "servflow_aggregate" VALUES('toy.holder','h',2,'active',NULL,'{"held":["c1"],"limit":2,"state":"active"}');
INSERT INTO "servflow_aggregate" VALUES('toy.counter','c1',5,'open',NULL,'{"count":4,"holder":"h","log":["n","借书","n","n"],"marks":{"fee":{"amount":"5.00","currency":"CNY"},"new":{"amount":"300","currency":"JPY"}},"state":"open"}');
CREATE TABLE servflow_journal (
        kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, command_id TEXT NOT NULL,
        document TEXT NOT NULL, PRIMARY KEY (kind, id, seq),
        FOREIGN KEY (kind, id) REFERENCES servflow_aggregate (kind, id));
INSERT INTO "servflow_journal" VALUES('toy.holder','h',1,'1','{"alterations":[["set","state","active"],["set","limit",2]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"h","command":"OpenHolder","happened_at":"2026-01-31T08:00:00Z","id":"1","limit":2,"recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"h","kind":"toy.holder"},"role":"anybody","rulebook":"toy-rulebook","seq":1}');
INSERT INTO "servflow_journal" VALUES('toy.counter','c1',1,'2','{"alterations":[["set","state","open"],["set","holder","h"],["set","count",0]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Open","happened_at":"2026-01-31T08:00:00Z","holder":"h","id":"2","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":1}');
INSERT INTO "servflow_journal" VALUES('toy.holder','h',2,'2/Hold','{"alterations":[["set","held",["c1"]]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"h","command":"Hold","counter":"c1","happened_at":"2026-01-31T08:00:00Z","id":"2/Hold","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"h","kind":"toy.holder"},"role":"anybody","rulebook":"toy-rulebook","seq":2}');
INSERT INTO "servflow_journal" VALUES('toy.counter','c1',2,'3','{"alterations":[["set","count",1],["set","log",["n"]]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"3","messages":[{"about":{"id":"c1","kind":"toy.counter"},"key":"m1","kind":"reminder","to":"party-1"}],"note":"n","postings":[{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p1","kind":"fee","subject":"c1","value_date":"2026-01-31"}],"recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":2}');
INSERT INTO "servflow_journal" VALUES('toy.counter','c1',3,'3b','{"alterations":[["set","count",2],["append","log",["借书"]],["set","marks",{"fee":{"amount":"5.00","currency":"CNY"},"old":{"amount":"1.50","currency":"CNY"}}]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"3b","marks":{"fee":{"amount":"5.00","currency":"CNY"},"old":{"amount":"1.50","currency":"CNY"}},"note":"借书","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":3}');
INSERT INTO "servflow_journal" VALUES('toy.counter','c1',4,'4','{"alterations":[["set","count",3],["append","log",["n"]],["set","look_at","2026-02-01T08:00:00Z"]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"4","look_at":"2026-02-01T08:00:00Z","messages":[{"about":{"id":"c1","kind":"toy.counter"},"key":"m2","kind":"reminder","supersedes":["reminder"],"to":"party-1"},{"about":{"id":"c1","kind":"toy.counter"},"key":"m3","kind":"reminder","to":"party-1"}],"note":"n","postings":[{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p2","kind":"fee","subject":"c1","value_date":"2026-01-31"},{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p3","kind":"fee","subject":"c1","value_date":"2026-01-31"}],"recorded_at":"2026-01-31T08:00:00Z","withdrawals":[{"about":{"id":"c1","kind":"toy.counter"},"kinds":["notice","other"]}]},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":4}');
INSERT INTO "servflow_journal" VALUES('toy.counter','c1',5,'5','{"alterations":[["set","count",4],["append","log",["n"]],["put","marks","new",{"amount":"300","currency":"JPY"}],["drop","marks","old"],["set","look_at",null]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"5","marks":{"new":{"amount":"300","currency":"JPY"},"old":{"amount":"0.00","currency":"CNY"}},"note":"n","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":5}');
CREATE TABLE servflow_outbox (
        n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        about_kind TEXT NOT NULL, about_id TEXT NOT NULL, party TEXT NOT NULL, not_before TEXT,
        status TEXT NOT NULL, claimed_until TEXT, overtaken TEXT, attempts INTEGER NOT NULL,
        changed_at TEXT NOT NULL, note TEXT NOT NULL, document TEXT NOT NULL);
INSERT INTO "servflow_outbox" VALUES(1,'m1','reminder','toy.counter','c1','party-1',NULL,'superseded',NULL,NULL,0,'2026-01-31T08:00:00.000000Z','superseded by m2','{"about":{"id":"c1","kind":"toy.counter"},"key":"m1","kind":"reminder","to":"party-1"}');
INSERT INTO "servflow_outbox" VALUES(2,'m2','reminder','toy.counter','c1','party-1',NULL,'pending','2026-01-31T08:05:00.000000Z',NULL,0,'2026-01-31T08:00:00.000000Z','','{"about":{"id":"c1","kind":"toy.counter"},"key":"m2","kind":"reminder","supersedes":["reminder"],"to":"party-1"}');
INSERT INTO "servflow_outbox" VALUES(3,'m3','reminder','toy.counter','c1','party-1',NULL,'sent',NULL,NULL,0,'2026-01-31T08:00:00.000000Z','','{"about":{"id":"c1","kind":"toy.counter"},"key":"m3","kind":"reminder","to":"party-1"}');
CREATE TABLE servflow_posting (
        n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
        debit TEXT NOT NULL, credit TEXT NOT NULL, minor INTEGER NOT NULL, currency TEXT NOT NULL,
        value_date TEXT NOT NULL, document TEXT NOT NULL);
INSERT INTO "servflow_posting" VALUES(1,'p1','c1','receivable/party-1','income/desk',500,'CNY','2026-01-31','{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p1","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
INSERT INTO "servflow_posting" VALUES(2,'p2','c1','receivable/party-1','income/desk',500,'CNY','2026-01-31','{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p2","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
INSERT INTO "servflow_posting" VALUES(3,'p3','c1','receivable/party-1','income/desk',500,'CNY','2026-01-31','{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p3","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
CREATE TABLE servflow_receipt (
        command_id TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, document TEXT NOT NULL);
INSERT INTO "servflow_receipt" VALUES('1','7f8990c691123cbfe6bb07f91ab8281ad0e726a44e7e0446610c0a07919a20a8','[["toy.holder","h",1]]');
INSERT INTO "servflow_receipt" VALUES('2','bcdacc31f2e3422af5e13724d940019d474870511370b3bed089d33a95a9f5b2','[["toy.counter","c1",1],["toy.holder","h",2]]');
INSERT INTO "servflow_receipt" VALUES('3','f888dfc0ac80434c58509f1a8075bda5b2d90e2065fefebfa04b027644db26c9','[["toy.counter","c1",2]]');
INSERT INTO "servflow_receipt" VALUES('3b','bdf412b61ab979f844848ce8257ddd2629ac2f8901147ce2c23f0906c448a2e2','[["toy.counter","c1",3]]');
INSERT INTO "servflow_receipt" VALUES('4','9763c615602c4d3c4b669beab2ed9e7acab1972b65f62a52083785bab84c0a02','[["toy.counter","c1",4]]');
INSERT INTO "servflow_receipt" VALUES('5','20a2baba4ac1bbe6205b88a76b87d74ca4d14a0decf764b55b6c1a2c889d9552','[["toy.counter","c1",5]]');
CREATE INDEX servflow_aggregate_state ON servflow_aggregate (kind, state, id);
CREATE INDEX servflow_aggregate_wake ON servflow_aggregate (wake, kind, id) WHERE wake IS NOT NULL;
CREATE INDEX servflow_posting_subject ON servflow_posting (subject, n);
CREATE INDEX servflow_posting_debit ON servflow_posting (debit, n);
CREATE INDEX servflow_posting_credit ON servflow_posting (credit, n);
CREATE INDEX servflow_outbox_about ON servflow_outbox (about_kind, about_id, n);
CREATE INDEX servflow_outbox_pending ON servflow_outbox (n) WHERE status = 'pending';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('servflow_posting',3);
INSERT INTO "sqlite_sequence" VALUES('servflow_outbox',3);
COMMIT;
