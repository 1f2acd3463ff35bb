-- A database of layout 1 with documents of format 1, as the first release wrote it.
CREATE TABLE public.servflow_aggregate (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    wake timestamp with time zone,
    document text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.servflow_journal (
    kind text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    command_id text NOT NULL COLLATE pg_catalog."C",
    document text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.servflow_layout (
    number bigint NOT NULL
);
CREATE TABLE public.servflow_outbox (
    n bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    about_kind text NOT NULL COLLATE pg_catalog."C",
    about_id text NOT NULL COLLATE pg_catalog."C",
    party text NOT NULL COLLATE pg_catalog."C",
    not_before timestamp with time zone,
    document text NOT NULL COLLATE pg_catalog."C",
    changed_at timestamp with time zone NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    claimed_until timestamp with time zone,
    overtaken text COLLATE pg_catalog."C",
    attempts bigint NOT NULL,
    note text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE public.servflow_outbox ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.servflow_outbox_n_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.servflow_posting (
    n bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    debit text NOT NULL COLLATE pg_catalog."C",
    credit text NOT NULL COLLATE pg_catalog."C",
    minor bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    value_date date NOT NULL,
    document text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE public.servflow_posting ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.servflow_posting_n_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.servflow_receipt (
    command_id text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    document text NOT NULL COLLATE pg_catalog."C"
);
INSERT INTO public.servflow_aggregate VALUES ('toy.holder', 'h', 2, 'active', NULL, '{"held":["c1"],"limit":2,"state":"active"}');
INSERT INTO public.servflow_aggregate VALUES ('toy.counter', 'c1', 5, 'open', NULL, '{"count":4,"holder":"h","log":["n","借书","n","n"],"marks":{"fee":{"amount":"5.00","currency":"CNY"},"new":{"amount":"300","currency":"JPY"}},"state":"open"}');
INSERT INTO public.servflow_journal VALUES ('toy.holder', 'h', 1, '1', '{"alterations":[["set","state","active"],["set","limit",2]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"h","command":"OpenHolder","happened_at":"2026-01-31T08:00:00Z","id":"1","limit":2,"recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"h","kind":"toy.holder"},"role":"anybody","rulebook":"toy-rulebook","seq":1}');
INSERT INTO public.servflow_journal VALUES ('toy.counter', 'c1', 1, '2', '{"alterations":[["set","state","open"],["set","holder","h"],["set","count",0]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Open","happened_at":"2026-01-31T08:00:00Z","holder":"h","id":"2","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":1}');
INSERT INTO public.servflow_journal VALUES ('toy.holder', 'h', 2, '2/Hold', '{"alterations":[["set","held",["c1"]]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"h","command":"Hold","counter":"c1","happened_at":"2026-01-31T08:00:00Z","id":"2/Hold","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"h","kind":"toy.holder"},"role":"anybody","rulebook":"toy-rulebook","seq":2}');
INSERT INTO public.servflow_journal VALUES ('toy.counter', 'c1', 2, '3', '{"alterations":[["set","count",1],["set","log",["n"]]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"3","messages":[{"about":{"id":"c1","kind":"toy.counter"},"key":"m1","kind":"reminder","to":"party-1"}],"note":"n","postings":[{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p1","kind":"fee","subject":"c1","value_date":"2026-01-31"}],"recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":2}');
INSERT INTO public.servflow_journal VALUES ('toy.counter', 'c1', 3, '3b', '{"alterations":[["set","count",2],["append","log",["借书"]],["set","marks",{"fee":{"amount":"5.00","currency":"CNY"},"old":{"amount":"1.50","currency":"CNY"}}]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"3b","marks":{"fee":{"amount":"5.00","currency":"CNY"},"old":{"amount":"1.50","currency":"CNY"}},"note":"借书","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":3}');
INSERT INTO public.servflow_journal VALUES ('toy.counter', 'c1', 4, '4', '{"alterations":[["set","count",3],["append","log",["n"]],["set","look_at","2026-02-01T08:00:00Z"]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"4","look_at":"2026-02-01T08:00:00Z","messages":[{"about":{"id":"c1","kind":"toy.counter"},"key":"m2","kind":"reminder","supersedes":["reminder"],"to":"party-1"},{"about":{"id":"c1","kind":"toy.counter"},"key":"m3","kind":"reminder","to":"party-1"}],"note":"n","postings":[{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p2","kind":"fee","subject":"c1","value_date":"2026-01-31"},{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p3","kind":"fee","subject":"c1","value_date":"2026-01-31"}],"recorded_at":"2026-01-31T08:00:00Z","withdrawals":[{"about":{"id":"c1","kind":"toy.counter"},"kinds":["notice","other"]}]},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":4}');
INSERT INTO public.servflow_journal VALUES ('toy.counter', 'c1', 5, '5', '{"alterations":[["set","count",4],["append","log",["n"]],["put","marks","new",{"amount":"300","currency":"JPY"}],["drop","marks","old"],["set","look_at",null]],"calendar":"toy-calendar","command":{"by":{"office":"staff","party":"party-0","serves":"toys"},"case":"c1","command":"Count","happened_at":"2026-01-31T08:00:00Z","id":"5","marks":{"new":{"amount":"300","currency":"JPY"},"old":{"amount":"0.00","currency":"CNY"}},"note":"n","recorded_at":"2026-01-31T08:00:00Z"},"facts":null,"format":1,"key":{"id":"c1","kind":"toy.counter"},"role":"anybody","rulebook":"toy-rulebook","seq":5}');
INSERT INTO public.servflow_layout VALUES (1);
INSERT INTO public.servflow_outbox OVERRIDING SYSTEM VALUE VALUES (1, 'm1', 'reminder', 'toy.counter', 'c1', 'party-1', NULL, '{"about":{"id":"c1","kind":"toy.counter"},"key":"m1","kind":"reminder","to":"party-1"}', '2026-01-31 08:00:00+00', 'superseded', NULL, NULL, 0, 'superseded by m2');
INSERT INTO public.servflow_outbox OVERRIDING SYSTEM VALUE VALUES (2, 'm2', 'reminder', 'toy.counter', 'c1', 'party-1', NULL, '{"about":{"id":"c1","kind":"toy.counter"},"key":"m2","kind":"reminder","supersedes":["reminder"],"to":"party-1"}', '2026-01-31 08:00:00+00', 'pending', '2026-01-31 08:05:00+00', NULL, 0, '');
INSERT INTO public.servflow_outbox OVERRIDING SYSTEM VALUE VALUES (3, 'm3', 'reminder', 'toy.counter', 'c1', 'party-1', NULL, '{"about":{"id":"c1","kind":"toy.counter"},"key":"m3","kind":"reminder","to":"party-1"}', '2026-01-31 08:00:00+00', 'sent', NULL, NULL, 0, '');
INSERT INTO public.servflow_posting OVERRIDING SYSTEM VALUE VALUES (1, 'p1', 'c1', 'receivable/party-1', 'income/desk', 500, 'CNY', '2026-01-31', '{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p1","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
INSERT INTO public.servflow_posting OVERRIDING SYSTEM VALUE VALUES (2, 'p2', 'c1', 'receivable/party-1', 'income/desk', 500, 'CNY', '2026-01-31', '{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p2","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
INSERT INTO public.servflow_posting OVERRIDING SYSTEM VALUE VALUES (3, 'p3', 'c1', 'receivable/party-1', 'income/desk', 500, 'CNY', '2026-01-31', '{"amount":{"amount":"5.00","currency":"CNY"},"credit":"income/desk","debit":"receivable/party-1","key":"p3","kind":"fee","subject":"c1","value_date":"2026-01-31"}');
INSERT INTO public.servflow_receipt VALUES ('1', '7f8990c691123cbfe6bb07f91ab8281ad0e726a44e7e0446610c0a07919a20a8', '[["toy.holder","h",1]]');
INSERT INTO public.servflow_receipt VALUES ('2', 'bcdacc31f2e3422af5e13724d940019d474870511370b3bed089d33a95a9f5b2', '[["toy.counter","c1",1],["toy.holder","h",2]]');
INSERT INTO public.servflow_receipt VALUES ('3', 'f888dfc0ac80434c58509f1a8075bda5b2d90e2065fefebfa04b027644db26c9', '[["toy.counter","c1",2]]');
INSERT INTO public.servflow_receipt VALUES ('3b', 'bdf412b61ab979f844848ce8257ddd2629ac2f8901147ce2c23f0906c448a2e2', '[["toy.counter","c1",3]]');
INSERT INTO public.servflow_receipt VALUES ('4', '9763c615602c4d3c4b669beab2ed9e7acab1972b65f62a52083785bab84c0a02', '[["toy.counter","c1",4]]');
INSERT INTO public.servflow_receipt VALUES ('5', '20a2baba4ac1bbe6205b88a76b87d74ca4d14a0decf764b55b6c1a2c889d9552', '[["toy.counter","c1",5]]');
SELECT pg_catalog.setval('public.servflow_outbox_n_seq', 3, true);
SELECT pg_catalog.setval('public.servflow_posting_n_seq', 3, true);
ALTER TABLE ONLY public.servflow_aggregate
    ADD CONSTRAINT servflow_aggregate_pkey PRIMARY KEY (kind, id);
ALTER TABLE ONLY public.servflow_journal
    ADD CONSTRAINT servflow_journal_pkey PRIMARY KEY (kind, id, seq);
ALTER TABLE ONLY public.servflow_layout
    ADD CONSTRAINT servflow_layout_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.servflow_outbox
    ADD CONSTRAINT servflow_outbox_pkey PRIMARY KEY (n);
ALTER TABLE ONLY public.servflow_posting
    ADD CONSTRAINT servflow_posting_pkey PRIMARY KEY (n);
ALTER TABLE ONLY public.servflow_receipt
    ADD CONSTRAINT servflow_receipt_pkey PRIMARY KEY (command_id);
CREATE INDEX servflow_aggregate_state ON public.servflow_aggregate USING btree (kind, state, id);
CREATE INDEX servflow_aggregate_wake ON public.servflow_aggregate USING btree (wake, kind, id) WHERE (wake IS NOT NULL);
CREATE INDEX servflow_outbox_about ON public.servflow_outbox USING btree (about_kind, about_id, n);
CREATE UNIQUE INDEX servflow_outbox_key ON public.servflow_outbox USING btree (key);
CREATE INDEX servflow_outbox_overtaken ON public.servflow_outbox USING btree (n) WHERE (overtaken IS NOT NULL);
CREATE INDEX servflow_outbox_status ON public.servflow_outbox USING btree (status, n);
CREATE INDEX servflow_posting_credit ON public.servflow_posting USING btree (credit, n);
CREATE INDEX servflow_posting_debit ON public.servflow_posting USING btree (debit, n);
CREATE UNIQUE INDEX servflow_posting_key ON public.servflow_posting USING btree (key);
CREATE INDEX servflow_posting_subject ON public.servflow_posting USING btree (subject, n);
