-- How the key columns of each masked topic have been published: under another mask or another key the same rows would be
-- other rows to the sink. The key itself is not here; its check value tells it from another. Rows stay when they are
-- forgotten: they tell who said that the topic begins anew.
create table scrim_published_key (
  id bigint generated always as identity primary key,
  topic text not null,
  masked_topic text not null,
  column_name text not null,
  mask text not null,
  key_id text,
  key_check text,
  at timestamptz not null default now(),
  forgotten_at timestamptz,
  forgotten_by text,
  forgotten_reason text,
  check ((forgotten_at is null) = (forgotten_by is null))
);
create unique index scrim_published_key_kept on scrim_published_key (masked_topic, column_name)
where forgotten_at is null;
