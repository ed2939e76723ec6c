-- Which instance runs which version: each says so again and again. Unlogged: after a crash of the server all of them say
-- it anew within seconds, and nothing of it is worth a write-ahead log.
create unlogged table scrim_instance (
  id uuid primary key,
  client_id text not null,
  host text not null,
  started_at timestamptz not null,
  version integer,
  loaded_from text,
  code text,
  -- Since when it runs this version.
  since timestamptz,
  last_seen_at timestamptz not null default now()
) with (fillfactor = 50);
