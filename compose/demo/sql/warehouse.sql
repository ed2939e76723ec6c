-- smart_warehouse: what the warehouse keeps, unmasked.

create table public.golden_records (
  golden_record_id    bigint primary key, -- a surrogate: the key travels in clear, so it must say nothing
  family_id           varchar(20) not null,
  jan_aadhaar         varchar(14) not null,
  aadhaar_number      varchar(14),
  full_name           text not null,
  full_name_hi        text,
  date_of_birth       date,
  gender              varchar(10),
  mobile_number       varchar(20),
  email               varchar(254),
  address_line1       text,
  address_line2       text,
  city                text,
  district            text not null,
  district_hi         text,
  pincode             varchar(6),
  latitude            double precision,
  longitude           double precision,
  bank_name           text,
  bank_account_number varchar(34),
  bank_ifsc           varchar(11),
  annual_income       numeric(12,2),
  verification_status varchar(20) not null default 'pending',
  is_active           boolean default true, -- may be null, and null is not true
  source_records      jsonb,                -- the rows that were merged, as they came in
  match_score         numeric(6,5),
  updated_by          varchar(100),
  created_at          timestamp not null default now(),
  updated_at          timestamptz not null default now()
);
comment on column public.golden_records.bank_account_number is 'Account for direct benefit transfer';
-- Full: deletes and updates carry the whole old row, so there is a `before` to mask.
alter table public.golden_records replica identity full;

create table public.profile_360 (
  profile_id            uuid primary key,
  golden_record_id      bigint not null,
  jan_aadhaar           varchar(14) not null,
  household_size        integer,
  dependents            smallint,
  contact_mobile        varchar(20),
  contact_email         varchar(254),
  home_address          jsonb,
  inferred_income_band  text,
  bank_accounts         jsonb not null default '[]',
  vulnerability_level   varchar(10),
  vulnerability_scores  jsonb,
  ml_features           jsonb,
  embedding             real[],
  model_version         varchar(40),
  schemes_availed       text[],
  benefits_received     numeric(14,2) not null default 0,
  portal_visible        boolean default true,
  summary               text,
  summary_hi            text,
  refreshed_at          timestamptz not null default now()
);
-- Long texts are kept out of line, uncompressed: an update that does not touch them does not carry them.
alter table public.profile_360 alter column summary_hi set storage external;
alter table public.profile_360 alter column ml_features set storage external;

create table public.scheme_master (
  scheme_code       varchar(20) primary key,
  scheme_name       text not null,
  scheme_name_hi    text,
  department        varchar(80) default 'Unassigned',
  description       text,
  description_hi    text,
  benefit_amount    numeric(12,2),
  is_open           boolean default true,
  starts_on         date,
  eligibility_rules jsonb,
  updated_at        timestamp(3) not null default now()
);

create schema eligibility;
create table eligibility.eligibility_snapshots (
  family_id            varchar(20) not null,
  scheme_code          varchar(20) not null,
  evaluation_status    varchar(30) not null,
  eligibility_score    numeric(6,4),
  confidence_score     double precision,
  confidence_interval  double precision[],
  rank_in_family       smallint,
  explanation          text,
  explanation_hi       text,
  rule_trace           jsonb,
  feature_values       jsonb,
  evaluation_timestamp timestamptz not null default now(),
  valid_until          date,
  primary key (family_id, scheme_code)
);

-- Orders to Debezium, such as an incremental snapshot after a policy change.
create table public.debezium_signal (id varchar(64) primary key, type varchar(32) not null, data varchar(2048));

-- Made here, not by the connector: that would have to own the tables.
create publication warehouse_to_citizen for table
  public.golden_records, public.profile_360, public.scheme_master, eligibility.eligibility_snapshots, public.debezium_signal;

grant usage on schema public, eligibility to debezium_user;
grant select on all tables in schema public, eligibility to debezium_user;
grant insert on public.debezium_signal to debezium_user;
alter default privileges in schema public grant select on tables to debezium_user;
alter default privileges in schema eligibility grant select on tables to debezium_user;

-- What comes back from the portal (table 3.2). None of these is published above, so nothing can go round in circles.
create table public.citizens (
  id                  bigint primary key,
  aadhaar_number      text, -- a keyed hash: enough to find the golden record
  full_name           text,
  date_of_birth       date,
  gender              varchar(10),
  mobile_number       varchar(20),
  email               varchar(254),
  address_line1       text,
  city                text,
  district            text,
  pincode             varchar(6),
  verification_status varchar(20),
  status              varchar(20),
  updated_at          timestamptz
);
create table public.application_events (
  application_id  bigint primary key,
  citizen_id      bigint not null,
  scheme_code     varchar(20) not null,
  status          varchar(20) not null,
  requested_amount numeric(12,2),
  remarks         text,
  submitted_at    timestamptz
);
create table public.document_metadata (
  citizen_id      bigint not null,
  document_no     smallint not null,
  document_type   varchar(30) not null,
  document_number varchar(40),
  file_name       text,
  size_bytes      bigint,
  uploaded_at     timestamptz,
  primary key (citizen_id, document_no)
);
-- The owner, because the sink adds a column when a policy lets a new one through.
alter table public.citizens owner to warehouse_sink;
alter table public.application_events owner to warehouse_sink;
alter table public.document_metadata owner to warehouse_sink;
grant usage on schema public to warehouse_sink;
