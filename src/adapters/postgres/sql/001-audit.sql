-- What became of each record under each view. First the columns of the strategy document, then what makes a row
-- unique (so that writing it again changes nothing), then the seal that it was written under.
-- One row per attempt: a batch that was published, but not committed before a crash, is there twice if the policy
-- version or the outcome differs. cdc_audit_effective shows the attempt that counts.
create table cdc_audit_log (
  audit_id bigint generated always as identity,
  event_type varchar(50) not null,
  source_system varchar(50),
  target_system varchar(50),
  table_name varchar(100),
  record_id uuid,
  operation varchar(10),
  masked_fields text[],
  "timestamp" timestamptz(3) not null default current_timestamp, -- the record's own
  user_id varchar(100),
  details jsonb,
  cluster_id text not null,
  topic text not null,
  topic_partition integer not null,
  topic_offset bigint not null,
  view text not null,
  policy_version integer not null,
  reason text,
  records integer not null default 1,
  seal_id bigint not null,
  seal_row integer not null,
  primary key (audit_id, "timestamp"),
  -- The timestamp has to be in it (it is the partition key); it also tells the records of a topic that was deleted and
  -- made again from the old ones.
  constraint cdc_audit_log_once unique (topic, topic_partition, topic_offset, view, policy_version, event_type, cluster_id, "timestamp")
) partition by range ("timestamp");

-- For "what happened to this record". Few rows have none, but those need no room here.
create index cdc_audit_log_record on cdc_audit_log (record_id) where record_id is not null;

-- Takes what has no month: records without a timestamp, or with one far off.
create table cdc_audit_log_default partition of cdc_audit_log default;

-- Makes the monthly partition (UTC) that `at` falls into. The service role has no DDL, so it asks here; the window keeps
-- odd timestamps from making partitions without end. Attached, not created in place: that would lock out all writers.
create function scrim_audit_partition(at timestamptz) returns boolean
language plpgsql security definer set timezone = 'UTC' set search_path from current
as $$
declare
  this_month constant timestamptz := date_trunc('month', now());
  month timestamptz;
  name text;
begin
  if at < this_month - interval '10 years' or at >= this_month + interval '3 months' then
    return false;
  end if;
  month := date_trunc('month', at);
  name := to_char(month, '"cdc_audit_log_"YYYY_MM');
  perform pg_advisory_xact_lock(7227374, 2);
  if exists (
    select from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'cdc_audit_log'::regclass and relname = name
  ) then
    return true;
  end if;
  execute format('create table %I (like cdc_audit_log including all excluding identity)', name);
  execute format(
    'alter table cdc_audit_log attach partition %I for values from (%L) to (%L)', name, month, month + interval '1 month'
  );
  return true;
exception when check_violation then
  -- The default partition has rows of this month; what follows joins them there.
  return false;
end
$$;
revoke execute on function scrim_audit_partition from public;

select scrim_audit_partition(now() + months * interval '1 month') from generate_series(0, 2) as months;

-- Tamper evidence: one seal per written batch, in one chain. `mac` is keyed with a key that never comes here, over the
-- batch's rows and the mac of the seal before. See audit-seal.ts for the exact text, audit-verify.ts for the proof.
create table cdc_audit_seal (
  position bigint primary key,
  seal_id bigint not null unique,
  rows integer not null,
  first_audit_id bigint not null,
  last_audit_id bigint not null,
  key_id text not null,
  mac bytea not null,
  sealed_at timestamptz not null default now()
);
create sequence cdc_audit_seal_id;

-- The last seal; holds the chain until the end of the transaction. plpgsql, because there each statement sees what was
-- committed while it waited for the lock.
create function scrim_audit_head() returns table (head_position bigint, head_mac bytea)
language plpgsql set search_path from current
as $$
begin
  perform pg_advisory_xact_lock(7227374, 3);
  return query select position, mac from cdc_audit_seal order by position desc limit 1;
end
$$;
revoke execute on function scrim_audit_head from public;

create view cdc_audit_effective as
select audit_id, event_type, source_system, target_system, table_name, record_id, operation, masked_fields, "timestamp",
  user_id, details, cluster_id, topic, topic_partition, topic_offset, view, policy_version, reason, records
from cdc_audit_log as attempt
where not exists (
  select from cdc_audit_log as later
  where later.topic = attempt.topic and later.topic_partition = attempt.topic_partition
    and later.topic_offset = attempt.topic_offset and later.view = attempt.view
    and later.cluster_id = attempt.cluster_id and later."timestamp" = attempt."timestamp"
    and later.audit_id > attempt.audit_id
);
