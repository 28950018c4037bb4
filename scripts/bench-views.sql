-- A warehouse as it looks after 13 months, straight into the tables: variables companies, enrollments, users.
--
-- Per company: one enrollment in twenty is a learning path of two steps, three are surveys of ten questions; half of the
-- enrollments were there before keepnet-etl was installed, half came in the six months since, with a closed version for
-- each person who moved on. Half of the users of a survey answered.
\set ON_ERROR_STOP on
-- What is counted is counted at once, in the end.
select format('alter table %s disable trigger user', oid::regclass) from pg_class
where relnamespace = 'keepnet'::regnamespace and relkind = 'r' \gexec
set synchronous_commit = off;
set time zone 'UTC';

insert into sync.accounts (account_id, client_id, date_format, time_zone, first_used_at, last_used_at)
values ('RESELLER0000', 'bench', 'dmy', 'Europe/Istanbul', now() - interval '6 months', now());

insert into keepnet.companies (company_id, parent_company_id, kind, name, license_type_name, number_of_users, target_user_count,
    monthly_active_user_count, license_ends_at, created_at, first_seen_at, synced_at, valid_from)
select case n when 0 then 'RESELLER0000' else 'C' || lpad(n::text, 11, '0') end,
       case when n = 0 then null when n <= 10 then 'RESELLER0000' else 'C' || lpad((1 + n % 10)::text, 11, '0') end,
       case when n <= 10 then 'reseller' else 'customer' end, 'Company ' || n, 'Standard', :users + 50, :users, :users / 3,
       now() + (n % 400) * interval '1 day', now() - interval '3 years', now() - interval '13 months', now(),
       now() - interval '10 days'
from generate_series(0, :companies + 10) n;

insert into keepnet.company_history (company_id, valid_from, valid_to, is_present, parent_company_id, name, number_of_users,
    target_user_count, monthly_active_user_count, license_ends_at)
select c.company_id, now() - interval '13 months' + m * interval '10 days',
       now() - interval '13 months' + (m + 1) * interval '10 days', true, c.parent_company_id, c.name, c.number_of_users,
       c.target_user_count - 40 + m, (c.target_user_count - 40 + m) / 3, c.license_ends_at
from keepnet.companies c, generate_series(0, 38) m
where now() - interval '13 months' + (m + 1) * interval '10 days' <= c.valid_from;

insert into sync.company_state (company_id, safe_as_of, last_try_at, verdict)
select company_id, now() - interval '1 hour', now() - interval '1 hour', 'complete' from keepnet.companies;

-- Customers only have enrollments: n is the number of one, s its step.
insert into keepnet.enrollments (company_id, enrollment_id, name, type, is_survey, is_listed, status, training_name, starts_at,
    created_at, due_at, is_test, is_step, parent_enrollment_id, step_number, first_seen_at, synced_at)
select c.company_id, format('00000000-0000-4000-8000-%s', lpad(n::text || s::text, 12, '0')),
       'Enrollment ' || n, case when s > 0 or n % 20 > 3 then 'SCORM' when n % 20 = 0 then 'Learning Path' else 'Survey' end,
       s = 0 and n % 20 in (1, 2, 3), s = 0, case when n % 5 = 4 then 'Auto-Enroll' else 'Finished' end, 'Training ' || n % 12,
       at, at, case when n % 3 > 0 then at + interval '30 days' end, n % 20 = 19, s > 0,
       case when s > 0 then format('00000000-0000-4000-8000-%s', lpad(n::text || '0', 12, '0')) end, nullif(s, 0),
       greatest(at, now() - interval '6 months'), greatest(at, now() - interval '6 months')
from keepnet.companies c
cross join generate_series(0, :enrollments - 1) n
cross join lateral (select now() - interval '1 year' + (n * 360.0 / :enrollments) * interval '1 day' as at) t
cross join lateral generate_series(0, case when n % 20 = 0 then 2 else 0 end) s
where c.kind = 'customer';

insert into ref.enrollment_flags (company_id, enrollment_id, is_mandatory)
select company_id, enrollment_id, true
from keepnet.enrollments
where not is_step and hashtext(enrollment_id) % 4 = 0;

insert into keepnet.target_users (company_id, target_user_id, reported_by_created_at, reported_by_enrollment_id, email,
    is_email_masked, first_name, last_name, department, first_seen_at, synced_at, valid_from)
select c.company_id, 'U' || lpad(u::text, 11, '0'), now() - interval '6 months', '', 'user' || u || '@example.com', false,
       'First' || u, 'Last' || u, 'Department ' || u % 8, now() - interval '6 months', now() - interval '6 months',
       now() - interval '6 months'
from keepnet.companies c cross join generate_series(1, :users) u
where c.kind = 'customer';

create temp table drawn as
select e.company_id, e.enrollment_id, u.u,
       e.is_survey, e.created_at, e.first_seen_at, ('x' || substr(md5(e.enrollment_id || u.u), 1, 6))::bit(24)::int % 100 as draw,
       ('x' || substr(md5(e.enrollment_id || u.u), 7, 6))::bit(24)::int % 2592000 * interval '1 second' as took
from (select distinct on (enrollment_id) * from keepnet.enrollments order by enrollment_id, company_id) e
cross join generate_series(1, :users) u (u);

insert into keepnet.enrollment_summaries (company_id, enrollment_id, total_target_user_count, completed_count,
    in_progress_count, no_response_count, is_test)
select company_id, enrollment_id, :users, :users / 2, :users / 7, :users / 8, is_test from keepnet.enrollments;

insert into keepnet.survey_questions (company_id, enrollment_id, content_id, question_id, question_text, question_type,
    position, group_index, group_id, is_reversed, option_count)
select e.company_id, e.enrollment_id, 'en', 'q' || q, 'Question ' || q, 'choice-single', q, q / 3, 'g' || q / 3, q % 3 = 0, 5
from keepnet.enrollments e cross join generate_series(0, 9) q
where e.is_survey;
insert into keepnet.survey_question_options (company_id, enrollment_id, content_id, question_id, position, option_text)
select q.company_id, q.enrollment_id, q.content_id, q.question_id, o, 'Option ' || o
from keepnet.survey_questions q cross join generate_series(0, 4) o;

-- Company by company and enrollment by enrollment, as a load writes them: the rows of one lie together.
create procedure pg_temp.fill(of_company text) language sql as $$
    insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, email, first_name,
        last_name, department, status, exam_status, exam_score, is_main_score, first_completed_at, session_completed_at,
        last_interaction_at, delivery_type, first_seen_at, synced_at, valid_from)
    select of_company, d.enrollment_id, d.enrollment_id, 'U' || lpad(d.u::text, 11, '0'), 'user' || d.u || '@example.com',
           'First' || d.u, 'Last' || d.u, 'Department ' || d.u % 8,
           case when d.draw < 50 then 'Completed' when d.draw < 65 then 'In Progress' when d.draw < 78 then 'Not Responded'
                when d.draw < 90 then 'Opened Email' when d.draw < 97 then 'Clicked Link' else 'Not Delivered' end,
           'Incomplete', case when d.draw < 50 and not d.is_survey then 60 + d.draw % 40 end, false,
           case when d.draw < 50 and not d.is_survey then d.created_at + d.took end,
           case when d.draw < 50 and d.is_survey then d.created_at + d.took end,
           d.created_at + d.took, 'Email', d.first_seen_at, greatest(d.first_seen_at, d.created_at + d.took),
           case when d.draw < 65 then greatest(d.first_seen_at, d.created_at + d.took) else d.first_seen_at end
    from drawn d
    order by d.enrollment_id, d.u;
    insert into keepnet.enrollment_user_history (company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from,
        valid_to, is_present, status, exam_status)
    select of_company, d.enrollment_id, d.enrollment_id, 'U' || lpad(d.u::text, 11, '0'), d.first_seen_at,
           d.created_at + d.took, true, 'Not Responded', 'Incomplete'
    from drawn d
    where d.draw < 65 and d.created_at + d.took > d.first_seen_at
    order by d.enrollment_id, d.u;
    insert into keepnet.survey_sessions (company_id, enrollment_id, target_user_id, session_id, content_id, started_at, is_latest,
        asked_count, answered_count)
    select u.company_id, u.enrollment_id, u.target_user_id, 's' || substr(u.target_user_id, 2), 'en', u.session_completed_at - interval '40 seconds', true,
           10, 10
    from keepnet.enrollment_users u
    where u.company_id = of_company and u.session_completed_at is not null;
    insert into keepnet.survey_answers (company_id, enrollment_id, target_user_id, session_id, question_id, position, content_id,
        question_type, option_text, scored_position, latency, result)
    select s.company_id, s.enrollment_id, s.target_user_id, s.session_id, q.question_id, a.chosen, q.content_id, 'choice-single',
           'Option ' || a.chosen, case when q.is_reversed then 4 - a.chosen else a.chosen end, interval '4 seconds', 'neutral'
    from keepnet.survey_sessions s
    join keepnet.survey_questions q on q.company_id = s.company_id and q.enrollment_id = s.enrollment_id
    cross join lateral (select abs(hashtext(s.target_user_id || q.question_id)) % 5 as chosen) a
    where s.company_id = of_company;
$$;
select format('call pg_temp.fill(%L)', company_id) from keepnet.companies where kind = 'customer' order by company_id
\gexec

insert into keepnet.widgets (company_id, widget_id, name, widget_type, chart_type)
select company_id, 'w' || w, 'Widget ' || w, 'Widget' || w, 'line'
from keepnet.companies cross join generate_series(1, 8) w where kind = 'customer';
insert into keepnet.widget_values (company_id, widget_type, period_start, period_end, row_number, value_number, date, name, value,
    scale, first_seen_at, synced_at)
select c.company_id,
       (array['SecurityCultureScoreGaugeWidget', 'PhishingRiskScoreAcrossIndustriesWidget', 'TrainingCompletionWidget',
              'RepeatOffendersUsersRateWidget', 'SimulationCoverageWidget', 'PhishingActivityWidget',
              'RepeatOffendersUsersThresholdWidget', 'ImpactOfPhishingAwarenessTrainingWidget'])[w],
       m.start, (m.start + interval '1 month - 1 day')::date, 0, v, m.start, 'Value' || v, 10 * w + v, 1, m.read_at, m.read_at
from keepnet.companies c cross join generate_series(1, 8) w cross join generate_series(0, 3) v
cross join lateral (select (date_trunc('month', now()) - n * interval '1 month')::date as start,
                           least(date_trunc('month', now()) - (n - 1) * interval '1 month', now() - interval '3 days') as read_at
                    from generate_series(1, 13) n) m
where c.kind = 'customer';
drop table drawn;
select format('alter table %s enable trigger user', oid::regclass) from pg_class
where relnamespace = 'keepnet'::regnamespace and relkind = 'r' \gexec
