//! The evaluator: a viewer, an operation and a record in, a decision out (D9, D17, S1 to S6).
//!
//! Who asks has been settled before; what is left needs no names but the owner's.

use super::State;
use super::cells::{Cell, progress};
use super::users::NOWHERE;
use crate::Scope;
use crate::catalog::{Bearer, Condition, Operation, Pair, Verdict};
use crate::decision::{Code, Decision, Denial, NONE, Part, Verdict as Decided};
use crate::document::{AskedOn, PropertyType, PropertyValue};
use crate::id::PropertyId;
use crate::request::{Context, Owner, OwnerPosition, PropertyMap, Resource, Value};

/// Who asks, as far as scopes and conditions go.
#[derive(Clone, Copy)]
pub(crate) struct Viewer<'a> {
    /// A user of the directory.
    pub(crate) user: Option<u32>,
    /// The id of a token that is no user of the directory.
    pub(crate) name: Option<&'a str>,
    /// Or [`NOWHERE`].
    pub(crate) position: u32,
    /// What a token brings; users have the directory's.
    pub(crate) brought: Option<&'a PropertyMap>,
}

impl Viewer<'_> {
    /// The narrowest scope that reaches the record's owner, as a number (S1, S3).
    pub(super) fn scope_needed<R: Resource + ?Sized>(&self, state: &State, resource: &R) -> u8 {
        match resource.owner() {
            Owner::Named(name) if self.name == Some(name) => Scope::Own as u8,
            owner => {
                let owner = state.owned_by(owner);
                state.scope_needed(self.user, self.position, owner, resource)
            }
        }
    }
}

/// The owner of a record, looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnedBy {
    /// Nobody, or not given.
    Nobody,
    /// Somebody whom the directory does not know.
    Stranger,
    User(u32),
}

/// Whether the whole question is asked, or only what stands before the record (D14's `can_any`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Record,
    AnyRecord,
}

/// What is asked of a subject, once it is settled that it may be asked at all.
pub(crate) struct Question<'q, R: ?Sized, C: ?Sized> {
    pub(crate) index: u16,
    pub(crate) viewer: Viewer<'q>,
    pub(crate) resource: &'q R,
    pub(crate) context: &'q C,
    pub(crate) extent: Extent,
}

/// Told of each pair as it is judged. A check tells nobody.
pub(crate) trait Recorder {
    fn judged(&mut self, pair: JudgedPair);
}

impl Recorder for () {
    #[inline]
    fn judged(&mut self, _: JudgedPair) {}
}

/// How a pair came out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JudgedPair {
    pub(crate) pair: u16,
    /// The scope that D7 leaves, or the denial before it.
    pub(crate) reaches: Result<u8, Denial>,
    /// Whether somebody below lends it at All (S6).
    pub(crate) lent: bool,
    pub(crate) verdict: Result<u8, Denial>,
}

/// The cells of a subject's pairs: read from a table, or worked out for a bearer.
pub(crate) trait Cells {
    fn pair(&self, operation: u16, pair: u16) -> Cell;
}

/// The cells of an access set.
pub(crate) struct Compiled<'a> {
    pub(crate) state: &'a State,
    pub(crate) set: usize,
}

impl Cells for Compiled<'_> {
    fn pair(&self, _: u16, pair: u16) -> Cell {
        let cell = self.state.cells.pair(self.set, pair);
        cell.unwrap_or(Cell::NOTHING)
    }
}

impl State {
    #[inline]
    pub(crate) fn decide(&self, verdict: Decided) -> Decision {
        Decision::new(self.revision, self.catalog_brand, verdict)
    }

    pub(crate) fn deny(&self, denial: Denial) -> Decision {
        self.decide(Decided::deny(denial))
    }

    /// Pair by pair: the widest that allows, or the denial that got furthest; the first of equals, which is the
    /// first in catalog order (I1, I4).
    #[inline(never)]
    pub(crate) fn evaluate_pairs<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        cells: &impl Cells,
        recorder: &mut impl Recorder,
    ) -> Decision {
        let Some(operation) = self.model().operations.get(question.index as usize) else {
            return self.deny(Denial::of(Code::UnknownAction));
        };
        let scoped = question.extent == Extent::Record && operation.on == AskedOn::Record;
        let needed = if scoped {
            question.viewer.scope_needed(self, question.resource)
        } else {
            0
        };
        let mut widest: Option<(u8, u16)> = None;
        let mut furthest: Option<Denial> = None;
        for index in operation.pairs.clone() {
            let Some(pair) = self.model().pairs.get(index as usize) else {
                continue;
            };
            let reaches = cells.pair(question.index, index).judged();
            let lent = scoped && reaches.is_ok_and(|scope| self.is_lent(question, scope, index));
            let verdict = reaches.and_then(|scope| {
                let scope = if lent { Scope::All as u8 } else { scope };
                if scope < needed {
                    return Err(Denial::of(Code::OutOfScope));
                }
                match self.late_denial(question, operation, index, pair) {
                    Some(denial) => Err(denial),
                    None => Ok(scope),
                }
            });
            recorder.judged(JudgedPair {
                pair: index,
                reaches,
                lent,
                verdict,
            });
            match verdict {
                Ok(scope) if widest.is_none_or(|(best, _)| scope > best) => {
                    widest = Some((scope, pair.permission));
                }
                Ok(_) => {}
                Err(denial) => {
                    if furthest.is_none_or(|known| progress(&denial) > progress(&known)) {
                        furthest = Some(Denial {
                            permission: pair.permission,
                            ..denial
                        });
                    }
                }
            }
        }
        match (widest, furthest) {
            (Some((scope, permission)), _) => {
                self.decide(Decided::allow(permission, scope, operation.filtered_by))
            }
            (None, denial) => self.deny(denial.unwrap_or(Denial::of(Code::NotGranted))),
        }
    }

    /// What stands after the scope: features and conditions of the pair, then of the operation.
    fn late_denial<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        operation: &Operation,
        index: u16,
        pair: &Pair,
    ) -> Option<Denial> {
        let conditional = question.extent == Extent::Record || operation.on == AskedOn::Type;
        let feature_denial = |feature: u16, part| {
            (feature != NONE).then(|| Denial {
                fact: feature,
                ..Denial::on(Code::FeatureDisabled, part)
            })
        };
        let condition_denial = |when: &[Vec<Condition>], part| {
            conditional
                .then(|| self.failing_condition(question, when, part))
                .flatten()
        };
        feature_denial(self.pair_feature(index), Part::Pair)
            .or_else(|| condition_denial(&pair.when, Part::Pair))
            .or_else(|| feature_denial(self.operation_feature(question.index), Part::Operation))
            .or_else(|| condition_denial(&operation.when, Part::Operation))
    }

    /// The first condition that fails of the first alternative, if every alternative has one.
    fn failing_condition<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        when: &[Vec<Condition>],
        part: Part,
    ) -> Option<Denial> {
        let mut first = None;
        for alternative in when {
            let failing = alternative
                .iter()
                .find_map(|condition| self.condition_failure(question, condition));
            let (code, fact) = failing?;
            first.get_or_insert(Denial {
                fact,
                ..Denial::on(code, part)
            });
        }
        first
    }

    /// Why a condition does not hold, and the property to name; `None` if it does.
    pub(super) fn condition_failure<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        condition: &Condition,
    ) -> Option<(Code, u16)> {
        let verdict = condition.evaluate(
            |property| self.property(property, question),
            |property, value| self.is_of_kind(property, value),
        );
        match verdict {
            Verdict::Holds => None,
            Verdict::Fails => Some((Code::ConditionNotMet, condition.left)),
            Verdict::Missing(property) => Some((Code::PropertyMissing, property)),
            Verdict::WrongType(property) => Some((Code::PropertyWrongType, property)),
        }
    }

    fn is_of_kind(&self, property: u16, value: &Value<'_>) -> bool {
        let kind = self
            .model()
            .properties
            .get(property as usize)
            .map(|it| it.kind);
        matches!(
            (kind, value),
            (Some(PropertyType::Text), Value::Text(_))
                | (Some(PropertyType::Integer), Value::Integer(_))
                | (Some(PropertyType::Boolean), Value::Boolean(_))
                | (Some(PropertyType::Set), Value::Set(_))
        )
    }

    pub(super) fn property<'v, R: Resource + ?Sized, C: Context + ?Sized>(
        &'v self,
        index: u16,
        question: &Question<'v, R, C>,
    ) -> Option<Value<'v>> {
        let property = self.model().properties.get(index as usize)?;
        let handle = PropertyId::new(u32::from(index), self.model().brand);
        match property.bearer {
            Bearer::Resource(_) => question.resource.property(handle, &property.name),
            Bearer::Context => question.context.property(handle, &property.name),
            Bearer::Subject => match question.viewer.brought {
                Some(brought) => brought.get(&property.name),
                None => self
                    .users
                    .property(question.viewer.user?, index)
                    .map(|value: &PropertyValue| value.into()),
            },
            Bearer::ResourceId(_) => question.resource.id().map(Value::Text),
            Bearer::ResourceOwner(_) => self.owner_id(question.resource.owner()).map(Value::Text),
            Bearer::SubjectId => {
                let viewer = &question.viewer;
                let of_user = || self.user_id(viewer.user?);
                viewer.name.or_else(of_user).map(Value::Text)
            }
        }
    }

    /// The id of an owner, known to the directory or not (D10). A handle of another account has none
    /// here.
    pub(crate) fn owner_id<'v>(&'v self, owner: Owner<'v>) -> Option<&'v str> {
        match owner {
            Owner::None => None,
            Owner::Named(id) => Some(id),
            Owner::User(user) => self.users.name_given(user.index(self.brand)? as u32),
        }
    }

    /// Whether the viewer has the pair at All because somebody below has (S6).
    fn is_lent<R: ?Sized, C: ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        scope: u8,
        pair: u16,
    ) -> bool {
        let between = scope == Scope::Reports as u8 || scope == Scope::Peers as u8;
        let position = question.viewer.position;
        between
            && position != NOWHERE
            && self.pair_feature(pair) == NONE
            && self.operation_feature(question.index) == NONE
            && self
                .lent
                .as_ref()
                .is_some_and(|lent| lent.is_lent(position, pair))
    }

    #[inline]
    pub(super) fn owned_by(&self, owner: Owner<'_>) -> OwnedBy {
        let user = match owner {
            Owner::None => return OwnedBy::Nobody,
            Owner::User(id) => id.index(self.brand).map(|index| index as u32),
            Owner::Named(name) => self.users.find(name),
        };
        user.map_or(OwnedBy::Stranger, OwnedBy::User)
    }

    /// The narrowest scope that reaches the record's owner, as a number (S1, S3).
    ///
    /// Asked by a user, or by a token that is no user, at a position or [`NOWHERE`].
    #[inline(always)]
    pub(super) fn scope_needed<R: Resource + ?Sized>(
        &self,
        viewer: Option<u32>,
        position: u32,
        owner: OwnedBy,
        resource: &R,
    ) -> u8 {
        let owner = match owner {
            OwnedBy::Nobody => return Scope::All as u8,
            OwnedBy::Stranger => None,
            OwnedBy::User(user) => Some(user),
        };
        if owner.is_some() && owner == viewer {
            return Scope::Own as u8;
        }
        if position == NOWHERE {
            return Scope::All as u8;
        }
        let owners = match resource.owner_position() {
            OwnerPosition::Directory => owner
                .and_then(|owner| self.users.record(owner))
                .map_or(NOWHERE, |owner| owner.position),
            OwnerPosition::None => NOWHERE,
            OwnerPosition::Named(name) => self.positions.find(name).unwrap_or(NOWHERE),
            OwnerPosition::At(id) => id.index(self.brand).map_or(NOWHERE, |index| index as u32),
        };
        // Without a branch for each scope: on random requests the branches would be mispredicted.
        let below = self.positions.reach.is_below(owners, position);
        let same = owners == position;
        Scope::All as u8 - 2 * u8::from(below) - u8::from(same)
    }
}
