//! Schema `bi`: the views and functions of the folder `views/`, compiled in, and how they come into a database.
//!
//! To add one: a file `views/NN_name.sql` (or a place in one), and the file in [`FILES`]. An object may use those before
//! it. Columns are only ever appended: whoever builds on a view relies on that. An object that did not change is not
//! touched, so that a start takes no locks.

mod apply;
mod definition;
mod dependents;

pub use apply::{apply, apply_files};

/// A file of `views/` with its name.
macro_rules! view_file {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/views/", $name)),
        )
    };
}

/// The files, in the order in which they are applied.
pub static FILES: &[(&str, &str)] = &[
    view_file!("05_present.sql"),
    view_file!("10_dim_company.sql"),
    view_file!("11_dim_person.sql"),
    view_file!("12_dim_enrollment.sql"),
    view_file!("20_fact_enrollment_user.sql"),
    view_file!("21_fact_enrollment.sql"),
    view_file!("22_fact_answer.sql"),
    view_file!("23_fact_company_day.sql"),
    view_file!("24_fact_month_end.sql"),
    view_file!("25_as_reported.sql"),
    view_file!("51_company_overview.sql"),
    view_file!("52_licenses.sql"),
    view_file!("53_enrollments.sql"),
    view_file!("54_people.sql"),
    view_file!("55_completion.sql"),
    view_file!("56_learning_path_steps.sql"),
    view_file!("57_survey_results.sql"),
    view_file!("58_survey_groups.sql"),
    view_file!("59_widgets.sql"),
    view_file!("60_freshness.sql"),
    view_file!("61_culture.sql"),
    view_file!("62_portfolio.sql"),
    view_file!("63_data_quality.sql"),
    view_file!("64_changes.sql"),
];

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn every_file_of_the_folder_is_applied_in_the_order_of_the_names() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/views");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let applied: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(applied, there);
    }
}
