//! What an explanation is made of: the evaluation of a check, recorded as it goes (Q1, Q2).

mod obstacles;

use super::bearer::{Bearer, Held};
use super::evaluate::{Extent, JudgedPair, Question, Recorder, Viewer};
use super::rights::{Holder, Planes};
use super::{Engine, InContext, State};
use crate::catalog::{Bearer as PropertyOf, Condition, is_at_or_below};
use crate::decision::{Code, Decision, Denial};
use crate::document::{AskedOn, PropertyValue};
use crate::explain::{Asker, Cause, Explanation, explanation};
use crate::request::{Action, Context, Owner, OwnerPosition, Resource, Subject, Texts, Value, Who};

impl Engine {
    /// [`InContext::explain`] in an empty context.
    pub fn explain<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Explanation {
        self.in_context(&()).explain(subject, action, resource)
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// Why may the subject do this, or why not (Q1, Q2)?
    ///
    /// The answer carries the decision that [`check`](InContext::check) gives, made by the same
    /// evaluation. Of an allow it tells how each permission came to the subject and how its scope
    /// reaches the record; of a denial everything that is missing, down to the root causes.
    ///
    /// Costs a check by names, and a look at what the subject is assigned. Of a denial also one look at
    /// each role and package of the account for each permission that is missing; where somebody below
    /// lends access (S6), one at each user.
    ///
    /// ```
    /// use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "orders.export" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "export", on = "type", allowed_by = ["orders.export"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![RoleDocument::new("seller").grant("orders"), RoleDocument::new("clerk").grant("orders.*")],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller"), UserDocument::new("bob").role("clerk")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let orders = OnType::named("order");
    /// let why = engine.explain("bob", "export", &orders);
    /// assert!(why.decision().is_allow());
    /// let way = why.derivations("orders.export").next().expect("a way");
    /// assert_eq!(way.to_string(), "`bob` → role `clerk` → grant `orders.*` → `orders.export` at `all`");
    ///
    /// let why_not = engine.explain("ann", "export", &orders);
    /// let codes: Vec<&str> = why_not.causes().map(|cause| cause.code()).collect();
    /// assert_eq!(codes, ["not_granted", "role_in_no_package"]);
    /// assert_eq!(why_not.to_string(), "\
    /// `ann` may not do `order:export`.
    /// - None of the roles of `ann` grants `orders.export`. They are: role `seller`, assigned directly.
    /// - Roles that grant `orders.export`, and that `ann` does not have: `clerk` at `all` in no package.
    /// ");
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn explain<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Explanation {
        let (subject, action) = (subject.into(), action.into());
        let state = &*self.engine.0;
        let settled = state.settle(&subject, action, resource);
        // What a suspended user lacks besides is told as well.
        let index = match settled {
            Err(denial) if denial.code == Code::Suspended => state.operation(action, resource).ok(),
            settled => settled.ok(),
        };
        let mut pairs = Pairs::default();
        let viewer = state.looking_as(&subject);
        let question = index.map(|index| Question {
            index,
            viewer,
            resource,
            context: self.context,
            extent: Extent::Record,
        });
        let said = question
            .as_ref()
            .map(|question| state.evaluate_settled(question, &subject, &mut pairs));
        let decision = match (settled, said) {
            (Ok(_), Some(said)) => said,
            (Err(denial), _) => state.deny(denial),
            (Ok(_), None) => state.deny(Denial::of(Code::UnknownAction)),
        };
        let obstacles = match decision.is_allow() || (settled.is_ok() && !pairs.0.is_empty()) {
            true => Vec::new(),
            false => state.obstacles(&subject, action, resource),
        };
        let failing = match &question {
            Some(question) if !decision.is_allow() && !pairs.0.is_empty() => {
                state.failing_conditions(question, &pairs.0)
            }
            _ => Vec::new(),
        };
        let on_record = question.as_ref().is_some_and(|question| {
            !pairs.0.is_empty() && state.is_on(question.index, AskedOn::Record)
        });
        let recorded = Recorded {
            decision,
            asking: state.asking(&subject),
            viewer,
            operation: index,
            requested: state.requested(action, resource),
            record: (resource.asked_on() == AskedOn::Record)
                .then(|| resource.id().map(str::to_owned))
                .flatten(),
            owner: on_record.then(|| state.owned(&viewer, resource)),
            pairs: pairs.0,
            failing,
            obstacles,
        };
        match Bearer::of(&subject) {
            Some(bearer) => explanation(state, &Held::united(state, bearer), recorded),
            None => {
                let user = viewer.user.and_then(|user| state.user_record(user));
                let set = user.and_then(|user| state.set_rights(user.access()));
                explanation(state, &OfUser(set), recorded)
            }
        }
    }
}

/// What was recorded of an evaluation.
pub(crate) struct Recorded<'a> {
    pub(crate) decision: Decision,
    pub(crate) asking: Asking,
    pub(crate) viewer: Viewer<'a>,
    pub(crate) operation: Option<u16>,
    /// The operation as it was asked for.
    pub(crate) requested: String,
    /// The id of the record.
    pub(crate) record: Option<String>,
    /// Of an operation on a record, whose it is.
    pub(crate) owner: Option<Owned>,
    pub(crate) pairs: Vec<JudgedPair>,
    pub(crate) failing: Vec<FailingCondition>,
    /// What denies before any pair is looked at.
    pub(crate) obstacles: Vec<Cause>,
}

/// Who asks, and what they bring or are assigned.
pub(crate) struct Asking {
    pub(crate) kind: Asker,
    pub(crate) id: Option<String>,
    /// The roles that a token or a role as subject brings.
    pub(crate) brought: Vec<u32>,
    /// The user of the directory that it is.
    pub(crate) user: Option<u32>,
}

/// The owner of a record, and what scope reaches them.
pub(crate) struct Owned {
    pub(crate) id: Option<String>,
    pub(crate) position: Option<u32>,
    /// Whether the host gave the position.
    pub(crate) is_stated: bool,
    /// The narrowest scope that reaches the record, as a number.
    pub(crate) needed: u8,
}

/// A condition that does not hold; values of masked fields are left out (M4).
pub(crate) struct FailingCondition {
    /// `None` of the operation.
    pub(crate) pair: Option<u16>,
    pub(crate) alternative: usize,
    /// Its place within the alternative.
    pub(crate) place: usize,
    pub(crate) code: Code,
    /// The property that the code is about.
    pub(crate) fact: u16,
    pub(crate) is_masked: bool,
    pub(crate) left: Option<PropertyValue>,
    /// Of a property on the right.
    pub(crate) right: Option<PropertyValue>,
}

#[derive(Default)]
struct Pairs(Vec<JudgedPair>);

impl Recorder for Pairs {
    fn judged(&mut self, pair: JudgedPair) {
        self.0.push(pair);
    }
}

/// The rights of a user's access set.
struct OfUser<'a>(Option<&'a Planes>);

impl Holder for OfUser<'_> {
    fn granted(&self, permission: u16) -> u8 {
        self.0.map_or(0, |set| set.granted(permission))
    }

    fn denied(&self, permission: u16) -> bool {
        self.0.is_some_and(|set| set.denied(permission))
    }

    fn usable(&self, word: usize) -> usize {
        self.0.map_or(0, |set| set.usable(word))
    }

    fn is_everybody(&self) -> bool {
        true
    }

    fn is_effective(&self, state: &State, permission: u16) -> bool {
        super::cells::is_effective(state, self, permission)
    }
}

impl State {
    fn asking(&self, subject: &Subject<'_>) -> Asking {
        let Some(bearer) = Bearer::of(subject) else {
            let user = self.user_asking(subject);
            let stated = match subject.who {
                Who::Named(id) => Some(id),
                _ => user.and_then(|user| self.user_id(user)),
            };
            return Asking {
                kind: Asker::User,
                id: stated.map(str::to_owned),
                brought: Vec::new(),
                user,
            };
        };
        let kind = match bearer.stands_for_role() {
            true => Asker::Role,
            false => Asker::Token,
        };
        let mut brought: Vec<u32> = Held::new(self, bearer).roles().collect();
        let mut seen = foldhash::HashSet::<u32>::default();
        brought.retain(|role| seen.insert(*role));
        Asking {
            kind,
            id: bearer.id.map(str::to_owned),
            brought,
            user: bearer.user(self),
        }
    }

    /// The conditions that do not hold, of every pair that is denied and of the operation, where no
    /// alternative holds as a whole (D10); first those of the alternative with the fewest of them.
    fn failing_conditions<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        pairs: &[JudgedPair],
    ) -> Vec<FailingCondition> {
        let mut found = Vec::new();
        let Some(operation) = self.model().operations.get(question.index as usize) else {
            return found;
        };
        for judged in pairs.iter().filter(|it| it.verdict.is_err()) {
            if let Some(pair) = self.model().pairs.get(judged.pair as usize) {
                self.add_failing(question, &pair.when, Some(judged.pair), &mut found);
            }
        }
        self.add_failing(question, &operation.when, None, &mut found);
        found
    }

    fn add_failing<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        when: &[Vec<Condition>],
        pair: Option<u16>,
        found: &mut Vec<FailingCondition>,
    ) {
        let mut alternatives = Vec::with_capacity(when.len());
        for (alternative, conditions) in when.iter().enumerate() {
            let mut failing = Vec::new();
            for (place, condition) in conditions.iter().enumerate() {
                let Some((code, fact)) = self.condition_failure(question, condition) else {
                    continue;
                };
                let right = condition.right_property();
                let is_masked = self.is_masked(condition.left)
                    || right.is_some_and(|property| self.is_masked(property));
                let value = |property: u16| match is_masked {
                    true => None,
                    false => self.property(property, question).map(owned_value),
                };
                failing.push(FailingCondition {
                    pair,
                    alternative,
                    place,
                    code,
                    fact,
                    is_masked,
                    left: value(condition.left),
                    right: right.and_then(value),
                });
            }
            if failing.is_empty() {
                return;
            }
            alternatives.push(failing);
        }
        // The one that comes closest is the one to look at; of two that come as close, the first.
        alternatives.sort_by_key(Vec::len);
        found.extend(alternatives.into_iter().flatten());
    }

    /// Whether a property is of a record's field that not everybody sees, or holds one, or lies in one:
    /// its value enters no explanation (M4), whoever asks for it.
    fn is_masked(&self, property: u16) -> bool {
        let model = self.model();
        let Some(property) = model.properties.get(property as usize) else {
            return true;
        };
        let PropertyOf::Resource(r#type) = property.bearer.named_on() else {
            return false;
        };
        let Some(r#type) = model.document.types.get(r#type as usize) else {
            return true;
        };
        r#type.fields.iter().any(|field| {
            is_at_or_below(&field.path, &property.name)
                || is_at_or_below(&property.name, &field.path)
        })
    }

    fn owned<R: Resource + ?Sized>(&self, viewer: &Viewer<'_>, resource: &R) -> Owned {
        let (id, user) = match resource.owner() {
            Owner::None => (None, None),
            Owner::User(id) => {
                let user = self.user_number(id);
                let name = user.and_then(|user| self.user_id(user));
                (Some(name.unwrap_or_default().to_owned()), user)
            }
            Owner::Named(name) => (Some(name.to_owned()), self.find_user(name)),
        };
        let stated = resource.owner_position();
        let position = match stated {
            OwnerPosition::Directory => user
                .and_then(|user| self.user_record(user))
                .map(|user| user.position)
                .filter(|position| self.position_id(*position).is_some()),
            OwnerPosition::None => None,
            OwnerPosition::Named(name) => self.find_position(name),
            OwnerPosition::At(id) => self.position_number(id),
        };
        Owned {
            // A position given without an owner is ignored (S3).
            position: position.filter(|_| id.is_some()),
            id,
            is_stated: stated != OwnerPosition::Directory,
            needed: viewer.scope_needed(self, resource),
        }
    }
}

fn owned_value(value: Value<'_>) -> PropertyValue {
    match value {
        Value::Text(text) => PropertyValue::Text(text.to_owned()),
        Value::Integer(n) => PropertyValue::Integer(n),
        Value::Boolean(b) => PropertyValue::Boolean(b),
        Value::Set(Texts::Strings(texts)) => PropertyValue::Set(texts.to_vec()),
        Value::Set(Texts::Strs(texts)) => {
            PropertyValue::Set(texts.iter().map(|text| (*text).to_owned()).collect())
        }
    }
}
