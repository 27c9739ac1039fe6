//! Pages of positions.

use serde::Serialize;

use super::{Candidate, ListQuery, Page, page};
use crate::Engine;
use crate::engine::{Label, State};

/// A position as a page lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PositionEntry<'e> {
    /// Its id.
    pub id: &'e str,
    /// What a person reads.
    pub name: Option<&'e str>,
    /// How many positions it reports to directly.
    pub reports_to: usize,
    /// How many positions report to it directly.
    pub reported_to_by: usize,
    /// How many users hold it, the suspended among them.
    pub users: usize,
}

fn every(state: &State) -> impl Iterator<Item = Candidate<'_>> {
    (0..state.position_numbers()).filter_map(|number| {
        Some(Candidate {
            number,
            id: state.position_id(number)?,
            label: Label {
                name: state.positions().label(number),
                description: None,
                created: None,
            },
        })
    })
}

impl Engine {
    /// A page of the account's positions. They have no description and no time of creation:
    /// [`ListOrder::Created`](super::ListOrder::Created) lists them by id.
    ///
    /// Cost: linear in the positions and their names, and a sort; for each position of the page, or for all
    /// when ordered by users, the users in it.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::ListQuery;
    /// # use bailiwick::{Engine, Timestamp};
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 2
    ///     catalog_version = 1
    ///     positions = [{ id = "sales" }, { id = "desk", name = "Sales desk", reports_to = ["sales"] }]
    /// "#);
    /// let users = DirectoryDocument::new([UserDocument::new("ann").position("desk")]);
    /// let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    ///
    /// let page = engine.list_positions(&ListQuery::default().search("desk"));
    /// assert_eq!((page.total, page.entries[0].reports_to, page.entries[0].users), (1, 1, 1));
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn list_positions(&self, query: &ListQuery) -> Page<PositionEntry<'_>> {
        let state = self.state();
        let users = |position: u32| state.users().in_position(position).count();
        page(
            query,
            every(state),
            || users,
            |it| PositionEntry {
                id: it.id,
                name: it.label.name,
                reports_to: state.positions().seniors(it.number).count(),
                reported_to_by: state.positions().juniors(it.number).count(),
                users: users(it.number),
            },
        )
    }
}
