//! Changes to what roles inherit.

use super::super::authority::{Receivers, Target};
use super::super::refusal::{Named, Refusal};
use super::Transaction;
use super::moments::Moved;
use crate::document::{ChangeKind, RoleDocument};

impl Transaction {
    pub(super) fn add_inheritance(&mut self, role: &str, junior: &str) -> Result<(), Refusal> {
        let (number, mut document) = self.find_own_role(role)?;
        let junior_number = self.find_junior(junior)?;
        let now = self.now();
        let mut juniors = now.role_juniors(number).unwrap_or_default().to_vec();
        if juniors.contains(&junior_number) {
            return Err(Refusal::NothingToChange);
        }
        self.check_edges(1)?;
        let kind = ChangeKind::EditInheritance;
        // An import has no cycles, and is asked for all that it gives at once.
        if !self.importing {
            let closure = now.roles_below(junior_number);
            if closure.contains(&number) {
                return Err(Refusal::Cycle {
                    what: Named::Role,
                    cycle: self.cycle(number, junior_number),
                });
            }
            let scene = self.scene();
            self.authority.kind(scene, kind, Target::Everything)?;
            self.authority.assign(scene, &closure, Target::Everything)?;
        }
        self.confer_roles(kind, &[junior_number], &Receivers::Holders(number))?;
        document.inherits.push(junior.to_owned());
        juniors.push(junior_number);
        self.inherit(number, document, juniors, &[])
    }

    pub(super) fn remove_inheritance(&mut self, role: &str, junior: &str) -> Result<(), Refusal> {
        let (number, mut document) = self.find_own_role(role)?;
        let junior_number = self.find_role_to_take(junior)?;
        let now = self.now();
        let mut juniors = now.role_juniors(number).unwrap_or_default().to_vec();
        if !juniors.contains(&junior_number) {
            return self.or_retired(Err(Refusal::NothingToChange), junior_number, junior);
        }
        let closure = now.roles_below(junior_number);
        let revoked: Vec<u32> = closure.iter().copied().chain([number]).collect();
        let scene = self.scene();
        self.authority
            .kind(scene, ChangeKind::EditInheritance, Target::Everything)?;
        self.authority.revoke(scene, &revoked, Target::Everything)?;
        document.inherits.retain(|it| it != junior);
        juniors.retain(|it| *it != junior_number);
        self.inherit(number, document, juniors, &closure)
    }

    fn inherit(
        &mut self,
        number: u32,
        document: RoleDocument,
        juniors: Vec<u32>,
        taken_away: &[u32],
    ) -> Result<(), Refusal> {
        let lifting = self.compared(ChangeKind::EditInheritance, taken_away);
        let now = self.now();
        let denies_move = match now.role_closure(number) {
            Some(before) => !before.has_same_denies(&now.closure_over(number, &juniors)),
            None => false,
        };
        // Everybody who has the role, at any depth, is asked about for denies alone.
        if self.authority.is_system() || !denies_move {
            self.draft.set_juniors(number, document, juniors);
            return Ok(());
        }
        let sets = now.sets_holding(number);
        let rights = self.rights_before(&sets);
        // The role itself, held by somebody or not, and what tokens bring.
        let itself = now.role_closure(number).cloned();
        let bearers = self.bearers_of(&now.brought_above(number));
        self.draft.set_juniors(number, document, juniors);
        self.take_from(&bearers)?;
        let receivers = Receivers::Holders(number);
        let brought = bearers.iter().map(|it| (it.role, &it.before));
        for (role, before) in brought.chain(itself.iter().map(|it| (number, it))) {
            let Some(after) = self.now().role_closure(role) else {
                continue;
            };
            let mut moved = Moved::none(self.before.model().permissions.len());
            moved.compare(before, after);
            self.lift(&moved.lifted, after, &lifting, &receivers)?;
        }
        self.check_sets(ChangeKind::EditInheritance, &rights, &lifting)
    }

    /// The cycle that an edge would close: from the senior, down from the junior, back to the senior.
    fn cycle(&self, senior: u32, junior: u32) -> Vec<String> {
        let now = self.now();
        let mut came_from = std::collections::HashMap::from([(junior, junior)]);
        let mut waiting = std::collections::VecDeque::from([junior]);
        while let Some(at) = waiting.pop_front() {
            if at == senior {
                break;
            }
            for &next in now.role_juniors(at).unwrap_or_default() {
                came_from.entry(next).or_insert_with(|| {
                    waiting.push_back(next);
                    at
                });
            }
        }
        let mut back = vec![senior];
        let mut at = senior;
        while at != junior {
            match came_from.get(&at) {
                Some(&before) => at = before,
                None => break,
            }
            back.push(at);
        }
        back.push(senior);
        back.reverse();
        let names = back.into_iter().filter_map(|it| now.role_id(it));
        names.map(Into::into).collect()
    }
}
