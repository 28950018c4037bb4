-- Counts for reports over many people, kept up to date in the transaction of every write, by triggers: whatever writes a
-- row (a load, a sweep, a repair, an erasure) moves the counts. Each trigger adds what its statement changed; so the order
-- of statements does not matter, and `rollup.rebuild()` gives the same. Small counts are made from larger ones by triggers
-- on these: of enrollments from days, of answers from options.
create schema if not exists rollup;
comment on schema rollup is 'Counts that schema bi reads, kept up to date by triggers in the transaction of each write. To be rebuilt by: select rollup.rebuild().';

create table rollup.status_months (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    status text not null,
    month date not null,
    entered_count bigint not null,
    left_count bigint not null,
    status_word text collate "C" not null generated always as (lower(replace(status, ' ', ''))) stored,
    primary key (company_id, enrollment_id, status, month)
) with (fillfactor = 80);
comment on table rollup.status_months is 'How many people of an enrollment entered and left each status in each month, as enrollment_users and its history tell. Entered less left, up to a month, are in it at its end; over all months, now.';
comment on column rollup.status_months.company_id is 'The company.';
comment on column rollup.status_months.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.status_months.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.status_months.month is 'First day of the month, in the account''s time zone.';
comment on column rollup.status_months.entered_count is 'People who came to this status in this month.';
comment on column rollup.status_months.left_count is 'People who left it in this month, for another status or for good.';
comment on column rollup.status_months.status_word is 'status in lower case and without spaces, as ref.status_map has it.';

create table rollup.department_quarters (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    department text not null,
    status text not null,
    quarter date not null,
    change bigint not null,
    status_word text collate "C" not null generated always as (lower(replace(status, ' ', ''))) stored,
    primary key (company_id, enrollment_id, department, status, quarter)
) with (fillfactor = 80);
comment on table rollup.department_quarters is 'By how many the people of an enrollment who were in a department and had a status at the end of a quarter are more or fewer than a quarter before. Up to a quarter, added up: how many they were at its end.';
comment on column rollup.department_quarters.company_id is 'The company.';
comment on column rollup.department_quarters.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.department_quarters.department is 'The person''s department at the quarter''s end, as target_users and its history tell; empty when none is known.';
comment on column rollup.department_quarters.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.department_quarters.quarter is 'First day of the quarter, in the account''s time zone.';
comment on column rollup.department_quarters.change is 'People; below zero when they became fewer.';
comment on column rollup.department_quarters.status_word is 'status in lower case and without spaces, as ref.status_map has it.';

create table rollup.department_statuses (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    department text not null,
    status text not null,
    user_count bigint not null,
    status_word text collate "C" not null generated always as (lower(replace(status, ' ', ''))) stored,
    primary key (company_id, enrollment_id, department, status)
) with (fillfactor = 80);
comment on table rollup.department_statuses is 'How many people of an enrollment have each status now, by the department that the enrollment''s own report shows.';
comment on column rollup.department_statuses.company_id is 'The company.';
comment on column rollup.department_statuses.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.department_statuses.department is 'As the report of the enrollment shows it now; empty when it shows none.';
comment on column rollup.department_statuses.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.department_statuses.user_count is 'People.';
comment on column rollup.department_statuses.status_word is 'status in lower case and without spaces, as ref.status_map has it.';

create table rollup.completion_days (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    status text not null,
    day date not null,
    basis text not null check (basis in ('reported', 'session', 'observed', 'first seen')),
    user_count bigint not null,
    status_word text collate "C" not null generated always as (lower(replace(status, ' ', ''))) stored,
    primary key (company_id, enrollment_id, status, day, basis)
) with (fillfactor = 80);
comment on table rollup.completion_days is 'How many people of an enrollment have each status now, by the day on which they completed it or, without such a date, since which they have it.';
comment on column rollup.completion_days.day is 'In the account''s time zone.';
comment on column rollup.completion_days.basis is 'reported: first completion as reported; session: end of the first survey session; observed: the row changed then; first seen: it never changed here.';
comment on column rollup.completion_days.company_id is 'The company.';
comment on column rollup.completion_days.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.completion_days.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.completion_days.user_count is 'People.';
comment on column rollup.completion_days.status_word is 'status in lower case and without spaces, as ref.status_map has it.';

create table rollup.enrollment_statuses (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    status text not null,
    user_count bigint not null,
    on_time_count bigint not null,
    status_word text collate "C" not null generated always as (lower(replace(status, ' ', ''))) stored,
    primary key (company_id, enrollment_id, status)
) with (fillfactor = 80);
comment on table rollup.enrollment_statuses is 'How many people of an enrollment have each status now. The sums of completion_days.';
comment on column rollup.enrollment_statuses.company_id is 'The company.';
comment on column rollup.enrollment_statuses.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.enrollment_statuses.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.enrollment_statuses.user_count is 'People.';
comment on column rollup.enrollment_statuses.on_time_count is 'Those of them whose day in completion_days is not after the due day of the enrollment; 0 without a due date.';
comment on column rollup.enrollment_statuses.status_word is 'status in lower case and without spaces, as ref.status_map has it.';

create table rollup.answer_options (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    department text not null,
    month date not null,
    question_type text not null,
    position bigint not null,
    scale_position bigint not null,
    scored_position bigint not null,
    answer_count bigint not null,
    primary key (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                 scale_position, scored_position)
) with (fillfactor = 80);
comment on table rollup.answer_options is 'How many latest sessions chose each option of each question.';
comment on column rollup.answer_options.department is 'As the enrollment''s own report shows it; empty when it shows none.';
comment on column rollup.answer_options.month is 'First day of the month of the session, in the account''s time zone; -infinity when not known.';
comment on column rollup.answer_options.scale_position is '-1 where the answer has none.';
comment on column rollup.answer_options.scored_position is '-1 where the answer has none.';
comment on column rollup.answer_options.company_id is 'The company.';
comment on column rollup.answer_options.enrollment_id is 'The enrollment whose sessions these are.';
comment on column rollup.answer_options.content_id is 'The content that was shown: one per language.';
comment on column rollup.answer_options.question_id is 'The question.';
comment on column rollup.answer_options.question_type is 'As survey_answers has it; empty when it has none.';
comment on column rollup.answer_options.position is 'Place of the option, as survey_answers has it.';
comment on column rollup.answer_options.answer_count is 'Latest sessions that chose it.';

create table rollup.question_scores (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    department text not null,
    answer_count bigint not null,
    position_sum bigint not null,
    lowest_count bigint not null,
    low_count bigint not null,
    middle_count bigint not null,
    high_count bigint not null,
    highest_count bigint not null,
    primary key (company_id, enrollment_id, content_id, question_id, department)
) with (fillfactor = 80);
comment on table rollup.question_scores is 'How many latest sessions answered each question that has a score, and how high. The sums of answer_options.';
comment on column rollup.question_scores.company_id is 'The company.';
comment on column rollup.question_scores.enrollment_id is 'The enrollment whose sessions these are.';
comment on column rollup.question_scores.content_id is 'The content that was shown: one per language.';
comment on column rollup.question_scores.question_id is 'The question.';
comment on column rollup.question_scores.department is 'As the enrollment''s own report shows it; empty when it shows none.';
comment on column rollup.question_scores.answer_count is 'Latest sessions that answered it.';
comment on column rollup.question_scores.position_sum is 'Their places on the scale, added up: from 0, reversed questions flipped.';
comment on column rollup.question_scores.lowest_count is 'Those in the lowest fifth of the scale.';
comment on column rollup.question_scores.low_count is 'Those from one fifth of the scale, below two.';
comment on column rollup.question_scores.middle_count is 'Those from two fifths of the scale to three.';
comment on column rollup.question_scores.high_count is 'Those above three fifths of the scale, to four.';
comment on column rollup.question_scores.highest_count is 'Those above four fifths of the scale.';

create table rollup.question_totals (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    option_count bigint not null,
    answer_count bigint not null,
    position_sum bigint not null,
    lowest_count bigint not null,
    low_count bigint not null,
    middle_count bigint not null,
    high_count bigint not null,
    highest_count bigint not null,
    primary key (company_id, enrollment_id, content_id, question_id)
) with (fillfactor = 80);
comment on table rollup.question_totals is 'The sums of question_scores over all departments.';
comment on column rollup.question_totals.company_id is 'The company.';
comment on column rollup.question_totals.enrollment_id is 'The enrollment whose sessions these are.';
comment on column rollup.question_totals.content_id is 'The content that was shown: one per language.';
comment on column rollup.question_totals.question_id is 'The question.';
comment on column rollup.question_totals.option_count is 'Options that it has: the scale goes from 0 to one less.';
comment on column rollup.question_totals.answer_count is 'Latest sessions that answered it.';
comment on column rollup.question_totals.position_sum is 'Their places on the scale, added up: from 0, reversed questions flipped.';
comment on column rollup.question_totals.lowest_count is 'Those in the lowest fifth of the scale.';
comment on column rollup.question_totals.low_count is 'Those from one fifth of the scale, below two.';
comment on column rollup.question_totals.middle_count is 'Those from two fifths of the scale to three.';
comment on column rollup.question_totals.high_count is 'Those above three fifths of the scale, to four.';
comment on column rollup.question_totals.highest_count is 'Those above four fifths of the scale.';

create table rollup.survey_sessions (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    latest_count bigint not null,
    incomplete_count bigint not null,
    without_bank_count bigint not null,
    repeated_count bigint not null,
    primary key (company_id, enrollment_id)
) with (fillfactor = 80);
comment on table rollup.survey_sessions is 'How many sessions a survey or exam has.';
comment on column rollup.survey_sessions.company_id is 'The company.';
comment on column rollup.survey_sessions.enrollment_id is 'The enrollment whose sessions these are.';
comment on column rollup.survey_sessions.latest_count is 'Latest sessions: one per person.';
comment on column rollup.survey_sessions.incomplete_count is 'Those of them with fewer answers than questions.';
comment on column rollup.survey_sessions.without_bank_count is 'Those of them that came without their questions.';
comment on column rollup.survey_sessions.repeated_count is 'Earlier sessions.';

-- Learning paths may report a person under several steps, and then one of these rows counts.
create index enrollment_users_paths_idx on keepnet.enrollment_users (company_id, enrollment_id, target_user_id)
    where reported_enrollment_id <> enrollment_id;
create index enrollment_user_history_paths_idx on keepnet.enrollment_user_history (company_id, enrollment_id, target_user_id)
    where reported_enrollment_id <> enrollment_id;
-- Who moves to another department takes earlier versions along.
create index enrollment_user_history_company_id_target_user_id_idx on keepnet.enrollment_user_history (company_id, target_user_id);

create function rollup.time_zone() returns text
language sql stable as $$
    select coalesce((select min(a.time_zone) from sync.accounts a), 'UTC')
$$;
comment on function rollup.time_zone() is 'The time zone of months and days.';
