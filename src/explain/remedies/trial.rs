//! Trying sets of steps: what is proposed is applied, and asked again.

use std::cell::Cell;

use super::case::Case;
use super::step::{Step, changes};
use crate::admin::{Actor, Change};
use crate::{Decision, Engine, Timestamp};

/// So many transactions are tried for one denial.
const TRIED: usize = 1_500;
/// Of so many parts that may also close something, every selection is tried.
const SELECTED: usize = 8;

pub(super) struct Trial<'t, 's> {
    pub(super) case: &'t Case<'s>,
    pub(super) engine: &'t Engine,
    pub(super) at: Timestamp,
    pub(super) ask: &'t dyn Fn(&Engine) -> Decision,
    tried: Cell<usize>,
    gave_up: Cell<bool>,
}

/// Steps that allow what was denied, and of which none can be left out.
pub(super) struct Proven {
    pub(super) steps: Vec<Step>,
    pub(super) changes: Vec<Change>,
    pub(super) engine: Engine,
}

impl<'t, 's> Trial<'t, 's> {
    pub(super) fn of(
        case: &'t Case<'s>,
        engine: &'t Engine,
        at: Timestamp,
        ask: &'t dyn Fn(&Engine) -> Decision,
    ) -> Trial<'t, 's> {
        Trial {
            case,
            engine,
            at,
            ask,
            tried: Cell::new(0),
            gave_up: Cell::new(false),
        }
    }

    /// Whether something was left untried.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// Whether nothing more is tried, of what would be.
    pub(super) fn is_spent(&self) -> bool {
        self.gave_up() && self.tried.get() >= TRIED
    }

    /// The engine after these steps, where a guard does not refuse them and they allow.
    fn allowing(&self, steps: Vec<Step>) -> Option<Proven> {
        if steps.is_empty() {
            return None;
        }
        if self.tried.get() >= TRIED {
            self.gave_up.set(true);
            return None;
        }
        self.tried.set(self.tried.get() + 1);
        let changes = changes(self.case, &steps)?;
        let applied = self.engine.apply(&Actor::System, self.at, &changes).ok()?;
        let engine = applied.into_engine();
        (self.ask)(&engine).is_allow().then_some(Proven {
            steps,
            changes,
            engine,
        })
    }

    /// The least of these steps that allow: no selection of fewer does.
    ///
    /// Steps that only open can be tried one by one, since without one of them no fewer of them allow
    /// either (law 4). Of the others every selection is tried, the smallest first.
    pub(super) fn least(&self, steps: &[Step]) -> Option<Proven> {
        let (opening, others): (Vec<Step>, Vec<Step>) =
            steps.iter().partition(|step| step.only_opens());
        if others.len() > SELECTED {
            self.gave_up.set(true);
            return None;
        }
        let mut selections: Vec<u32> = (0..1 << others.len()).collect();
        selections.sort_by_key(|it| it.count_ones());
        for selection in selections {
            let numbered = others.iter().zip(0..);
            let selected = numbered.filter(|(_, n)| selection & 1 << n != 0);
            let selected: Vec<Step> = selected.map(|(step, _)| *step).collect();
            let with = |opening: &[Step]| {
                let mut all = [&selected[..], opening].concat();
                all.sort_unstable();
                self.allowing(all)
            };
            let Some(mut least) = with(&opening) else {
                // What is not tried proves nothing.
                if self.gave_up() {
                    return None;
                }
                continue;
            };
            let mut kept = opening.clone();
            for step in &opening {
                let fewer: Vec<Step> = kept.iter().copied().filter(|it| it != step).collect();
                if let Some(enough) = with(&fewer) {
                    (least, kept) = (enough, fewer);
                } else if self.gave_up() {
                    return None;
                }
            }
            return Some(least);
        }
        None
    }
}
