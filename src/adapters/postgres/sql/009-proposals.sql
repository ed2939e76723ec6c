-- Changes that wait for a second person. What was proposed is never changed; a row is closed once.
create table scrim_policy_proposal (
  id bigint generated always as identity primary key,
  action text not null check (action in ('set', 'pin', 'forget keys')),
  author text not null,
  at timestamptz not null default now(),
  reason text not null,
  -- The latest version when it was made; 0: none.
  base_version integer not null,
  base_pin integer,
  documents jsonb,
  origin text check (origin in ('files', 'rest')),
  files_digest text,
  pin_version integer references scrim_policy_version,
  masked_topic text,
  state text not null default 'open' check (state in ('open', 'approved', 'rejected', 'withdrawn')),
  closed_at timestamptz,
  closed_by text,
  closed_reason text,
  version integer references scrim_policy_version,
  check ((state = 'open') = (closed_by is null)),
  constraint scrim_policy_proposal_two_persons check (state <> 'approved' or closed_by <> author),
  check ((action = 'set') = (documents is not null)),
  check ((action = 'forget keys') = (masked_topic is not null))
);
-- Every instance sees the same files change.
create unique index scrim_policy_proposal_files on scrim_policy_proposal (files_digest, base_version)
where state = 'open' and files_digest is not null;

-- Who approved what somebody else had proposed; null: the rule was off, or it was the first import.
alter table scrim_policy_version add column approver text, add check (approver <> author);
alter table scrim_policy_pin add column approver text, add check (approver <> author);
alter table scrim_published_key add column forgotten_approver text, add check (forgotten_approver <> forgotten_by);
