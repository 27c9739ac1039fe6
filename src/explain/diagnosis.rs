//! From what was recorded of an evaluation to its explanation.

use foldhash::HashSet;

use super::sources::{Names, Telling, drawn, elsewhere, held, setting_of};
use super::{
    Asked, Cause, Explanation, Lender, Lent, Named, PairFinding, PermissionFinding, Subject,
    conditions, reach,
};
use crate::Scope;
use crate::catalog::{EVERYBODY, Operation, Pair};
use crate::decision::{NONE, Part};
use crate::document::AskedOn;
use crate::engine::{Holder, JudgedPair, Recorded, State};

/// The explanation of what was recorded; the holder is who was judged.
pub(crate) fn explanation(
    state: &State,
    holder: &dyn Holder,
    recorded: Recorded<'_>,
) -> Explanation {
    let mut diagnosis = Diagnosis {
        state,
        holder,
        names: Names::of(state),
        recorded: &recorded,
        permissions: Vec::new(),
        too_narrow: HashSet::default(),
        found: HashSet::default(),
        walked: HashSet::default(),
    };
    let mut pairs = Vec::new();
    let mut operation_causes = Vec::new();
    let operation = recorded.operation;
    let operation = operation.and_then(|it| Some((it, state.model().operations.get(it as usize)?)));
    if let Some((_, operation)) = operation {
        let is_allowed = recorded.decision.is_allow();
        for judged in &recorded.pairs {
            if let Some(pair) = state.model().pairs.get(judged.pair as usize) {
                pairs.push(diagnosis.pair(operation, pair, judged, is_allowed));
            }
        }
        // A suspended user may lack nothing else.
        let allows = recorded.pairs.iter().any(|judged| judged.verdict.is_ok());
        if !allows && !recorded.pairs.is_empty() {
            operation_causes = diagnosis.operation_causes(operation);
        }
    }
    let numbers: Vec<u16> = diagnosis.permissions.clone();
    let granted: Vec<u16> = numbers
        .iter()
        .copied()
        .filter(|it| holder.granted(*it) > 0)
        .collect();
    let denied: Vec<u16> = numbers
        .iter()
        .copied()
        .filter(|it| holder.denied(*it))
        .collect();
    let (names, asking) = (&diagnosis.names, &recorded.asking);
    let grants = drawn(state, names, asking, Telling::Grants, &granted);
    let denies = drawn(state, names, asking, Telling::Denies, &denied);
    let permissions = numbers
        .iter()
        .map(|permission| {
            let mut finding = diagnosis.permission(*permission);
            for cause in &mut finding.causes {
                if let Cause::Denied { permission, roles } = cause {
                    *roles = denies.roles_before(&permission.id);
                }
            }
            finding
        })
        .collect();
    let viewer = recorded.viewer.position;
    Explanation {
        decision: recorded.decision,
        subject: Subject {
            kind: asking.kind,
            id: asking.id.clone(),
            brings: asking.brought.iter().map(|it| names.role(*it)).collect(),
        },
        operation: Asked {
            id: recorded.requested.clone(),
            label: operation.and_then(|(index, _)| label(state, index)),
            record: recorded.record.clone(),
        },
        reach: recorded
            .owner
            .as_ref()
            .map(|owned| reach::reach(state, names, owned, viewer)),
        obstacles: recorded.obstacles,
        operation_causes,
        pairs,
        permissions,
        grants,
        denies,
    }
}

fn label(state: &State, operation: u16) -> Option<String> {
    let written = state.model().document.operations.get(operation as usize)?;
    written.label.clone()
}

struct Diagnosis<'a> {
    state: &'a State,
    holder: &'a dyn Holder,
    names: Names<'a>,
    recorded: &'a Recorded<'a>,
    /// Every permission that matters, in the order in which it came up.
    permissions: Vec<u16>,
    found: HashSet<u16>,
    /// Those whose missing prerequisites came up, too.
    walked: HashSet<u16>,
    /// Those that limit a pair which does not reach the record.
    too_narrow: HashSet<u16>,
}

impl Diagnosis<'_> {
    fn needed(&self) -> u8 {
        self.recorded.owner.as_ref().map_or(0, |owned| owned.needed)
    }

    fn matters(&mut self, permission: u16) {
        if permission != EVERYBODY && self.found.insert(permission) {
            self.permissions.push(permission);
        }
    }

    fn pair(
        &mut self,
        operation: &Operation,
        pair: &Pair,
        judged: &JudgedPair,
        is_allowed: bool,
    ) -> PairFinding {
        let scope = match judged.lent {
            true => Some(Scope::All),
            false => judged.reaches.ok().and_then(Scope::from_u8),
        };
        let code = match judged.verdict {
            Ok(_) => "allowed",
            Err(denial) => denial.code.as_str(),
        };
        let mut causes = Vec::new();
        if judged.verdict.is_ok() {
            self.effective(operation, pair);
        } else if !is_allowed {
            causes = self.pair_causes(operation, pair, judged);
        }
        PairFinding {
            permission: (pair.permission != EVERYBODY)
                .then(|| self.names.permission(pair.permission)),
            code,
            scope,
            lent: judged.lent.then(|| self.lent(judged.pair)),
            causes,
        }
    }

    /// The permission and its prerequisites at any depth, and those of pair and operation.
    fn effective(&mut self, operation: &Operation, pair: &Pair) {
        let state = self.state;
        let required = pair.requires.iter().chain(&operation.requires);
        for &permission in std::iter::once(&pair.permission).chain(required) {
            self.matters(permission);
            let known = state.model().permissions.get(permission as usize);
            for needed in known.into_iter().flat_map(|it| it.closure.iter_ones()) {
                self.matters(needed as u16);
            }
        }
    }

    fn pair_causes(
        &mut self,
        operation: &Operation,
        pair: &Pair,
        judged: &JudgedPair,
    ) -> Vec<Cause> {
        let mut causes = Vec::new();
        let named = (pair.permission != EVERYBODY).then(|| self.names.permission(pair.permission));
        match named {
            None if !self.holder.is_everybody() => causes.push(Cause::NotEverybody),
            _ => self.lacking(pair.permission),
        }
        self.add_missing(&pair.requires, Part::Pair, named.as_ref(), &mut causes);
        causes.extend(self.out_of_scope(operation, pair, judged, named.clone()));
        let path = named.as_ref().map(|it| it.id.as_str());
        self.add_features(&pair.features, Part::Pair, path, &mut causes);
        causes.extend(self.failing(Some(judged.pair)));
        causes
    }

    fn operation_causes(&mut self, operation: &Operation) -> Vec<Cause> {
        let mut causes = Vec::new();
        self.add_missing(&operation.requires, Part::Operation, None, &mut causes);
        self.add_features(&operation.features, Part::Operation, None, &mut causes);
        causes.extend(self.failing(None));
        causes
    }

    fn failing(&self, pair: Option<u16>) -> impl Iterator<Item = Cause> + '_ {
        let operation = self.recorded.operation.unwrap_or(NONE);
        let failing = self.recorded.failing.iter();
        failing
            .filter(move |it| it.pair == pair)
            .filter_map(move |it| conditions::told(self.state, &self.names, operation, it))
    }

    /// A permission and, where it is not effective, what it lacks: every prerequisite that is not
    /// effective either, at any depth.
    fn lacking(&mut self, permission: u16) {
        let state = self.state;
        let mut waiting = vec![permission];
        while let Some(permission) = waiting.pop() {
            if permission == EVERYBODY || !self.walked.insert(permission) {
                continue;
            }
            self.matters(permission);
            let known = state.model().permissions.get(permission as usize);
            let missing = known.into_iter().flat_map(|it| it.requires.iter().copied());
            let before = waiting.len();
            waiting.extend(missing.filter(|it| !self.holder.is_effective(state, *it)));
            waiting[before..].reverse();
        }
    }

    fn add_missing(
        &mut self,
        requires: &[u16],
        on: Part,
        permission: Option<&Named>,
        causes: &mut Vec<Cause>,
    ) {
        for &needed in requires {
            if !self.holder.is_effective(self.state, needed) {
                causes.push(Cause::PrerequisiteMissing {
                    prerequisite: self.names.permission(needed),
                    on,
                    permission: permission.cloned(),
                });
                self.lacking(needed);
            }
        }
    }

    fn add_features(
        &self,
        features: &[u16],
        on: Part,
        permission: Option<&str>,
        causes: &mut Vec<Cause>,
    ) {
        let missing = features.iter().filter(|it| !self.state.has_feature(**it));
        causes.extend(missing.map(|feature| Cause::FeatureDisabled {
            feature: self.names.feature(*feature),
            on,
            permission: permission.map(str::to_owned),
        }));
    }

    /// Which permissions keep the pair from the record. Also of a pair that fails before: what is
    /// granted of it may be too narrow besides.
    fn out_of_scope(
        &mut self,
        operation: &Operation,
        pair: &Pair,
        judged: &JudgedPair,
        permission: Option<Named>,
    ) -> Option<Cause> {
        let (state, needed) = (self.state, self.needed());
        if operation.on != AskedOn::Record || judged.lent {
            return None;
        }
        let own = Some(pair.permission).filter(|it| *it != EVERYBODY);
        let limits = own
            .into_iter()
            .chain(state.model().narrowing(operation, pair));
        let granted: Vec<(u16, u8)> = limits
            .map(|it| (it, self.holder.granted(it)))
            .filter(|(_, scope)| *scope > 0)
            .collect();
        let reaches = granted.iter().map(|(_, scope)| *scope).min()?;
        let reaches = Scope::from_u8(reaches)?;
        let is_lendable = matches!(reaches, Scope::Reports | Scope::Peers)
            && judged.reaches.is_err()
            && state.is_lent_at(self.recorded.viewer.position, judged.pair);
        if reaches as u8 >= needed || is_lendable {
            return None;
        }
        let limited_by: Vec<u16> = granted
            .iter()
            .filter(|(_, scope)| *scope < needed)
            .map(|(permission, _)| *permission)
            .collect();
        for &permission in &limited_by {
            self.matters(permission);
            self.too_narrow.insert(permission);
        }
        Some(Cause::OutOfScope {
            permission,
            reaches,
            needed: Scope::from_u8(needed)?,
            limited_by: limited_by
                .iter()
                .map(|it| self.names.permission(*it))
                .collect(),
        })
    }

    /// Everybody below who has the pair at All (S6): a look at each user.
    fn lent(&self, pair: u16) -> Lent {
        let (state, viewer) = (self.state, self.recorded.viewer.position);
        let mut lent = Lent {
            by: Vec::new(),
            count: 0,
        };
        for user in 0..state.user_numbers() {
            let Some(record) = state.user_record(user) else {
                continue;
            };
            let lends = !record.is_suspended()
                && state.position_id(record.position).is_some()
                && state.stands_below(record.position, viewer)
                && state.pair_scope(record.access(), pair) == Some(Ok(Scope::All as u8));
            if !lends {
                continue;
            }
            lent.count += 1;
            if let (true, Some(id)) = (lent.by.len() < Lent::NAMED, state.user_id(user)) {
                lent.by.push(Lender {
                    user: id.to_owned(),
                    position: self.names.position(record.position),
                });
            }
        }
        lent
    }

    fn permission(&self, permission: u16) -> PermissionFinding {
        let (state, names) = (self.state, &self.names);
        let granted = self.holder.granted(permission);
        let named = || names.permission(permission);
        let known = state.model().permissions.get(permission as usize);
        let requires = known.map_or(&[][..], |it| &it.requires);
        let mut causes = Vec::new();
        if granted == 0 {
            causes.push(Cause::NotGranted {
                permission: named(),
                roles: held(state, names, &self.recorded.asking),
                setting: setting_of(state, permission).map(|role| names.role(role)),
            });
            causes.extend(elsewhere(
                state,
                names,
                &self.recorded.asking,
                permission,
                1,
            ));
        }
        if self.holder.denied(permission) {
            causes.push(Cause::Denied {
                permission: named(),
                roles: Vec::new(),
            });
        }
        let mut node = known;
        let mut on = Part::Permission;
        while let Some(known) = node {
            self.add_features(&known.features, on, Some(&known.path), &mut causes);
            let above = known.parent;
            node = above.and_then(|it| state.model().permissions.get(it as usize));
            on = Part::Ancestor;
        }
        let missing = requires
            .iter()
            .filter(|it| !self.holder.is_effective(state, **it));
        causes.extend(missing.map(|needed| Cause::PrerequisiteMissing {
            prerequisite: names.permission(*needed),
            on: Part::Permission,
            permission: Some(named()),
        }));
        let needed = self.needed();
        if let (true, Some(granted), Some(wide)) = (
            self.too_narrow.contains(&permission),
            Scope::from_u8(granted),
            Scope::from_u8(needed),
        ) {
            causes.push(Cause::TooNarrow {
                permission: named(),
                granted,
                needed: wide,
            });
            causes.extend(elsewhere(
                state,
                names,
                &self.recorded.asking,
                permission,
                needed,
            ));
        }
        PermissionFinding {
            permission: named(),
            granted: Scope::from_u8(granted),
            requires: requires
                .iter()
                .map(|it| names.path(*it).to_owned())
                .collect(),
            causes,
        }
    }
}
