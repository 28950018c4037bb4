-- The counts of answers and sessions.

create function rollup.session_completed_at(of_company text, of_enrollment text, of_user text) returns timestamptz
language sql stable as $$
    select min(s.started_at + coalesce(
        (select sum(q.latency)
         from (select max(a.latency) as latency from keepnet.survey_answers a
               where a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
                 and a.session_id = s.session_id and a.deleted_at is null
               group by a.question_id) q), interval '0'))
    from keepnet.survey_sessions s
    where s.company_id = of_company and s.enrollment_id = of_enrollment and s.target_user_id = of_user and s.deleted_at is null
$$;
comment on function rollup.session_completed_at(text, text, text) is 'End of the first survey session of a person: its start and the time spent on its questions.';

-- Enrollment by enrollment: a set of enrollments would be joined by reading whole tables.
create function rollup.tidy_answers(of_company text, of_enrollment text) returns void
language plpgsql as $$
begin
    if exists (select from rollup.answer_options t
               where t.company_id = of_company and t.enrollment_id = of_enrollment and t.answer_count = 0) then
        delete from rollup.answer_options t
        where t.company_id = of_company and t.enrollment_id = of_enrollment and t.answer_count = 0;
    end if;
    delete from rollup.survey_sessions t
    where t.company_id = of_company and t.enrollment_id = of_enrollment and t.latest_count = 0 and t.repeated_count = 0;
end $$;
comment on function rollup.tidy_answers(text, text) is 'Removes counts of nothing from one survey.';

create function rollup.after_survey_sessions() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
    zone text := rollup.time_zone();
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    execute format(
        'insert into rollup.answer_options as t
         select a.company_id, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''''),
                coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(s.sign)
         from (%s) s
         join keepnet.survey_answers a
             on a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
             and a.session_id = s.session_id
         left join keepnet.enrollment_users u
             on u.company_id = s.company_id and u.enrollment_id = s.enrollment_id
             and u.reported_enrollment_id = s.enrollment_id and u.target_user_id = s.target_user_id
         where s.is_latest and s.deleted_at is null and a.deleted_at is null
         group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(s.sign) <> 0
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
         on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                      scale_position, scored_position) do update
         set answer_count = t.answer_count + excluded.answer_count', changed) using zone;
    execute format(
        'insert into rollup.survey_sessions as t
         select company_id, enrollment_id, coalesce(sum(sign) filter (where is_latest), 0),
                coalesce(sum(sign) filter (where is_latest and answered_count < asked_count), 0),
                coalesce(sum(sign) filter (where is_latest and asked_count is null), 0),
                coalesce(sum(sign) filter (where not is_latest), 0)
         from (%s) s
         where deleted_at is null
         group by 1, 2
         order by 1, 2
         on conflict (company_id, enrollment_id) do update
         set latest_count = t.latest_count + excluded.latest_count,
             incomplete_count = t.incomplete_count + excluded.incomplete_count,
             without_bank_count = t.without_bank_count + excluded.without_bank_count,
             repeated_count = t.repeated_count + excluded.repeated_count', changed);
    if tg_op <> 'INSERT' then
        perform rollup.tidy_answers(company_id, enrollment_id)
        from (select distinct company_id, enrollment_id from old_rows) c;
    end if;
    execute format(
        'update keepnet.enrollment_users u set session_completed_at = done.at
         from (select k.company_id, k.enrollment_id, k.target_user_id,
                      rollup.session_completed_at(k.company_id, k.enrollment_id, k.target_user_id) as at
               from (select distinct company_id, enrollment_id, target_user_id from (%s) c) k) done
         where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
           and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at', changed);
    return null;
end $$;
comment on function rollup.after_survey_sessions() is 'Adds what a statement changed in survey_sessions to the counts, and tells the report rows when the first session ended.';

create function rollup.after_survey_answers() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
    zone text := rollup.time_zone();
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    execute format(
        'insert into rollup.answer_options as t
         select a.company_id, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''''),
                coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(a.sign)
         from (%s) a
         join keepnet.survey_sessions s
             on s.company_id = a.company_id and s.enrollment_id = a.enrollment_id and s.target_user_id = a.target_user_id
             and s.session_id = a.session_id
         left join keepnet.enrollment_users u
             on u.company_id = a.company_id and u.enrollment_id = a.enrollment_id
             and u.reported_enrollment_id = a.enrollment_id and u.target_user_id = a.target_user_id
         where s.is_latest and s.deleted_at is null and a.deleted_at is null
         group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(a.sign) <> 0
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
         on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                      scale_position, scored_position) do update
         set answer_count = t.answer_count + excluded.answer_count', changed) using zone;
    if tg_op <> 'INSERT' then
        perform rollup.tidy_answers(company_id, enrollment_id)
        from (select distinct company_id, enrollment_id from old_rows) c;
    end if;
    execute format(
        'update keepnet.enrollment_users u set session_completed_at = done.at
         from (select k.company_id, k.enrollment_id, k.target_user_id,
                      rollup.session_completed_at(k.company_id, k.enrollment_id, k.target_user_id) as at
               from (select distinct company_id, enrollment_id, target_user_id from (%s) c) k) done
         where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
           and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at', changed);
    return null;
end $$;
comment on function rollup.after_survey_answers() is 'Adds what a statement changed in survey_answers to the counts, and tells the report rows when the first session ended.';

-- What somebody answered is counted under their department, and tells when they completed.
create function rollup.after_departments_of_answers() returns trigger
language plpgsql as $$
declare
    zone text := rollup.time_zone();
    rows_of text := case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end;
    has_sessions boolean := true;
    moved text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n
             join old_rows o using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
             where n.department is distinct from o.department
             union all
             select -1, o.* from old_rows o
             join new_rows n using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
             where n.department is distinct from o.department' end;
begin
    -- Nearly always there is nothing of the kind, and looking person by person would cost more than the rest.
    if tg_op = 'UPDATE' then
        has_sessions := exists (
            select from old_rows o
            join new_rows n using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
            where n.department is distinct from o.department);
    elsif tg_op = 'INSERT' then
        has_sessions := exists (
            select from (select distinct company_id, reported_enrollment_id from new_rows) n
            where exists (select from keepnet.survey_sessions s
                          where s.company_id = n.company_id and s.enrollment_id = n.reported_enrollment_id));
    end if;
    if not has_sessions then return null; end if;
    execute format(
        'insert into rollup.answer_options as t
         select a.company_id, a.enrollment_id, a.content_id, a.question_id, m.department,
                coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(m.n)
         from (%s) c
         join keepnet.survey_sessions s
             on s.company_id = c.company_id and s.enrollment_id = c.enrollment_id and s.target_user_id = c.target_user_id
         join keepnet.survey_answers a
             on a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
             and a.session_id = s.session_id
         cross join lateral (values (coalesce(c.department, ''''), c.sign),
                                    (case when $2 <> ''UPDATE'' then '''' end, -c.sign)) m (department, n)
         where c.reported_enrollment_id = c.enrollment_id and s.is_latest and s.deleted_at is null and a.deleted_at is null
           and m.department is not null
         group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(m.n) <> 0
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
         on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                      scale_position, scored_position) do update
         set answer_count = t.answer_count + excluded.answer_count', moved) using zone, tg_op;
    execute format('select rollup.tidy_answers(company_id, enrollment_id) from (select distinct company_id, enrollment_id from %I) c', rows_of);
    if tg_op = 'INSERT' then
        update keepnet.enrollment_users u set session_completed_at = done.at
        from (select n.company_id, n.enrollment_id, n.reported_enrollment_id, n.target_user_id,
                     rollup.session_completed_at(n.company_id, n.reported_enrollment_id, n.target_user_id) as at
              from new_rows n) done
        where u.company_id = done.company_id and u.enrollment_id = done.enrollment_id
          and u.reported_enrollment_id = done.reported_enrollment_id and u.target_user_id = done.target_user_id
          and u.session_completed_at is distinct from done.at;
    end if;
    return null;
end $$;
comment on function rollup.after_departments_of_answers() is 'Moves the answers of those whose department a statement changed in enrollment_users, and tells new report rows when the first session ended.';

-- A place on a scale of n + 1 options is in the lowest fifth when five times as much is below n, and so on.
create function rollup.scores(count bigint, place bigint, options bigint)
returns table (answer_count bigint, position_sum bigint, lowest bigint, low bigint, middle bigint, high bigint, highest bigint)
language sql immutable as $$
    select count, count * place,
           case when 5 * place < options - 1 then count else 0 end,
           case when 5 * place >= options - 1 and 5 * place < 2 * (options - 1) then count else 0 end,
           case when 5 * place >= 2 * (options - 1) and 5 * place <= 3 * (options - 1) then count else 0 end,
           case when 5 * place > 3 * (options - 1) and 5 * place <= 4 * (options - 1) then count else 0 end,
           case when 5 * place > 4 * (options - 1) then count else 0 end
$$;
comment on function rollup.scores(bigint, bigint, bigint) is 'What so many answers at one place of a scale add to question_scores.';

create function rollup.after_answer_options() returns trigger
language plpgsql as $$
declare
    changed text;
    pair record;
begin
    if tg_op = 'INSERT' then
        if not exists (select from new_rows) then return null; end if;
    elsif not exists (select from old_rows) then
        return null;
    end if;
    select string_agg(format(
        'select company_id, enrollment_id, content_id, question_id, department, scored_position, %s * answer_count as n
         from %I
         where scored_position >= 0', t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    execute format(
        'insert into rollup.question_scores as t
         select company_id, enrollment_id, content_id, question_id, c.department, sum(s.answer_count), sum(s.position_sum),
                sum(s.lowest), sum(s.low), sum(s.middle), sum(s.high), sum(s.highest)
         from (select company_id, enrollment_id, content_id, question_id, department, scored_position, sum(n)::bigint as n
               from (%s) c
               group by 1, 2, 3, 4, 5, 6 having sum(n) <> 0) c
         join keepnet.survey_questions q using (company_id, enrollment_id, content_id, question_id)
         cross join lateral rollup.scores(c.n, c.scored_position, q.option_count) s
         where q.option_count > 1
         group by 1, 2, 3, 4, 5
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, content_id, question_id, department) do update
         set answer_count = t.answer_count + excluded.answer_count, position_sum = t.position_sum + excluded.position_sum,
             lowest_count = t.lowest_count + excluded.lowest_count, low_count = t.low_count + excluded.low_count,
             middle_count = t.middle_count + excluded.middle_count, high_count = t.high_count + excluded.high_count,
             highest_count = t.highest_count + excluded.highest_count', changed);
    if tg_op <> 'INSERT' then
        for pair in select distinct company_id, enrollment_id from old_rows loop
            delete from rollup.question_scores t
            where t.company_id = pair.company_id and t.enrollment_id = pair.enrollment_id and t.answer_count = 0;
        end loop;
    end if;
    return null;
end $$;
comment on function rollup.after_answer_options() is 'Adds what a statement changed in answer_options to question_scores.';

create function rollup.after_question_scores() returns trigger
language plpgsql as $$
declare
    changed text;
    pair record;
begin
    if tg_op = 'INSERT' then
        if not exists (select from new_rows) then return null; end if;
    elsif not exists (select from old_rows) then
        return null;
    end if;
    select string_agg(format(
        'select company_id, enrollment_id, content_id, question_id, %1$s * answer_count as answers, %1$s * position_sum as positions,
                %1$s * lowest_count as lowest, %1$s * low_count as low, %1$s * middle_count as middle, %1$s * high_count as high,
                %1$s * highest_count as highest
         from %2$I', t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    execute format(
        'insert into rollup.question_totals as t
         select company_id, enrollment_id, content_id, question_id, coalesce(max(q.option_count), 0), sum(c.answers),
                sum(c.positions), sum(c.lowest), sum(c.low), sum(c.middle), sum(c.high), sum(c.highest)
         from (%s) c
         left join keepnet.survey_questions q using (company_id, enrollment_id, content_id, question_id)
         group by 1, 2, 3, 4
         order by 1, 2, 3, 4
         on conflict (company_id, enrollment_id, content_id, question_id) do update
         set option_count = excluded.option_count, answer_count = t.answer_count + excluded.answer_count,
             position_sum = t.position_sum + excluded.position_sum, lowest_count = t.lowest_count + excluded.lowest_count,
             low_count = t.low_count + excluded.low_count, middle_count = t.middle_count + excluded.middle_count,
             high_count = t.high_count + excluded.high_count, highest_count = t.highest_count + excluded.highest_count', changed);
    if tg_op <> 'INSERT' then
        for pair in select distinct company_id, enrollment_id from old_rows loop
            delete from rollup.question_totals t
            where t.company_id = pair.company_id and t.enrollment_id = pair.enrollment_id and t.answer_count = 0;
        end loop;
    end if;
    return null;
end $$;
comment on function rollup.after_question_scores() is 'Adds what a statement changed in question_scores to question_totals.';

-- A question may come after its answers, or get other options.
create function rollup.after_survey_questions() returns trigger
language plpgsql as $$
declare
    one record;
begin
    for one in execute case tg_op
        when 'INSERT' then 'select company_id, enrollment_id, content_id, question_id, option_count from new_rows'
        when 'DELETE' then 'select company_id, enrollment_id, content_id, question_id, null::bigint as option_count from old_rows'
        else 'select company_id, enrollment_id, content_id, question_id, n.option_count
              from new_rows n join old_rows o using (company_id, enrollment_id, content_id, question_id)
              where n.option_count is distinct from o.option_count' end
    loop
        delete from rollup.question_scores t
        where t.company_id = one.company_id and t.enrollment_id = one.enrollment_id and t.content_id = one.content_id
          and t.question_id = one.question_id;
        insert into rollup.question_scores
        select a.company_id, a.enrollment_id, a.content_id, a.question_id, a.department, sum(s.answer_count),
               sum(s.position_sum), sum(s.lowest), sum(s.low), sum(s.middle), sum(s.high), sum(s.highest)
        from rollup.answer_options a
        cross join lateral rollup.scores(a.answer_count, a.scored_position, one.option_count) s
        where a.company_id = one.company_id and a.enrollment_id = one.enrollment_id and a.content_id = one.content_id
          and a.question_id = one.question_id and a.scored_position >= 0 and one.option_count > 1
        group by 1, 2, 3, 4, 5;
    end loop;
    return null;
end $$;
comment on function rollup.after_survey_questions() is 'Counts the scores of questions anew whose options a statement changed.';
