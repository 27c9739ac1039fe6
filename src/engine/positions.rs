//! The reporting hierarchy, by number. Numbers are never used again.

use crate::chunked::{Chunked, Sparse};
use crate::compact_names::CompactNames;
use crate::hierarchy::{Dag, Reach, TooTangled};
use crate::names::{Known, Numbered, Registry};
use crate::ordered::Ordered;

#[derive(Default, Clone)]
pub(crate) struct Positions {
    names: Registry<CompactNames>,
    /// Which numbers are in use.
    live: Chunked<bool, 12>,
    /// What a person reads, of those that have it.
    labels: Sparse<Box<str>>,
    /// Senior and junior, of every edge.
    juniors: Ordered<(u32, u32)>,
    /// The same edges, the other way round.
    seniors: Ordered<(u32, u32)>,
    pub(crate) reach: Reach,
    count: usize,
}

/// Why a hierarchy cannot be.
pub(crate) enum NoHierarchy {
    /// The cycles, each whole.
    Cycles(Vec<Vec<u32>>),
    Tangled,
}

impl Positions {
    pub(crate) fn new(names: CompactNames, edges: &[(u32, u32)], reach: Reach) -> Positions {
        let count = names.len();
        Positions {
            names: names.into(),
            live: std::iter::repeat_n(true, count).collect(),
            labels: Sparse::default(),
            juniors: edges.iter().copied().collect(),
            seniors: edges
                .iter()
                .map(|(senior, junior)| (*junior, *senior))
                .collect(),
            reach,
            count,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name).filter(|it| self.is_live(*it))
    }

    pub(crate) fn is_live(&self, position: u32) -> bool {
        self.live.get(position as usize).is_some_and(|live| *live)
    }

    pub(crate) fn name(&self, position: u32) -> Option<&str> {
        self.names.text(position).filter(|_| self.is_live(position))
    }

    pub(crate) fn label(&self, position: u32) -> Option<&str> {
        self.labels.get(position).map(AsRef::as_ref)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.names.len() as u32
    }

    pub(crate) fn edge_count(&self) -> usize {
        self.juniors.len()
    }

    pub(crate) fn juniors(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        self.juniors.with(position)
    }

    pub(crate) fn seniors(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        self.seniors.with(position)
    }

    pub(crate) fn set_label(&mut self, position: u32, label: Option<&str>) {
        self.labels.set(position, label.map(Into::into));
    }

    /// Adds a position that nobody holds and none reports to; its number, and whether the hierarchy
    /// must be worked out anew ([`Positions::relabel`]).
    pub(crate) fn add(&mut self, name: &str, seniors: &[u32]) -> (u32, bool) {
        let number = self.names.add(name);
        self.live.push(true);
        self.count += 1;
        for &senior in seniors {
            self.juniors.insert((senior, number));
            self.seniors.insert((number, senior));
        }
        let added = match seniors {
            [] => self.reach.add(None),
            [senior] => self.reach.add(Some(*senior)),
            _ => false,
        };
        (number, !added)
    }

    /// Removes a position that none reports to.
    pub(crate) fn remove(&mut self, position: u32) {
        if let Some(live) = self.live.get_mut(position as usize)
            && std::mem::replace(live, false)
        {
            self.count -= 1;
        }
        let seniors: Vec<u32> = self.seniors(position).collect();
        for senior in seniors {
            self.juniors.remove(&(senior, position));
            self.seniors.remove(&(position, senior));
        }
        self.labels.set(position, None);
        self.reach.take_out(position);
    }

    /// Lets a position report to others; the hierarchy must be worked out anew.
    pub(crate) fn set_seniors(&mut self, position: u32, seniors: &[u32]) {
        let before: Vec<u32> = self.seniors(position).collect();
        for senior in before {
            self.juniors.remove(&(senior, position));
            self.seniors.remove(&(position, senior));
        }
        for &senior in seniors {
            self.juniors.insert((senior, position));
            self.seniors.insert((position, senior));
        }
    }

    /// Works out anew who stands below whom.
    pub(crate) fn relabel(&mut self) -> Result<(), NoHierarchy> {
        let dag = self.dag().map_err(NoHierarchy::Cycles)?;
        self.reach = Reach::new(&dag).map_err(|TooTangled| NoHierarchy::Tangled)?;
        for position in 0..self.numbers() {
            if !self.is_live(position) {
                self.reach.take_out(position);
            }
        }
        Ok(())
    }

    pub(crate) fn dag(&self) -> Result<Dag, Vec<Vec<u32>>> {
        let edges: Vec<(u32, u32)> = self.juniors.iter().copied().collect();
        Dag::new(self.numbers() as usize, &edges)
    }
}

impl Known for Positions {
    fn number(&self, name: &str) -> Option<u32> {
        self.find(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.numbers()).filter_map(|position| self.name(position))
    }
}
