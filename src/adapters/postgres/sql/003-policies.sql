-- Every accepted set of policies, for ever. The service role may add, never change.
create table scrim_policy_version (
  version integer primary key check (version > 0),
  documents jsonb not null,
  author text not null,
  at timestamptz not null default now(),
  reason text not null,
  origin text not null check (origin in ('files', 'rest')),
  patch jsonb not null,
  files_digest text
);

-- The last row says which version is pinned; null: none, the latest counts.
create table scrim_policy_pin (
  pin_id bigint generated always as identity primary key,
  version integer references scrim_policy_version,
  author text not null,
  reason text not null,
  at timestamptz not null default now()
);

create function scrim_policies_changed() returns trigger
language plpgsql
as $$
begin
  notify scrim_policies;
  return null;
end
$$;
create trigger scrim_policy_version_changed after insert on scrim_policy_version
for each statement execute function scrim_policies_changed();
create trigger scrim_policy_pin_changed after insert on scrim_policy_pin
for each statement execute function scrim_policies_changed();
