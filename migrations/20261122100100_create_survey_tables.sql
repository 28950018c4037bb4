-- What single users did and answered. enrollment_id is the enrollment that the user's report row itself names, which
-- need not be listed; so these tables refer to the company only.
create table keepnet.interactions (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    ordinal bigint not null,
    interaction text,
    event_at timestamptz,
    current_step text,
    training_order bigint,
    learning_path_id text collate "C",
    step_count bigint,
    browser_name text,
    user_agent text,
    geolocation text,
    ip_addresses text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, target_user_id, ordinal)
);
comment on table keepnet.interactions is 'E-mail and session events of one user, from training-reports/{id}/interactions/{user}. Not the answers of surveys.';
comment on column keepnet.interactions.ordinal is 'Place by time, then content, from 0: events have no id, and equal ones are legitimate.';
comment on column keepnet.interactions.ip_addresses is 'As received; like browser, user agent and geolocation only stored when privacy.tracking_info is true.';

create table keepnet.survey_sessions (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    session_id text collate "C" not null,
    scorm_session_id text collate "C",
    content_id text collate "C" not null,
    started_at timestamptz,
    is_latest boolean not null,
    total_questions bigint,
    correct_count bigint,
    wrong_count bigint,
    empty_count bigint,
    asked_count bigint,
    answered_count bigint not null,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, target_user_id, session_id)
);
comment on table keepnet.survey_sessions is 'One completion of a survey (or exam) by one user, from training-reports/{id}/exam-result-sessions/{user}.';
comment on column keepnet.survey_sessions.content_id is 'The content that was shown (one per language); empty when the vendor does not name it.';
comment on column keepnet.survey_sessions.started_at is 'As reported, to the minute.';
comment on column keepnet.survey_sessions.is_latest is 'The newest of the user''s sessions in this enrollment.';
comment on column keepnet.survey_sessions.total_questions is 'As received: answers returned, not questions asked.';
comment on column keepnet.survey_sessions.empty_count is 'As received; equals total_questions for surveys although they were answered.';
comment on column keepnet.survey_sessions.asked_count is 'Questions in the question bank of the session; null when it came without one.';
comment on column keepnet.survey_sessions.answered_count is 'Questions with an answer here. Fewer than asked_count: skipped, or lost by the vendor.';

create table keepnet.survey_questions (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    question_key bigint generated always as identity,
    question_text text,
    question_type text,
    position bigint,
    group_index bigint,
    group_id text collate "C",
    is_reversed boolean,
    option_count bigint,
    slug text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, content_id, question_id),
    unique (company_id, question_key)
);
comment on table keepnet.survey_questions is 'The question bank of one content (language) of an enrollment, as its sessions carry it.';
comment on column keepnet.survey_questions.question_id is 'The tail of scormId behind _Q_, else all of it, else text: and a hash of the question. The same in every language.';
comment on column keepnet.survey_questions.question_type is 'As the answers call it, in lower case: choice-single, choice-multi, fill-in, likert, ...; null while nobody answered.';
comment on column keepnet.survey_questions.position is 'Place in the bank from 0; null for a question that is in no bank.';
comment on column keepnet.survey_questions.is_reversed is 'Agreement is the low end of the scale; null for a question that is in no bank.';

create table keepnet.survey_question_options (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    position bigint not null,
    option_text text,
    is_correct boolean,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, content_id, question_id, position)
);
comment on table keepnet.survey_question_options is 'The options of a question, in the order in which they are shown, from 0.';

create table keepnet.survey_answers (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    session_id text collate "C" not null,
    question_id text collate "C" not null,
    position bigint not null,
    content_id text collate "C" not null,
    question_type text,
    option_text text,
    scale_position bigint,
    scored_position bigint,
    latency interval,
    result text,
    response text,
    weighting double precision,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, target_user_id, session_id, question_id, position)
);
create index survey_answers_company_id_enrollment_id_question_id_idx
    on keepnet.survey_answers (company_id, enrollment_id, question_id);
comment on table keepnet.survey_answers is 'One row per chosen option, written text, or part of a composite answer.';
comment on column keepnet.survey_answers.position is 'Place of the option as shown, from 0; 0 for written text; the statement of a likert grid; the place in a sequence.';
comment on column keepnet.survey_answers.option_text is 'The option or the text; null when an answer of an unknown type could not be told.';
comment on column keepnet.survey_answers.scale_position is 'The point on the scale, from 0, that a part of a likert grid names.';
comment on column keepnet.survey_answers.scored_position is 'position, counted from the other end for reverse-scored questions; null unless single choice with a known bank.';
comment on column keepnet.survey_answers.latency is 'Time spent on the question, as the vendor measured it.';
comment on column keepnet.survey_answers.response is 'studentOrLearnerResponse as received, such as 4_Strongly_Agree (the number is the position, not a score).';

create table keepnet.anonymous_results (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    result_id text collate "C" not null,
    target_user_id text collate "C",
    status text,
    last_interaction_at timestamptz,
    is_passed boolean,
    score double precision,
    enrolled_at timestamptz,
    session_started_at timestamptz,
    session_ended_at timestamptz,
    session_count bigint,
    result_extra jsonb,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, result_id),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
comment on table keepnet.anonymous_results is 'Results of anonymous (SCORM proxy) enrollments, from training-reports/anonymous/{id} and its /result.';
comment on column keepnet.anonymous_results.target_user_id is 'The learner as the customer''s own learning system names them; no target user of this schema.';
comment on column keepnet.anonymous_results.score is '0 to 100.';
comment on column keepnet.anonymous_results.result_extra is 'Members of /result that have no column.';
