-- `api.daily_requests` is kept by all processes on this database together, whatever becomes of each.
alter table sync.accounts
    add column requests_on date,
    add column requests bigint not null default 0;
comment on column sync.accounts.requests_on is 'The UTC day that requests are counted for; null until api.daily_requests is set.';
comment on column sync.accounts.requests is 'Requests of that day, sent or about to be: they are taken in chunks.';
