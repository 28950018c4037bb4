-- What people are enrolled in.

create or replace view bi.dim_enrollment as
select
    e.enrollment_key,
    c.company_key,
    e.company_id,
    c.name as company_name,
    e.enrollment_id,
    e.name as enrollment_name,
    e.type,
    case
        when e.is_survey then 'survey'
        when lower(replace(e.type, ' ', '')) = 'learningpath' then 'learning path'
        when lower(e.type) = 'scorm' then 'training'
        else coalesce(lower(e.type), 'unknown')
    end as content_kind,
    coalesce(e.is_survey, false) as is_survey,
    coalesce(lower(replace(e.type, ' ', '')) = 'learningpath', false) as is_learning_path,
    e.is_step and p.enrollment_id is not null as is_step,
    not (e.is_step and p.enrollment_id is not null) as is_top_level,
    e.parent_enrollment_id,
    p.enrollment_key as parent_enrollment_key,
    e.step_number,
    coalesce(lower(replace(e.status, ' ', '')) = 'scormproxy', false) as is_anonymous,
    e.status,
    coalesce(m.status_group, 'unknown') as status_group,
    e.training_name,
    e.training_id,
    tr.training_key,
    e.category,
    e.enrolled_by,
    e.delivery_type,
    e.recipient_type,
    (select array_agg(l.language order by l.language) from keepnet.enrollment_languages l
     where l.company_id = e.company_id and l.enrollment_id = e.enrollment_id
       and l.deleted_at is null) as languages,
    (select array_agg(g.tag order by g.tag) from keepnet.enrollment_tags g
     where g.company_id = e.company_id and g.enrollment_id = e.enrollment_id
       and g.deleted_at is null) as tags,
    (select array_agg(coalesce(n.name, g.target_group_id) order by coalesce(n.name, g.target_group_id))
     from keepnet.enrollment_target_groups g
     left join keepnet.target_groups n on n.company_id = g.company_id and n.group_id = g.target_group_id
     where g.company_id = e.company_id and g.enrollment_id = e.enrollment_id
       and g.deleted_at is null) as target_groups,
    e.created_at,
    (e.created_at at time zone zone.name)::date as created_on,
    e.starts_at,
    (e.starts_at at time zone zone.name)::date as starts_on,
    e.due_at,
    (e.due_at at time zone zone.name)::date as due_on,
    coalesce((e.due_at at time zone zone.name)::date < (now() at time zone zone.name)::date, false) as is_past_due,
    coalesce(e.is_test, s.is_test, p.is_test) as is_test,
    coalesce(f.is_mandatory, false) as is_mandatory,
    coalesce(f.is_excluded, false) as is_excluded,
    e.is_archived,
    e.is_auto_enrollment_active,
    e.is_reminder_active,
    e.awards_certificate,
    e.first_seen_at,
    e.synced_at,
    e.deleted_at is not null as is_deleted,
    e.deleted_at
from keepnet.enrollments e
join keepnet.companies c on c.company_id = e.company_id
left join keepnet.enrollments p
    on p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id and p.deleted_at is null
left join keepnet.trainings tr on tr.company_id = e.company_id and tr.training_id = e.training_id
left join ref.enrollment_flags f on f.company_id = e.company_id and f.enrollment_id = e.enrollment_id
left join keepnet.enrollment_summaries s on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id
left join ref.status_map m on m.domain = 'enrollment' and m.status = lower(replace(e.status, ' ', ''))
cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone;
comment on view bi.dim_enrollment is 'One row per company and enrollment: training, survey, poster, infographic, screensaver or learning path; steps of learning paths (is_step) and what the vendor no longer shows (is_deleted) included. From enrollments/search, its archive, enrollments/{id} and training-reports/{id}/summary. Days are in the account''s time zone.';
comment on column bi.dim_enrollment.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.dim_enrollment.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_enrollment.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_enrollment.company_name is 'Name of the company now.';
comment on column bi.dim_enrollment.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.dim_enrollment.enrollment_name is 'Name; not unique.';
comment on column bi.dim_enrollment.type is 'The vendor''s word for its kind, as received.';
comment on column bi.dim_enrollment.content_kind is 'survey, training, learning path, poster, infographic, screensaver; unknown when the vendor says nothing.';
comment on column bi.dim_enrollment.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.dim_enrollment.is_learning_path is 'It is a learning path: its users are counted here, its steps are in fact_step_user.';
comment on column bi.dim_enrollment.is_step is 'It is a step of a learning path; its users are counted by the path already.';
comment on column bi.dim_enrollment.is_top_level is 'It is no step of a learning path: what facts count.';
comment on column bi.dim_enrollment.parent_enrollment_id is 'The learning path of a step.';
comment on column bi.dim_enrollment.parent_enrollment_key is 'Stable number of the learning path of a step.';
comment on column bi.dim_enrollment.step_number is 'Place of a step in its learning path.';
comment on column bi.dim_enrollment.is_anonymous is 'Its users are anonymous (SCORM proxy): no person is known.';
comment on column bi.dim_enrollment.status is 'The vendors word, as received.';
comment on column bi.dim_enrollment.status_group is 'What the status counts as, by ref.status_map: active, scheduled, finished, stopped, error, archived, deleted or unknown.';
comment on column bi.dim_enrollment.training_name is 'Name of the training or survey that was sent.';
comment on column bi.dim_enrollment.training_id is 'Id of that training.';
comment on column bi.dim_enrollment.training_key is 'Stable number of that training; null when it is not in the company''s catalogue.';
comment on column bi.dim_enrollment.category is 'Category as the vendor names it.';
comment on column bi.dim_enrollment.enrolled_by is 'Who sent it, as the vendor names it.';
comment on column bi.dim_enrollment.delivery_type is 'How it is delivered, such as Email.';
comment on column bi.dim_enrollment.recipient_type is 'Whom it was sent to, such as UserGroup.';
comment on column bi.dim_enrollment.languages is 'Codes of its languages; null when not known.';
comment on column bi.dim_enrollment.tags is 'Its tags; null without any.';
comment on column bi.dim_enrollment.target_groups is 'Names of the groups it was sent to (their ids where no name is known); null when not known.';
comment on column bi.dim_enrollment.created_at is 'When it was created (createTime).';
comment on column bi.dim_enrollment.created_on is 'Day on which it was created.';
comment on column bi.dim_enrollment.starts_at is 'When it starts (startDate).';
comment on column bi.dim_enrollment.starts_on is 'Day on which it starts.';
comment on column bi.dim_enrollment.due_at is 'When it is due (enrollments/{id}, dueDate); null without a due date, or when it was not read yet.';
comment on column bi.dim_enrollment.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.dim_enrollment.is_past_due is 'Its due day is over.';
comment on column bi.dim_enrollment.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.dim_enrollment.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.dim_enrollment.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';
comment on column bi.dim_enrollment.is_archived is 'It is in the vendor''s trash, which is emptied after 30 days.';
comment on column bi.dim_enrollment.is_auto_enrollment_active is 'New users are enrolled for as long as it runs.';
comment on column bi.dim_enrollment.is_reminder_active is 'Reminders are sent.';
comment on column bi.dim_enrollment.awards_certificate is 'It awards a certificate.';
comment on column bi.dim_enrollment.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.dim_enrollment.synced_at is 'When it last changed here.';
comment on column bi.dim_enrollment.is_deleted is 'The vendor no longer shows it.';
comment on column bi.dim_enrollment.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';

create or replace view bi.dim_training as
select
    t.training_key,
    c.company_key,
    t.company_id,
    c.name as company_name,
    t.training_id,
    t.name as training_name,
    t.description,
    t.type,
    t.category,
    t.target_audience,
    t.level,
    t.duration,
    t.has_quiz,
    t.vendor_name,
    t.created_at,
    t.languages,
    t.tags,
    t.first_seen_at,
    t.synced_at,
    t.deleted_at is not null as is_deleted,
    t.deleted_at
from keepnet.trainings t
join keepnet.companies c on c.company_id = t.company_id;
comment on view bi.dim_training is 'One row per company and training that it can use, those that the vendor no longer shows included (is_deleted). From trainings/search.';
comment on column bi.dim_training.training_key is 'Stable number of the training within the company: use it for relationships.';
comment on column bi.dim_training.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_training.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_training.company_name is 'Name of the company now.';
comment on column bi.dim_training.training_id is 'The vendor''s id of the training.';
comment on column bi.dim_training.training_name is 'Name.';
comment on column bi.dim_training.description is 'Description.';
comment on column bi.dim_training.type is 'The vendor''s word for its kind, as received.';
comment on column bi.dim_training.category is 'Category.';
comment on column bi.dim_training.target_audience is 'For whom it is.';
comment on column bi.dim_training.level is 'Level.';
comment on column bi.dim_training.duration is 'Duration as the vendor writes it.';
comment on column bi.dim_training.has_quiz is 'The vendor marks surveys by this.';
comment on column bi.dim_training.vendor_name is 'Who made it.';
comment on column bi.dim_training.created_at is 'When it was created (createTime).';
comment on column bi.dim_training.languages is 'Language codes as a JSON list; null without any.';
comment on column bi.dim_training.tags is 'Tags as a JSON list; null without any.';
comment on column bi.dim_training.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.dim_training.synced_at is 'When it last changed here.';
comment on column bi.dim_training.is_deleted is 'The vendor no longer shows it.';
comment on column bi.dim_training.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';

create or replace view bi.dim_question as
select
    s.question_key,
    min(s.question_key) over (partition by s.company_id, s.enrollment_id, s.question_id) as survey_question_key,
    c.company_key,
    e.enrollment_key,
    s.company_id,
    c.name as company_name,
    s.enrollment_id,
    e.name as enrollment_name,
    s.content_id,
    s.question_id,
    s.question_text,
    s.question_type,
    s.position,
    s.group_id,
    s.group_index,
    coalesce(l.label, any_training.label, s.group_id) as group_label,
    s.is_reversed,
    s.option_count,
    coalesce(s.option_count > 1 and s.is_reversed is not null and s.question_type in ('choice-single', 'true-false'), false) as is_scored,
    (select array_agg(o.option_text order by o.position) from keepnet.survey_question_options o
     where o.company_id = s.company_id and o.enrollment_id = s.enrollment_id and o.content_id = s.content_id
       and o.question_id = s.question_id and o.deleted_at is null) as options,
    s.first_seen_at,
    s.deleted_at is not null as is_deleted,
    s.deleted_at
from keepnet.survey_questions s
join keepnet.companies c on c.company_id = s.company_id
left join keepnet.enrollments e on e.company_id = s.company_id and e.enrollment_id = s.enrollment_id
left join ref.question_group_labels l on l.training_name = e.training_name and l.group_id = s.group_id
left join ref.question_group_labels any_training on any_training.training_name = '' and any_training.group_id = s.group_id;
comment on view bi.dim_question is 'One row per enrollment, content (language) and question of a survey or exam; those no longer shown included (is_deleted). From training-reports/{id}/exam-result-sessions/{user}: only what at least one user was shown is known.';
comment on column bi.dim_question.question_key is 'Stable number of the question in one content (language): use it for relationships.';
comment on column bi.dim_question.survey_question_key is 'Stable number of the question in whatever language: the smallest question_key of its contents.';
comment on column bi.dim_question.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_question.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.dim_question.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_question.company_name is 'Name of the company now.';
comment on column bi.dim_question.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.dim_question.enrollment_name is 'Name of the enrollment.';
comment on column bi.dim_question.content_id is 'The content that shows it; there is one per language. Empty when the vendor does not name it.';
comment on column bi.dim_question.question_id is 'The question, the same in every language and in every enrollment of one survey.';
comment on column bi.dim_question.question_text is 'The question in the language of its content.';
comment on column bi.dim_question.question_type is 'choice-single, choice-multi, true-false, likert, fill-in and others; null while nobody answered.';
comment on column bi.dim_question.position is 'Place in the survey, from 0; null when it is in no question bank.';
comment on column bi.dim_question.group_id is 'Its group (theme), as the vendor numbers it.';
comment on column bi.dim_question.group_index is 'Place of its group, from 0.';
comment on column bi.dim_question.group_label is 'Name of its group by ref.question_group_labels; group_id where there is none.';
comment on column bi.dim_question.is_reversed is 'Agreement is the low end of its scale; scores in bi are flipped already.';
comment on column bi.dim_question.option_count is 'Options that it has.';
comment on column bi.dim_question.is_scored is 'Its answers have a score.';
comment on column bi.dim_question.options is 'Its options in the order in which they are shown.';
comment on column bi.dim_question.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.dim_question.is_deleted is 'The vendor no longer shows it.';
comment on column bi.dim_question.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';
