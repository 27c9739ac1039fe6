//! What roles inherit: what a group's rights are made of, and who is above whom.

use std::collections::HashSet;

use super::super::review::Closure;
use super::rows::{Columns, Pass};
use crate::engine::{Planes, State};
use crate::hierarchy::Dag;

/// What each group's rights are made of.
pub(super) struct Stated {
    /// The group of each role, and of each group a role that inherits no other of the group.
    group_of: Vec<Option<usize>>,
    speakers: Vec<u32>,
    /// The groups, each after those that it inherits.
    pub(super) juniors_first: Vec<usize>,
    /// Those that another inherits.
    pub(super) inherited: HashSet<usize>,
}

/// A part of what a group comes to.
pub(super) enum Part<'s> {
    Rights(&'s Planes),
    Group(usize),
}

impl Stated {
    pub(super) fn of(state: &State, groups: &[Vec<&Closure<'_>>]) -> Stated {
        let mut group_of = vec![None; state.role_numbers() as usize];
        for (number, group) in groups.iter().enumerate() {
            for role in group {
                if let Some(known) = group_of.get_mut(role.role as usize) {
                    *known = Some(number);
                }
            }
        }
        let same = |role: u32, number| group_of.get(role as usize) == Some(&Some(number));
        let speakers = groups.iter().enumerate().map(|(number, group)| {
            let mut roles = group.iter().map(|it| it.role);
            // No role inherits itself, at any depth: one of them inherits none of the others.
            let speaker = roles.find(|role| {
                let juniors = state.role_juniors(*role).unwrap_or_default();
                !juniors.iter().any(|junior| same(*junior, number))
            });
            speaker.unwrap_or_default()
        });
        let speakers: Vec<u32> = speakers.collect();
        // Whoever inherits another group has more rights.
        let breadth = |number: &usize| {
            let first = groups.get(*number).and_then(|it| it.first());
            first.map_or(0, |it| it.rights.weight())
        };
        let mut juniors_first: Vec<usize> = (0..groups.len()).collect();
        juniors_first.sort_by_cached_key(breadth);
        let mut stated = Stated {
            group_of,
            speakers,
            juniors_first,
            inherited: HashSet::new(),
        };
        let every = 0..groups.len();
        let inherited = every.flat_map(|number| stated.parts(state, number));
        let inherited = inherited.filter_map(|part| match part {
            Part::Group(group) => Some(group),
            Part::Rights(_) => None,
        });
        stated.inherited = inherited.collect();
        stated
    }

    /// What a group's rights are united of: those of its own, and those of its juniors.
    pub(super) fn parts<'s>(
        &'s self,
        state: &'s State,
        group: usize,
    ) -> impl Iterator<Item = Part<'s>> {
        let speaker = self.speakers.get(group).copied();
        let own = speaker.and_then(|it| state.role_own(it));
        let juniors = speaker.and_then(|it| state.role_juniors(it));
        let juniors = juniors.into_iter().flatten().filter_map(|junior| {
            match self.group_of.get(*junior as usize).copied().flatten() {
                Some(group) => Some(Part::Group(group)),
                // A retired one has its denies yet.
                None => Some(Part::Rights(state.role_closure(*junior)?)),
            }
        });
        own.into_iter().map(Part::Rights).chain(juniors)
    }
}

/// Which roles inherit which, at any depth.
pub(super) struct Inheritance {
    /// `None` where none inherits another.
    dag: Option<Dag>,
    pub(super) edges: usize,
    /// How many roles another inherits, and for each role its number among them.
    pub(super) juniors: usize,
    numbers: Vec<Option<u32>>,
}

impl Inheritance {
    pub(super) fn of(state: &State) -> Inheritance {
        let roles = 0..state.role_numbers();
        let edges = roles.clone().flat_map(|senior| {
            let juniors = state.role_juniors(senior).unwrap_or_default();
            juniors.iter().map(move |junior| (senior, *junior))
        });
        let edges: Vec<(u32, u32)> = edges.collect();
        let mut numbers = vec![None; roles.len()];
        let mut juniors = 0;
        for (_, junior) in &edges {
            if let Some(number @ None) = numbers.get_mut(*junior as usize) {
                *number = Some(juniors);
                juniors += 1;
            }
        }
        Inheritance {
            dag: match edges.is_empty() {
                true => None,
                false => Dag::new(roles.len(), &edges).ok(),
            },
            edges: edges.len(),
            juniors: juniors as usize,
            numbers,
        }
    }

    /// The columns of a pass that inherit each role.
    pub(super) fn rows(&self, columns: &Columns<'_>, pass: &Pass) -> Seniors<'_> {
        let width = pass.len();
        let mut seniors = Seniors {
            numbers: &self.numbers,
            width,
            words: vec![0; self.juniors * width],
        };
        let Some(dag) = &self.dag else {
            return seniors;
        };
        let mut columns_of = vec![None; self.numbers.len()];
        for (word, columns) in columns.within(pass).enumerate() {
            for (bit, column) in columns.iter().enumerate() {
                if let Some(place) = columns_of.get_mut(column.role as usize) {
                    *place = Some((word, 1 << bit));
                }
            }
        }
        let mut above = vec![0; width];
        for senior in dag.seniors_first() {
            let juniors = dag.juniors(senior);
            if juniors.is_empty() {
                continue;
            }
            above.fill(0);
            for (all, bits) in above.iter_mut().zip(seniors.of(senior)) {
                *all = *bits;
            }
            if let Some(Some((word, bit))) = columns_of.get(senior as usize)
                && let Some(bits) = above.get_mut(*word)
            {
                *bits |= bit;
            }
            for junior in juniors {
                for (all, bits) in seniors.of_mut(*junior).iter_mut().zip(&above) {
                    *all |= bits;
                }
            }
        }
        seniors
    }
}

/// For each role that another inherits, a bit for each column of a pass: whether it inherits the role.
pub(super) struct Seniors<'i> {
    numbers: &'i [Option<u32>],
    width: usize,
    words: Vec<usize>,
}

impl Seniors<'_> {
    fn range(&self, role: u32) -> Option<std::ops::Range<usize>> {
        let row = self.numbers.get(role as usize).copied().flatten()? as usize;
        Some(row * self.width..(row + 1) * self.width)
    }

    pub(super) fn of(&self, role: u32) -> &[usize] {
        let row = self.range(role).and_then(|it| self.words.get(it));
        row.unwrap_or_default()
    }

    fn of_mut(&mut self, role: u32) -> &mut [usize] {
        let range = self.range(role);
        let row = range.and_then(|it| self.words.get_mut(it));
        row.unwrap_or_default()
    }
}
