-- Calls by which somebody could find out what a value is, or send an old record out again. Rows are added, never changed.
create table scrim_call (
  call_id bigint generated always as identity primary key,
  called_at timestamptz not null default now(),
  call text not null,
  caller text not null,
  request_id text not null,
  policy_version integer not null,
  facts jsonb not null
);
