//! A search request: its constant part, and the body that asks for one page.

use serde::Serialize;

use super::endpoint::Endpoint;

/// The constant part of a search request, apart from its page.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is listed: "users of enrollment …".
    pub what: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Path below the base URL.
    pub path: Vec<String>,
    /// Column to sort by; valid names differ per endpoint.
    pub order_by: &'static str,
    /// Spelling of the filter's members.
    pub casing: Casing,
    /// Members that only this endpoint has.
    pub members: serde_json::Map<String, serde_json::Value>,
    /// The answer may be one item instead of a page.
    pub may_be_one_item: bool,
}

/// How the members of a filter are spelled. The service takes both; the vendor's document does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casing {
    /// `Condition`
    Pascal,
    /// `condition`
    Camel,
}

/// The body that asks for one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchBody<'a> {
    pub page_number: u32,
    pub page_size: u32,
    pub order_by: &'a str,
    pub ascending: bool,
    pub filter: Filter,
    #[serde(flatten)]
    pub members: &'a serde_json::Map<String, serde_json::Value>,
}

/// The filter that lets everything pass, in the full shape that the vendor's own client sends: without it the
/// service fails with HTTP 500.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Filter {
    Pascal(PascalFilter),
    Camel(CamelFilter),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PascalFilter {
    condition: &'static str,
    search_input_text_value: &'static str,
    filter_groups: [PascalGroup; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PascalGroup {
    condition: &'static str,
    filter_items: [(); 0],
    filter_groups: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CamelFilter {
    condition: &'static str,
    search_input_text_value: &'static str,
    filter_groups: [CamelGroup; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CamelGroup {
    condition: &'static str,
    filter_items: [(); 0],
    filter_groups: [(); 0],
}

impl Filter {
    /// For this spelling.
    pub fn everything(casing: Casing) -> Self {
        match casing {
            Casing::Pascal => {
                let group = |condition| PascalGroup {
                    condition,
                    filter_items: [],
                    filter_groups: [],
                };
                Self::Pascal(PascalFilter {
                    condition: "AND",
                    search_input_text_value: "",
                    filter_groups: [group("AND"), group("OR")],
                })
            }
            Casing::Camel => {
                let group = |condition| CamelGroup {
                    condition,
                    filter_items: [],
                    filter_groups: [],
                };
                Self::Camel(CamelFilter {
                    condition: "AND",
                    search_input_text_value: "",
                    filter_groups: [group("AND"), group("OR")],
                })
            }
        }
    }
}
