-- The schema blocks seen on the raw topics, so that policies can be checked against them after a restart.
create table scrim_seen_schema (
  topic text not null,
  part text not null check (part in ('key', 'value')),
  digest bytea not null,
  bytes bytea not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (topic, part, digest)
);
