-- All processes on one database keep one rate and one gate. Not logged: what was agreed is void after a crash anyway, and a
-- process writes here about once a second.
create unlogged table sync.request_pace (
    is_only boolean primary key default true check (is_only),
    next_at timestamptz not null,
    closed_until timestamptz
) with (fillfactor = 50);
comment on table sync.request_pace is 'When the account may be asked again (at most one row): kept by all processes on this database together.';
comment on column sync.request_pace.next_at is 'The first start of a request that nobody has reserved, by this server''s clock.';
comment on column sync.request_pace.closed_until is 'The service asked for a pause until then.';
