//! Which columns a repair reads again.

use keepnet_etl::warehouse::dated;

use crate::support::database;
use crate::support::table::told;

/// Times of this program's own, in any table.
const OWN: [&str; 6] = [
    "first_seen_at",
    "synced_at",
    "deleted_at",
    "valid_from",
    "valid_to",
    "observed_at",
];
/// What follows from other columns, and days that this program names itself.
const NOT_RECEIVED: [&str; 4] = [
    "enrollment_users.session_completed_at",
    "target_users.reported_by_created_at",
    "widget_values.period_end",
    "widget_values.period_start",
];

#[tokio::test]
async fn every_date_of_the_schema_is_the_vendor_s_or_known_not_to_be() {
    let pool = database::migrated().await;
    let mut decided: Vec<String> = dated::tables()
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|column| format!("{}.{}", table.name, column.name))
        })
        .chain(NOT_RECEIVED.map(str::to_owned))
        .collect();
    decided.sort();
    let mut columns = told(
        &pool,
        "select format('%s.%s', table_name, column_name) from information_schema.columns
         where table_schema = 'keepnet'
           and data_type in ('date', 'timestamp with time zone', 'timestamp without time zone')",
    )
    .await;
    columns.retain(|column| !OWN.iter().any(|own| column.ends_with(&format!(".{own}"))));
    columns.sort();
    assert_eq!(
        columns, decided,
        "a date column is declared in src/warehouse/tables, or named here with a reason"
    );
}
