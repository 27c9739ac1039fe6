//! Drawing a screen: each operation and each permission, and whom to ask (Q6).

use std::collections::HashMap;
use std::sync::Arc;

use super::super::what::fact;
use super::blocked::Holdings;
use super::{Ask, Blocked, ScreenOperation, ScreenPermission, ScreenType, Shown};
use crate::Scope;
use crate::decision::{Decision, Denial};
use crate::document::AskedOn;
use crate::engine::{Asker, Engine, Extent};
use crate::id::OperationId;
use crate::request::{Context, Subject};

/// Whoever draws a screen.
pub(super) struct Painter<'a, C: ?Sized> {
    engine: &'a Engine,
    context: &'a C,
    asker: Asker<'a>,
    holdings: Holdings,
    /// Whom to ask for each feature that came up.
    asked: HashMap<u16, Ask>,
}

impl<'a, C: Context + ?Sized> Painter<'a, C> {
    pub(super) fn new(engine: &'a Engine, context: &'a C, asker: Asker<'a>) -> Painter<'a, C> {
        Painter {
            engine,
            context,
            holdings: Holdings::of(engine.state(), &asker),
            asker,
            asked: HashMap::new(),
        }
    }

    pub(super) fn types(&mut self) -> (Vec<ScreenType>, Vec<(usize, usize)>) {
        let model = self.engine.state().model();
        let written = &model.document;
        let labels: HashMap<&str, _> = written
            .types
            .iter()
            .map(|it| (it.id.as_str(), &it.label))
            .collect();
        let action_labels: HashMap<(&str, &str), _> = written
            .operations
            .iter()
            .map(|it| ((it.r#type.as_str(), it.action.as_str()), &it.label))
            .collect();
        let mut types: Vec<ScreenType> = model
            .types
            .iter()
            .map(|it| ScreenType {
                label: labels.get(&*it.id).copied().cloned().flatten(),
                id: it.id.to_string(),
                operations: Vec::new(),
            })
            .collect();
        let mut places = Vec::with_capacity(model.operations.len());
        for (operation, index) in model.operations.iter().zip(0_u16..) {
            let shown = self.operation(index);
            let number = operation.r#type as usize;
            let Some(drawn) = types.get_mut(number) else {
                continue;
            };
            let label = action_labels.get(&(drawn.id.as_str(), &*operation.action));
            let label = label.copied().cloned().flatten();
            places.push((number, drawn.operations.len()));
            drawn.operations.push(ScreenOperation {
                action: operation.action.to_string(),
                label,
                on: operation.on,
                shown,
            });
        }
        (types, places)
    }

    fn operation(&mut self, operation: u16) -> Shown {
        let decision = self.can_any(operation);
        if let Some(scope) = decision.scope() {
            let scope = match self.is_lent(operation) {
                true => Scope::All,
                false => scope,
            };
            return Shown::Enabled { scope };
        }
        let (state, model) = (self.engine.state(), self.engine.state().model());
        let fact = |property| fact(model, &self.asker, self.context, property);
        match self.holdings.operation_denial(state, operation, &fact) {
            Some(denial) => self.blocked(denial),
            None => Shown::Hidden,
        }
    }

    /// Whether a pair reaches all because somebody below does (S6).
    fn is_lent(&self, operation: u16) -> bool {
        let state = self.engine.state();
        let Some(known) = state.model().operations.get(usize::from(operation)) else {
            return false;
        };
        let is_lent = |pair: u16| {
            let is_enabled = state.late_feature(operation, pair).is_none();
            let scope = self.asker.pair(operation, pair).ok();
            scope.is_some_and(|it| is_enabled && state.is_lent_to(self.asker.position(), it, pair))
        };
        known.on == AskedOn::Record && known.pairs.clone().any(is_lent)
    }

    pub(super) fn permissions(&mut self) -> Vec<ScreenPermission> {
        let state = self.engine.state();
        let model = state.model();
        let written: HashMap<&str, _> = model
            .document
            .permissions
            .iter()
            .map(|it| (it.path.as_str(), it))
            .collect();
        let mut drawn = Vec::with_capacity(model.permissions.len());
        for (permission, index) in model.permissions.iter().zip(0_u16..) {
            let shown = match Scope::from_u8(self.holdings.held(index)) {
                None => Shown::Hidden,
                Some(scope) => match self.holdings.permission_denial(state, index) {
                    Some(denial) => self.blocked(denial),
                    None => Shown::Enabled { scope },
                },
            };
            let written = written.get(permission.path.as_ref());
            drawn.push(ScreenPermission {
                path: permission.path.to_string(),
                label: written.and_then(|it| it.label.clone()),
                level: written.and_then(|it| it.level),
                shown,
            });
        }
        drawn
    }

    fn blocked(&mut self, denial: Denial) -> Shown {
        let state = self.engine.state();
        let Some(reason) = state.deny(denial).reason() else {
            return Shown::Hidden;
        };
        let feature = self.holdings.feature(&denial);
        let ask = match self.asked.get(&feature) {
            Some(known) => known.clone(),
            None => {
                let ask = self.ask(feature);
                self.asked.insert(feature, ask.clone());
                ask
            }
        };
        let feature = state.model().features.get(feature as usize);
        Shown::Blocked(Blocked {
            reason,
            feature: feature.map(|it| it.id.to_string()).unwrap_or_default(),
            ask,
        })
    }

    fn ask(&self, feature: u16) -> Ask {
        let state = self.engine.state();
        let model = state.model();
        let nobody = || Ask::Roles(Arc::from([]));
        let Some(feature) = model.features.get(feature as usize) else {
            return nobody();
        };
        let mut written = model.document.features.iter();
        let requested_by = written
            .find(|it| *it.id == *feature.id)
            .and_then(|it| it.requested_by.as_deref())
            // A type's name has no colon, an action's may.
            .and_then(|it| it.split_once(':'))
            .and_then(|(r#type, action)| model.operation(r#type, action));
        let Some(request) = requested_by else {
            return nobody();
        };
        if self.can_any(request).is_allow() {
            return Ask::Yourself;
        }
        let roles = (0..state.role_numbers()).filter_map(|role| state.role_id(role));
        let may = |role: &&str| {
            let mut subject = Subject::role(role);
            subject.account = state.account_id();
            let asked = self.engine.in_context(self.context);
            let request = OperationId::new(u32::from(request), model.brand);
            let decision = asked.can_any(subject, request, &state.any_type());
            decision.is_allow()
        };
        Ask::Roles(roles.filter(may).map(str::to_owned).collect())
    }

    fn can_any(&self, operation: u16) -> Decision {
        let on = self.engine.state().any_type();
        (self.asker).decide(operation, &on, self.context, Extent::AnyRecord)
    }
}
