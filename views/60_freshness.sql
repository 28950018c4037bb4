-- How far each answer can be trusted.

create or replace view bi.data_freshness as
select c.company_key,
       c.company_id,
       c.name as company_name,
       s.safe_as_of,
       extract(epoch from p.present_at - s.safe_as_of) / 3600 as age_hours,
       coalesce(s.verdict = 'complete' and s.safe_as_of >= p.present_at - p.max_staleness, false) as is_fresh,
       coalesce(s.verdict, 'never read') as verdict,
       s.reason,
       s.remedy,
       s.last_try_at,
       s.access_until,
       exists (
           select from sync.leases l
           where l.kind = 'company'
             and l.subject = c.company_id
             and l.holder is not null
             and l.expires_at > now()
       ) as is_being_read,
       q.oldest_read_at,
       coalesce(q.unfinished, 0) as unfinished_scopes
from keepnet.companies c
cross join bi.present p
left join sync.company_state s on s.company_id = c.company_id
left join lateral (
    select min(k.last_complete_at) as oldest_read_at,
           count(*) filter (where k.last_complete_at is null) as unfinished
    from sync.cursors k
    where k.company_id = c.company_id
) q on true
where c.deleted_at is null
  and (s.company_id is not null or c.parent_company_id is not null);
comment on view bi.data_freshness is 'How far what is stored of each company can be trusted [company]. An answer is as of safe_as_of; what happened at the vendor since then may be missing. From the bookkeeping of the syncs.';
comment on column bi.data_freshness.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.data_freshness.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.data_freshness.company_name is 'Name of the company now.';
comment on column bi.data_freshness.safe_as_of is 'The last instant at which everything of the company was complete here; null: never.';
comment on column bi.data_freshness.age_hours is 'Hours since safe_as_of.';
comment on column bi.data_freshness.is_fresh is 'The last try was complete, and safe_as_of is not older than sync.max_staleness.';
comment on column bi.data_freshness.verdict is 'How the last try ended: complete, unsupported, forbidden, held, short, over, drifted or failed; never read without one.';
comment on column bi.data_freshness.reason is 'Why it was not complete.';
comment on column bi.data_freshness.remedy is 'What to do about it.';
comment on column bi.data_freshness.last_try_at is 'When the last try ended; an instant.';
comment on column bi.data_freshness.access_until is 'Until when the customer grants access; an instant.';
comment on column bi.data_freshness.is_being_read is 'A sync works on the company right now: figures may move while they are looked at.';
comment on column bi.data_freshness.oldest_read_at is 'When the part of the company that was read longest ago was complete; an instant. Settled enrollments are read again once per sync.full_every only.';
comment on column bi.data_freshness.unfinished_scopes is 'Parts of the company (a listing, a report) that were never complete here.';
