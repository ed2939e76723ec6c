-- A Ranger Admin that is polled brings versions too.
alter table scrim_policy_version
  drop constraint scrim_policy_version_origin_check,
  add constraint scrim_policy_version_origin_check check (origin in ('files', 'rest', 'ranger'));

-- Audit events in the JSON of Apache Ranger: what a policy did to a column in one batch, with how many records that were.
-- The id is made of what the event is about, so that the same batch written again adds nothing.
create table scrim_ranger_audit (
  id uuid primary key,
  "at" timestamptz(3) not null,
  event jsonb not null
);
create index scrim_ranger_audit_at on scrim_ranger_audit ("at");
