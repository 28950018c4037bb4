-- What an operator knows and has accepted is not shown as open.
alter table sync.discrepancies
    add column accepted_at timestamptz,
    add column accepted_until timestamptz,
    add column accepted_reason text,
    add constraint discrepancies_accepted_check
        check (num_nulls(accepted_at, accepted_until, accepted_reason) in (0, 3));
comment on column sync.discrepancies.accepted_at is 'When an operator accepted these counts; null when they change.';
comment on column sync.discrepancies.accepted_until is 'From then on it is shown as open again.';
comment on column sync.discrepancies.accepted_reason is 'Why it is no trouble, in the operator''s words.';
