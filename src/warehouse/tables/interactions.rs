//! `interactions`.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static INTERACTIONS: Table = Table {
    name: "interactions",
    resource: Resource::Interactions,
    order: 50,
    key_len: 4,
    rule: Rule::Set { owner_len: 3 },
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("target_user_id"),
        bigint("ordinal"),
        text("interaction"),
        instant("event_at", &["eventTime"]),
        text("current_step"),
        bigint("training_order"),
        text("learning_path_id"),
        bigint("step_count"),
        text("browser_name"),
        text("user_agent"),
        text("geolocation"),
        text("ip_addresses"),
        json("extra"),
    ],
};

/// A row of `interactions`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct InteractionRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub target_user_id: &'a str,
    pub ordinal: i64,
    pub interaction: Option<&'a str>,
    pub event_at: Option<DateTime<Utc>>,
    pub current_step: Option<&'a str>,
    pub training_order: Option<i64>,
    pub learning_path_id: Option<&'a str>,
    pub step_count: Option<i64>,
    pub browser_name: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub geolocation: Option<&'a str>,
    pub ip_addresses: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for InteractionRow<'_> {
    const TABLE: &'static Table = &INTERACTIONS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.target_user_id))
            .bigint(Some(self.ordinal))
            .text(self.interaction)
            .instant(self.event_at)
            .text(self.current_step)
            .bigint(self.training_order)
            .text(self.learning_path_id)
            .bigint(self.step_count)
            .text(self.browser_name)
            .text(self.user_agent)
            .text(self.geolocation)
            .text(self.ip_addresses)
            .json(self.extra);
    }
}
