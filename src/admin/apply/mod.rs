//! A transaction: changes made one after the other in a draft, all or nothing (A1).
//!
//! Each kind of change finds what it names, keeps the guards (A5), asks for the authority that it
//! needs (A2 to A4), and takes its step; what only the outcome can tell is asked after the step. A change
//! that only a guard speaks against waits for the others. A refusal drops the draft.

mod administrators;
mod assignments;
mod bearers;
mod effects;
mod import;
mod inheritance;
mod moments;
mod packages;
mod passing_over;
mod people;
mod positions;
mod roles;
mod sequence;
mod settings;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::actor::Actor;
use super::authority::{Authority, Scene};
use super::change::Change;
use super::refusal::{About, Named, Refusal, Refused};
use super::report::Report;
use crate::Engine;
use crate::catalog::SYSTEM;
use crate::document::problem::{self, NEAREST_BUDGET, Path, Rules, Source, nearest};
use crate::document::{Problems, Timestamp};
use crate::engine::{Draft, Held, State};
use crate::limits;
use crate::names::Known;
use administrators::{is_administered, may_lose_administrators};
use passing_over::Repeats;

/// A transaction that was applied: the engine it made, and what it does.
#[derive(Debug, Clone)]
#[must_use = "the engine that was changed stays as it is; this has the new one"]
pub struct Applied {
    before: Engine,
    engine: Engine,
    passed_over: Vec<usize>,
}

impl Applied {
    /// The engine as it is from now on. Handles of the engine before are good in it; handles of what the
    /// transaction created are good in it and in what comes of it, and not in another engine that was
    /// made of the same one before.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine as it is from now on.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// The changes that would have changed nothing and were skipped, counted from 0, in order
    /// ([`Engine::apply_passing_over`]).
    pub fn passed_over(&self) -> &[usize] {
        &self.passed_over
    }

    /// What the transaction does to whom, worked out when asked for (A6).
    pub fn report(&self) -> Report<'_> {
        Report::new(&self.before, &self.engine)
    }
}

/// What a transaction would do; the engine that it would make is not kept, so that nobody takes handles
/// from it into the one that is made in its stead.
#[derive(Debug, Clone)]
#[must_use = "a preview changes nothing"]
pub struct Preview(Applied);

impl Preview {
    /// What the transaction would do to whom, worked out when asked for (A6).
    pub fn report(&self) -> Report<'_> {
        self.0.report()
    }
}

impl Engine {
    /// Makes changes as one transaction, all or nothing: a pure function from engine to engine (A1).
    ///
    /// Authority is the actor's in this engine; guards hold in the one that comes of it: a role may be deleted
    /// before it is revoked, an edge close a cycle that a later change takes out, a name be taken before it is
    /// free. Such a change is made after the ones that it waits for; changes that concern the same thing are
    /// made as they are written. What cannot even be made then, such as giving a role that a later change
    /// creates, is refused, and [`Refused::order`] tells the order that works. A change that
    /// would change nothing is refused; [`apply_passing_over`](Engine::apply_passing_over) skips it.
    /// Assignments that have ended by `at` are dropped (D2), which is all that a transaction without changes does;
    /// only the host itself makes one. The revision is one higher.
    ///
    /// Cost: what the changes touch, the access sets that they change among it, and not the size of the
    /// account; but changes of positions that follow each other may work out anew who stands below whom,
    /// once for all of them, replacing the hierarchy reads all of it, a feature touches every access set, and an
    /// actor who holds a right below All is held against each person concerned. A tick reads the role and the
    /// catalog's permissions.
    ///
    /// # Errors
    /// The first change that is refused, and why; this engine then is as it was. For instance a role to
    /// be deleted that a package has; an assignment of what the actor does not hold; more changes than
    /// [`limits::CHANGES`](crate::limits::CHANGES).
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "staff" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    /// #     administration = { changes = { edit_assignments = "staff" }, account_roles = { assign = "staff" } }
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::{Actor, Change};
    /// use bailiwick::{Engine, OnType, Timestamp};
    /// let mut policy = PolicyDocument::new(1);
    /// policy.roles.push(RoleDocument::new("seller").grant("orders"));
    /// policy.roles.push(RoleDocument::new("head").grant("staff").inherit("seller"));
    /// let users = [UserDocument::new("ann").role("head"), UserDocument::new("bob")];
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    ///
    /// let changes = [Change::assign_role("bob", "seller")];
    /// let applied = engine.apply(&Actor::user("ann"), Timestamp(1), &changes)?;
    /// let orders = OnType::named("order");
    /// assert!(!engine.check("bob", "list", &orders).is_allow());
    /// assert!(applied.engine().check("bob", "list", &orders).is_allow());
    ///
    /// let refused = engine.apply(&Actor::user("bob"), Timestamp(1), &changes).unwrap_err();
    /// assert_eq!(refused.reason.code(), "lacks");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
    ) -> Result<Applied, Refused> {
        let watch = &mut |_: usize, _: &State| {};
        self.transact(Rules::Today, Repeats::Refuse, actor, at, changes, watch)
    }

    /// Makes a stored transaction once more, and shows the state in between: after `0` changes, after
    /// the first, and so on to the last. What was accepted stays accepted (D16): rules that came after the
    /// first journals do not bind it. These are the ones about people who bring tokens (D18), about denies
    /// at later moments, when assignments end, about actors who act for one who acts for another (D21), and
    /// what documents of format 1 may hold. A change of what was erased may change nothing (A7).
    #[cfg(feature = "live")]
    pub(crate) fn apply_again(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<Applied, Refused> {
        let repeats = Repeats::Refuse;
        self.transact(Rules::OfFormat1, repeats, actor, at, changes, watch)
    }

    fn transact(
        &self,
        rules: Rules,
        repeats: Repeats,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<Applied, Refused> {
        // The transaction as a whole.
        let refused = |reason: Refusal| Refused {
            change: 0,
            reason,
            about: Box::default(),
        };
        // The last that a document can state.
        if self.revision() >= i64::MAX as u64 {
            return Err(refused(Refusal::TooMany {
                what: "revisions",
                limit: i64::MAX as usize,
            }));
        }
        if changes.is_empty() && *actor != Actor::System {
            return Err(refused(Refusal::NothingToChange));
        }
        if rules == Rules::Today && changes.len() > limits::CHANGES {
            return Err(refused(Refusal::TooMany {
                what: "changes in one transaction",
                limit: limits::CHANGES,
            }));
        }
        if rules == Rules::Today && !actor.is_one_step() {
            return Err(refused(Refusal::ActsThroughAnother));
        }
        let begun = self.begin((rules, repeats), actor, at, changes);
        let (mut transaction, holders) = begun.map_err(refused)?;
        let made = transaction.make_all(changes, watch);
        let last = changes.len().saturating_sub(1);
        let kept = made.and_then(|()| transaction.keeps(actor, changes, &holders));
        let settled = kept.and_then(|()| {
            let settled = transaction.draft.settle();
            settled.map_err(|it| (last, transaction.no_hierarchy(it)))
        });
        match settled {
            Ok(()) => Ok(Applied {
                before: self.whole().clone(),
                engine: transaction.draft.finish(),
                passed_over: transaction.passed_over,
            }),
            Err((change, reason)) => Err(Refused {
                change,
                about: Box::new(About {
                    what: changes.get(change).map(ToString::to_string),
                    order: match rules {
                        Rules::OfFormat1 => None,
                        Rules::Today => self.order_that_works(actor, at, changes, &reason, repeats),
                    },
                }),
                reason,
            }),
        }
    }

    /// A transaction in which nothing is changed yet, and how many hold what some must keep.
    fn begin(
        &self,
        (rules, repeats): (Rules, Repeats),
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
    ) -> Result<(Transaction, Vec<(u32, u32)>), Refusal> {
        // What has ended by then gives no authority.
        let draft = self.draft(at);
        let before = draft.so_far().0;
        let authority = Authority::of(&before, actor, rules)?;
        let holders = match changes.iter().any(may_lose_holders) {
            true => draft.state().guarded_holders(),
            false => Vec::new(),
        };
        let transaction = Transaction {
            before,
            draft,
            authority,
            at,
            rules,
            importing: false,
            may_reach_more: BTreeSet::new(),
            repeats,
            passed_over: Vec::new(),
        };
        Ok((transaction, holders))
    }

    /// The order in which changes can be made that cannot be made as they were written: what one needs
    /// another makes, say.
    fn order_that_works(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
        refusal: &Refusal,
        repeats: Repeats,
    ) -> Option<Vec<usize>> {
        /// A longer transaction comes from a program, which knows what comes first.
        const LOOKED_AT: usize = 100;
        // Too few holders are too few in whatever order, and so are administrators.
        let is_settled = refusal.is_authority()
            || matches!(
                refusal,
                Refusal::MinHolders { .. } | Refusal::LastAdministrator
            );
        if is_settled || !(2..=LOOKED_AT).contains(&changes.len()) {
            return None;
        }
        let begun = self.begin((Rules::Today, repeats), actor, at, changes);
        let (transaction, holders) = begun.ok()?;
        transaction.some_order(changes, |it| {
            it.keeps(actor, changes, &holders).is_ok() && it.draft.clone().settle().is_ok()
        })
    }

    /// What [`apply`](Engine::apply) would do, without keeping it (A6).
    ///
    /// # Errors
    /// Those of [`apply`](Engine::apply).
    pub fn preview(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
    ) -> Result<Preview, Refused> {
        self.apply(actor, at, changes).map(Preview)
    }
}

/// Whether a stored change may have been erased, or follow one that was: what it says is then so already (A7).
fn may_say_nothing(change: &Change) -> bool {
    matches!(
        change,
        Change::DescribeUser { .. } | Change::SetProperty { .. }
    )
}

/// A transaction in the making.
struct Transaction {
    before: Arc<State>,
    draft: Draft,
    authority: Authority,
    at: Timestamp,
    /// By which rules the changes are judged.
    rules: Rules,
    /// Whether an import is being taken apart.
    importing: bool,
    /// Positions whose people may reach more records, as far as A4 goes; known until something other than
    /// positions changes.
    may_reach_more: BTreeSet<u32>,
    /// What becomes of a change that would change nothing.
    repeats: Repeats,
    /// The changes that were passed over.
    passed_over: Vec<usize>,
}

impl Transaction {
    /// Whether a journal's record is made again: later rules do not bind it (D16).
    fn is_replayed(&self) -> bool {
        self.rules == Rules::OfFormat1
    }

    /// The guards that only the outcome can be held against (A5).
    fn keeps(
        &self,
        actor: &Actor,
        changes: &[Change],
        holders: &[(u32, u32)],
    ) -> Result<(), (usize, Refusal)> {
        let last = changes.len().saturating_sub(1);
        check_min_holders(self.now(), holders)
            .and_then(|()| self.keeps_administrators(actor, changes))
            .map_err(|it| (last, it))
    }

    /// Somebody stays who may hand administration on; but the host itself may do without (A5).
    fn keeps_administrators(&self, actor: &Actor, changes: &[Change]) -> Result<(), Refusal> {
        let is_bound = !self.authority.is_system() && !self.is_replayed();
        let is_left = !is_bound
            || !changes.iter().any(may_lose_administrators)
            || is_administered(self.now(), actor)
            || !is_administered(&self.before, actor);
        if is_left {
            return Ok(());
        }
        Err(Refusal::LastAdministrator)
    }

    fn change(&mut self, change: &Change) -> Result<(), Refusal> {
        // Whoever may make no change of the kind is told nothing of what there is.
        if let Some(kind) = change.kind() {
            self.authority.kind_at_all(self.scene(), kind)?;
        }
        match change {
            Change::CreateRole { role } => self.create_role(role),
            Change::DescribeRole {
                role,
                name,
                description,
            } => self.describe_role(role, name, description),
            Change::CopyRole {
                role,
                id,
                name,
                description,
                created,
            } => self.copy_role(role, id, name, description, *created),
            Change::DeleteRole { role } => self.delete_role(role),
            Change::EditRole {
                role,
                grants,
                denies,
                since,
            } => self.edit_role(role, grants, denies, *since),
            Change::CheckPermission { .. }
            | Change::UncheckPermission { .. }
            | Change::SetPermission { .. }
            | Change::ClearPermission { .. } => self.tick(change),
            Change::AddInheritance { role, junior } => self.add_inheritance(role, junior),
            Change::RemoveInheritance { role, junior } => self.remove_inheritance(role, junior),
            Change::CreatePackage { package } => self.create_package(package),
            Change::DescribePackage {
                package,
                name,
                description,
            } => self.describe_package(package, name, description),
            Change::DeletePackage { package } => self.delete_package(package),
            Change::AddToPackage { package, role } => self.add_to_package(package, role),
            Change::RemoveFromPackage { package, role } => self.remove_from_package(package, role),
            Change::ReplaceInPackages { role, with } => self.replace_in_packages(role, with),
            Change::CreatePosition { position } => self.create_position(position),
            Change::DescribePosition { position, name } => self.describe_position(position, name),
            Change::MovePosition {
                position,
                reports_to,
            } => self.move_position(position, reports_to),
            Change::DeletePosition { position } => self.delete_position(position),
            Change::ReplaceHierarchy { positions } => self.replace_hierarchy(positions),
            Change::CreateUser { user } => self.create_user(user),
            Change::RestoreUser { user } => self.restore_user(user),
            Change::DescribeUser { user, name } => self.describe_user(user, name),
            Change::RemoveUser { user } => self.remove_user(user),
            Change::SuspendUser { user } => self.suspend_user(user, true),
            Change::ReinstateUser { user } => self.suspend_user(user, false),
            Change::PlaceUser { user, position } => self.place_user(user, position.as_deref()),
            Change::SetProperty {
                user,
                property,
                value,
            } => self.set_property(user, property, value.as_ref()),
            Change::AssignRole { user, role, until } => {
                let role = self.find_role(role)?;
                self.assign(user, Held::Role(role), *until)
            }
            Change::RevokeRole { user, role } => {
                let held = self.find_role_to_take(role)?;
                let unassigned = self.unassign(user, Held::Role(held));
                self.or_retired(unassigned, held, role)
            }
            Change::ExchangeRole { user, role, with } => {
                let (held, to) = (self.find_role_to_take(role)?, self.find_role(with)?);
                let exchanged = self.exchange_role(user, held, to);
                self.or_retired(exchanged, held, role)
            }
            Change::AssignPackage {
                user,
                package,
                until,
            } => {
                let package = self.find_package(package)?;
                self.assign(user, Held::Package(package), *until)
            }
            Change::RevokePackage { user, package } => {
                let package = self.find_package(package)?;
                self.unassign(user, Held::Package(package))
            }
            Change::EnableFeature { feature } => self.enable_feature(feature),
            Change::DisableFeature { feature } => self.disable_feature(feature),
            Change::ChangeSetting { permission, role } => {
                self.change_setting(permission, role.as_deref())
            }
            Change::ImportPolicy { policy } => self.import(policy),
            Change::ForgetId { kind, id } => self.forget_id(*kind, id),
        }
    }

    fn now(&self) -> &State {
        self.draft.state()
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            before: &self.before,
            now: self.draft.state(),
        }
    }

    fn find_user(&self, id: &str) -> Result<u32, Refusal> {
        find(self.now().users(), id, Named::User)
    }

    fn find_role(&self, id: &str) -> Result<u32, Refusal> {
        let role = find(self.now().roles(), id, Named::Role)?;
        self.refuse_retired(role, id, self.now().written_version())?;
        Ok(role)
    }

    /// A role that is to be taken away: a retired one may be there still.
    fn find_role_to_take(&self, id: &str) -> Result<u32, Refusal> {
        find(self.now().roles(), id, Named::Role)
    }

    /// Where nothing was there to take away: that a role is retired says more.
    fn or_retired(&self, done: Result<(), Refusal>, role: u32, id: &str) -> Result<(), Refusal> {
        match done {
            Err(Refusal::NothingToChange) => {
                self.refuse_retired(role, id, self.now().written_version())?;
                Err(Refusal::NothingToChange)
            }
            done => done,
        }
    }

    fn find_package(&self, id: &str) -> Result<u32, Refusal> {
        find(self.now().packages(), id, Named::Package)
    }

    fn find_position(&self, id: &str) -> Result<u32, Refusal> {
        find(self.now().positions(), id, Named::Position)
    }
}

fn find(names: &impl Known, id: &str, what: Named) -> Result<u32, Refusal> {
    names.number(id).ok_or_else(|| {
        let mut budget = NEAREST_BUDGET;
        let system = Some(format!("{SYSTEM}{id}")).filter(|it| names.number(it).is_some());
        Refusal::Unknown {
            what,
            id: id.to_owned(),
            nearest: system.or_else(|| nearest(id, names.every(), &mut budget).map(Into::into)),
        }
    })
}

/// Runs what reports problems at places, where all of it is written by the change itself.
fn validated<T>(run: impl FnOnce(&Path<'_>, &mut problem::Report<'_>) -> T) -> Result<T, Refusal> {
    validated_by(Rules::Today, run)
}

fn validated_by<T>(
    rules: Rules,
    run: impl FnOnce(&Path<'_>, &mut problem::Report<'_>) -> T,
) -> Result<T, Refusal> {
    let source = Source::default();
    let mut report = problem::Report::new(&source);
    report.judge_by(rules);
    let found = run(&Path::ROOT, &mut report);
    let (errors, _) = report.finish();
    Problems::unless_none(errors).map_err(Refusal::Invalid)?;
    Ok(found)
}

/// Whether a change may leave somebody without a role, or deny them something.
fn may_lose_holders(change: &Change) -> bool {
    !matches!(
        change,
        Change::CreateRole { .. }
            | Change::CopyRole { .. }
            | Change::DescribeRole { .. }
            | Change::DeleteRole { .. }
            | Change::CreatePackage { .. }
            | Change::DescribePackage { .. }
            | Change::DeletePackage { .. }
            | Change::CreatePosition { .. }
            | Change::DescribePosition { .. }
            | Change::MovePosition { .. }
            | Change::DeletePosition { .. }
            | Change::ReplaceHierarchy { .. }
            | Change::CreateUser { .. }
            | Change::RestoreUser { .. }
            | Change::DescribeUser { .. }
            | Change::ReinstateUser { .. }
            | Change::PlaceUser { .. }
            | Change::SetProperty { .. }
            | Change::EnableFeature { .. }
            | Change::DisableFeature { .. }
            | Change::ForgetId { .. }
    )
}

fn check_min_holders(state: &State, before: &[(u32, u32)]) -> Result<(), Refusal> {
    for &(role, before) in before {
        let needed = state.model().roles.get(role as usize);
        let needed = needed.map_or(0, |it| it.min_holders);
        let left = state.lasting_holders(role);
        if left < needed && left < before {
            return Err(Refusal::MinHolders {
                role: state.role_id(role).unwrap_or_default().to_owned(),
                needed,
                left,
            });
        }
    }
    Ok(())
}
