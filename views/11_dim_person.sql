-- People.

create or replace view bi.dim_person as
select
    t.target_user_key,
    c.company_key,
    t.company_id,
    c.name as company_name,
    t.target_user_id,
    t.email,
    t.is_email_masked,
    t.first_name,
    t.last_name,
    nullif(concat_ws(' ', nullif(t.first_name, ''), nullif(t.last_name, '')), '') as full_name,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (t.company_id, '') and d.department = t.department order by d.company_id desc limit 1),
        nullif(t.department, '')) as department,
    t.department as department_raw,
    t.phone_number,
    (select jsonb_object_agg(f.field_id, jsonb_build_object('name', f.name, 'value', f.value))
     from keepnet.user_custom_fields f
     where f.company_id = t.company_id and f.target_user_id = t.target_user_id
       and f.deleted_at is null) as custom_fields,
    t.reported_by_enrollment_id,
    t.valid_from,
    t.first_seen_at,
    t.synced_at,
    t.deleted_at is not null as is_deleted,
    t.deleted_at
from keepnet.target_users t
join keepnet.companies c on c.company_id = t.company_id;
comment on view bi.dim_person is 'One row per company and person, those included whom no enrollment reports any more (is_deleted). As the newest enrollment that reports them shows them (training-reports/{id}/users/search). The vendor gives a person who was deleted and added again a new id: that is a person of its own here.';
comment on column bi.dim_person.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.dim_person.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_person.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_person.company_name is 'Name of the company now.';
comment on column bi.dim_person.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_person.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.dim_person.is_email_masked is 'The vendor masks the address (it has no @).';
comment on column bi.dim_person.first_name is 'First name as reported.';
comment on column bi.dim_person.last_name is 'Last name as reported.';
comment on column bi.dim_person.full_name is 'First and last name, as far as known.';
comment on column bi.dim_person.department is 'Department now, by the name that ref.department_map gives it; null when the vendor names none.';
comment on column bi.dim_person.department_raw is 'Department now exactly as received.';
comment on column bi.dim_person.phone_number is 'Phone number as reported.';
comment on column bi.dim_person.custom_fields is 'Custom fields by their id, each with name and value; null without any. Names may repeat.';
comment on column bi.dim_person.reported_by_enrollment_id is 'The enrollment whose report says all this.';
comment on column bi.dim_person.valid_from is 'Since when names, address and department are like this here.';
comment on column bi.dim_person.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.dim_person.synced_at is 'When it last changed here.';
comment on column bi.dim_person.is_deleted is 'No enrollment of the company reports the person any more.';
comment on column bi.dim_person.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';

create or replace view bi.dim_person_version as
select
    t.target_user_key,
    c.company_key,
    t.company_id,
    c.name as company_name,
    t.target_user_id,
    v.valid_from,
    v.valid_to,
    v.valid_to is null as is_current,
    v.is_present,
    v.email,
    v.first_name,
    v.last_name,
    nullif(concat_ws(' ', nullif(v.first_name, ''), nullif(v.last_name, '')), '') as full_name,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (t.company_id, '') and d.department = v.department order by d.company_id desc limit 1),
        nullif(v.department, '')) as department,
    v.department as department_raw
from (
    select company_id, target_user_id, valid_from, null::timestamptz as valid_to, deleted_at is null as is_present,
           email, first_name, last_name, department
    from keepnet.target_users
    union all
    select company_id, target_user_id, valid_from, valid_to, is_present, email, first_name, last_name, department
    from keepnet.target_user_history) v
join keepnet.target_users t on t.company_id = v.company_id and t.target_user_id = v.target_user_id
join keepnet.companies c on c.company_id = v.company_id;
comment on view bi.dim_person_version is 'One row per person and period in which names, address, department and presence did not change here. Periods of one person do not overlap; valid_from is included, valid_to is not. What was before keepnet-etl saw the person first is not known.';
comment on column bi.dim_person_version.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.dim_person_version.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_person_version.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_person_version.company_name is 'Name of the company now.';
comment on column bi.dim_person_version.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_person_version.valid_from is 'When the version began, as keepnet-etl saw it.';
comment on column bi.dim_person_version.valid_to is 'When it ended; null for the present one.';
comment on column bi.dim_person_version.is_current is 'It is the present version.';
comment on column bi.dim_person_version.is_present is 'The person was in at least one enrollment then.';
comment on column bi.dim_person_version.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.dim_person_version.first_name is 'First name then.';
comment on column bi.dim_person_version.last_name is 'Last name then.';
comment on column bi.dim_person_version.full_name is 'First and last name, as far as known.';
comment on column bi.dim_person_version.department is 'Department then, by the name that ref.department_map gives it; null when the vendor named none.';
comment on column bi.dim_person_version.department_raw is 'Department then exactly as received.';
