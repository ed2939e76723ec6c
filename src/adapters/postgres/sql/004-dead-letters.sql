-- Where the sealed records lie and what was tried with them; the records themselves are in the dead-letter topic.
create table scrim_dead_letter (
  id bigint generated always as identity primary key,
  topic text not null,
  topic_partition integer not null,
  topic_offset bigint not null,
  "timestamp" timestamptz not null,
  views text[] not null, -- sorted: they are part of the identity
  code text not null,
  path text not null,
  policy_version integer not null,
  key_id text,
  bucket text,
  state text not null check (state in ('open', 'retrying', 'review', 'replayed')),
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  at timestamptz not null default now(),
  letter_partition integer,
  letter_offset bigint,
  unique (topic, topic_partition, topic_offset, views)
);
create index scrim_dead_letter_due on scrim_dead_letter (next_attempt_at) where next_attempt_at is not null;
create index scrim_dead_letter_state on scrim_dead_letter (state, id);
