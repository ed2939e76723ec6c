-- The strategy document's table; its index finds what still waits for a decision.
create table cdc_conflict_resolution (
  conflict_id bigint generated always as identity primary key,
  table_name varchar(100) not null,
  record_id uuid not null,
  source_system varchar(50) not null,
  conflict_type varchar(50) not null,
  warehouse_value jsonb,
  citizen_value jsonb,
  detected_at timestamptz default current_timestamp,
  resolved_by varchar(100),
  resolved_at timestamptz,
  resolution_action varchar(50),
  resolution_notes text
);
create index idx_conflict_resolution_unresolved on cdc_conflict_resolution (resolved_at) where resolved_at is null;
