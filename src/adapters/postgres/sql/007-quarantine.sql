-- Records that wait in quarantine are dead letters of a state of their own. Behind one of them every later record of its
-- key waits, too, so the key is needed: as the keyed digest that the audit has, with the secret that made it.
alter table scrim_dead_letter
  add column record_id uuid,
  add column parked_by text,
  add column letter_bytes integer,
  drop constraint scrim_dead_letter_state_check,
  add constraint scrim_dead_letter_state_check check (state in ('open', 'retrying', 'review', 'quarantined', 'replayed')),
  add constraint scrim_dead_letter_parked_check check (state <> 'quarantined' or parked_by is not null);
create index scrim_dead_letter_quarantine on scrim_dead_letter (topic, topic_partition, topic_offset)
where state = 'quarantined';

-- What was asked of an instance that does not read the partition. Rows stay: they tell who asked for what.
create table scrim_letter_request (
  id bigint generated always as identity primary key,
  what text not null check (what in ('replay', 'release')),
  letter_id bigint references scrim_dead_letter,
  topic text not null,
  topic_partition integer not null,
  force boolean not null,
  caller text not null,
  request_id text not null,
  at timestamptz not null default now(),
  until timestamptz not null,
  taken_until timestamptz,
  done_at timestamptz,
  result jsonb,
  check ((what = 'replay') = (letter_id is not null))
);
create index scrim_letter_request_open on scrim_letter_request (id) where done_at is null;

-- A topic that is deleted and made again has other records at the same offsets.
alter table scrim_dead_letter
  drop constraint scrim_dead_letter_topic_topic_partition_topic_offset_views_key,
  add constraint scrim_dead_letter_once unique (topic, topic_partition, topic_offset, views, "timestamp");

-- Who has taken a partition over last: letters are listed under the last claim only, so that a process that slept while
-- another one took over cannot park behind its back.
create table scrim_partition_claim (
  topic text not null,
  topic_partition integer not null,
  number bigint not null,
  primary key (topic, topic_partition)
);
