//! The companies of the account: the flat listing, joined with the tree that says who belongs to whom and how long
//! access lasts.

use std::collections::{HashMap, HashSet};

use super::{Delivery, PullError, Pulled, Scope};
use crate::api::Client;
use crate::api::endpoints::companies::{Company, MyCompany};
use crate::warehouse::load::sweep::Seen;
use crate::warehouse::tables::companies::{CompanyRow, CompanyTagRow};

/// A company that can be pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyRef {
    /// Its id.
    pub id: String,
    /// Its name, for people.
    pub name: String,
}

/// A company's place in the tree of `companies/my`.
#[derive(Debug)]
struct Place {
    parent: Option<String>,
    has_children: bool,
    node: MyCompany,
}

/// All companies of an account.
#[derive(Debug)]
pub struct Companies {
    /// How the listing was read, with the companies that only the tree shows.
    pub pulled: Pulled,
    /// Those that the account manages.
    pub companies: Vec<CompanyRef>,
    /// The tree was shown, too, so that it can be said what is missing.
    pub is_tree_known: bool,
}

/// What is known of the companies before they are read.
#[derive(Debug, Clone, Copy)]
pub struct Before<'b> {
    /// The reseller's own.
    pub account_id: &'b str,
    /// Those that are stored.
    pub stored: &'b HashSet<String>,
    /// Pages that the listing had.
    pub pages: Option<u32>,
    /// Encoded keys of rows that an earlier complete pull missed.
    pub doubtful: &'b [Vec<u8>],
    /// Customers that left.
    pub offboarded: &'b HashSet<String>,
}

/// Pulls all companies.
pub async fn pull(
    scope: &Scope<'_>,
    client: &Client,
    before: Before<'_>,
) -> Result<Companies, PullError> {
    let (account_id, offboarded) = (before.account_id, before.offboarded);
    let mut delivery = Delivery::default();
    let mut places = HashMap::new();
    let is_tree_known = match client.my_companies::<MyCompany>().await {
        Ok(roots) => {
            let count = roots.len();
            let roots = scope.readable(&mut delivery, roots)?;
            let is_whole = roots.len() == count;
            for root in roots {
                note_places(root, None, &mut places);
            }
            is_whole
        }
        // An account without that right has never given these columns; nothing is lost.
        Err(error) if error.kind.is_forbidden() => false,
        Err(error) => return Err(error.into()),
    };

    let mut listed: HashMap<String, CompanyRef> = HashMap::new();
    let mut order = Vec::new();
    let mut pulled = scope
        .pull_listing(
            "companies listed",
            before.doubtful,
            || {
                let listing = client.companies::<Company>();
                listing.last_page_first(before.pages)
            },
            |delivery, seen, company| {
                let mut tree = Tree {
                    places: &places,
                    listed: &mut listed,
                    order: &mut order,
                    offboarded,
                    seen,
                    nested: HashSet::new(),
                };
                push(scope, delivery, company, account_id, &mut tree);
            },
        )
        .await?;
    // Whom a listing does not show that is not whole, it may show the next time: then what is stored of them says more than
    // the tree.
    let is_whole = pulled.may_delete();
    let seen = &mut pulled.listing.seen;
    for (id, place) in places
        .iter()
        .filter(|(id, _)| !listed.contains_key(*id))
        .filter(|(id, _)| is_whole || !before.stored.contains(*id))
    {
        let node = &place.node;
        let row = CompanyRow {
            company_id: id,
            parent_company_id: place.parent.as_deref(),
            kind: kind(id == account_id, place.has_children),
            name: node.name.as_deref(),
            privacy_duration_id: node.privacy_duration_id,
            is_licence_expired: node.is_licence_expired,
            access_state: access_state(node),
            access_starts_at: node.access_starts_at,
            access_ends_at: node.access_ends_at,
            ..CompanyRow::default()
        };
        if offboarded.contains(id) {
            seen.note_row(&row);
            continue;
        }
        delivery.rows.push_seen(&row, seen);
        delivery.rows.push_owner::<CompanyTagRow<'_>>(&[id]);
    }
    scope.deliver(delivery).await?;
    let companies = order.iter().filter_map(|id| listed.remove(id));
    Ok(Companies {
        companies: companies.collect(),
        pulled,
        is_tree_known,
    })
}

/// What is known of companies while they are read.
struct Tree<'t> {
    places: &'t HashMap<String, Place>,
    listed: &'t mut HashMap<String, CompanyRef>,
    order: &'t mut Vec<String>,
    /// Those that left are listed, but nothing of them is stored.
    offboarded: &'t HashSet<String>,
    seen: &'t mut Seen,
    /// Of the listed company in hand: the vendor nests a reseller in itself.
    nested: HashSet<String>,
}

fn note_places(mut node: MyCompany, parent: Option<&str>, places: &mut HashMap<String, Place>) {
    let children = std::mem::take(&mut node.children);
    let id = node.id.clone();
    let has_children = children.iter().any(|child| child.id != id);
    let parent = parent.filter(|parent| *parent != id).map(str::to_owned);
    places.entry(id.clone()).or_insert(Place {
        parent,
        has_children,
        node,
    });
    for child in children {
        note_places(child, Some(&id), places);
    }
}

/// Adds a company and the companies nested in it; of one that is shown twice what came first.
fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    mut company: Company,
    parent: &str,
    tree: &mut Tree<'_>,
) {
    if !tree.nested.insert(company.id.clone()) {
        return;
    }
    let children = std::mem::take(&mut company.children);
    let id = company.id.as_str();
    let place = tree.places.get(id);
    let node = place.map(|place| &place.node);
    let parent = place
        .and_then(|place| place.parent.as_deref())
        .or((parent != id).then_some(parent));
    let has_children = children.iter().any(|child| child.id != id)
        || place.is_some_and(|place| place.has_children);
    let extra = scope.extra(delivery, &company.extra);
    let row = CompanyRow {
        company_id: id,
        parent_company_id: parent,
        kind: kind(parent.is_none(), has_children),
        name: company.name.as_deref(),
        reseller_name: company.reseller_name.as_deref(),
        industry_name: company.industry_name.as_deref(),
        industry_id: company.industry_id.as_deref(),
        license_type_name: company.license_type_name.as_deref(),
        license_type_id: company.license_type_id.as_deref(),
        is_number_of_users_limited: company.is_number_of_users_limited,
        number_of_users: company.number_of_users,
        target_user_count: company.target_user_count,
        deleted_target_user_count: company.deleted_target_user_count,
        inactive_target_user_count: company.inactive_target_user_count,
        monthly_active_user_count: company.monthly_active_user_count,
        privacy_duration_id: company
            .privacy_duration_id
            .or(node.and_then(|node| node.privacy_duration_id)),
        is_licence_expired: company
            .is_licence_expired
            .or(node.and_then(|node| node.is_licence_expired)),
        license_ends_at: company.license_ends_at,
        created_at: company.created_at,
        access_state: node.and_then(access_state),
        access_starts_at: node.and_then(|node| node.access_starts_at),
        access_ends_at: node.and_then(|node| node.access_ends_at),
        extra: extra.as_deref(),
    };
    if tree.listed.contains_key(id) {
        tree.seen.note_row(&row);
    } else {
        if tree.offboarded.contains(id) {
            tree.seen.note_row(&row);
        } else {
            delivery.rows.push_seen(&row, tree.seen);
            delivery.rows.push_owner::<CompanyTagRow<'_>>(&[id]);
            for tag in &company.tags {
                delivery.rows.push(&CompanyTagRow {
                    company_id: id,
                    tag,
                });
            }
        }
        let listed = CompanyRef {
            id: id.to_owned(),
            name: company.name.clone().unwrap_or_else(|| id.to_owned()),
        };
        tree.listed.insert(id.to_owned(), listed);
        tree.order.push(id.to_owned());
    }
    for child in children {
        push(scope, delivery, child, id, tree);
    }
}

/// What the vendor's own pages make of it: a company without a duration of access cannot be entered, unless its licence
/// has run out.
fn access_state(node: &MyCompany) -> Option<&'static str> {
    node.privacy_duration_id.map(|duration| {
        if duration == 0 && node.is_licence_expired != Some(true) {
            "denied"
        } else {
            "granted"
        }
    })
}

fn kind(is_root: bool, has_children: bool) -> &'static str {
    if is_root || has_children {
        "reseller"
    } else {
        "customer"
    }
}
