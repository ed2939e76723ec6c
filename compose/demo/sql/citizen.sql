-- smart_citizen: what the portal sees. Named as in table 3.1; a column that the policies drop has no place here.

create table public.profile_data ( -- of golden_records
  golden_record_id    bigint primary key,
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
  is_active           boolean default true,
  updated_by          varchar(100),
  created_at          timestamp not null default now(),
  updated_at          timestamptz not null default now()
);

create table public.profile_summary ( -- of profile_360
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
  schemes_availed       text[],
  benefits_received     numeric(14,2) not null default 0,
  portal_visible        boolean default true,
  summary               text,
  summary_hi            text,
  refreshed_at          timestamptz not null default now()
);

create table public.schemes ( -- of scheme_master
  scheme_code       varchar(20) primary key,
  scheme_name       text not null,
  scheme_name_hi    text,
  department        varchar(80) default 'Unassigned',
  description       text,
  description_hi    text,
  benefit_amount    numeric(12,2),
  is_open           boolean default true,
  starts_on         date,
  updated_at        timestamp(3) not null default now()
);

create table public.eligibility_hints ( -- of eligibility_snapshots
  family_id            varchar(20) not null,
  scheme_code          varchar(20) not null,
  evaluation_status    varchar(30) not null,
  eligibility_score    numeric(6,4),
  confidence_score     double precision,
  rank_in_family       smallint,
  explanation          text,
  explanation_hi       text,
  evaluation_timestamp timestamptz not null default now(),
  valid_until          date,
  primary key (family_id, scheme_code)
);

-- The owner, because the sink adds a column when a policy lets a new one through.
alter table public.profile_data owner to citizen_sink;
alter table public.profile_summary owner to citizen_sink;
alter table public.schemes owner to citizen_sink;
alter table public.eligibility_hints owner to citizen_sink;
grant usage on schema public to citizen_sink;

-- What citizens enter themselves (table 3.2). The sink's tables above are not published: nothing can go round in circles.
create table public.citizens (
  id                  bigint primary key,
  aadhaar_number      text not null,
  full_name           text not null,
  date_of_birth       date,
  gender              varchar(10),
  mobile_number       varchar(20),
  email               varchar(254),
  address_line1       text,
  city                text,
  district            text,
  pincode             varchar(6),
  password_hash       text,
  verification_status varchar(20) not null default 'pending',
  status              varchar(20) not null default 'active',
  updated_at          timestamptz not null default now()
);
create table public.service_applications (
  application_id   bigint primary key,
  citizen_id       bigint not null,
  scheme_code      varchar(20) not null,
  status           varchar(20) not null,
  requested_amount numeric(12,2),
  remarks          text,
  session_id       uuid,
  submitted_at     timestamptz not null default now()
);
create table public.documents (
  citizen_id      bigint not null,
  document_no     smallint not null,
  document_type   varchar(30) not null,
  document_number varchar(40),
  file_name       text,
  size_bytes      bigint,
  content         bytea, -- metadata only is synchronised
  uploaded_at     timestamptz not null default now(),
  primary key (citizen_id, document_no)
);
create table public.debezium_signal (id varchar(64) primary key, type varchar(32) not null, data varchar(2048));

create publication citizen_to_warehouse for table
  public.citizens, public.service_applications, public.documents, public.debezium_signal;

grant usage on schema public to debezium_user;
grant select on public.citizens, public.service_applications, public.documents, public.debezium_signal to debezium_user;
grant insert on public.debezium_signal to debezium_user;
