//! Which roles have which rights, a bit for each: rows of rights by columns of roles.

use super::super::review::Closure;
use crate::engine::{Planes, State};

/// The place of a permission's grant or denial among the bits of [`Planes`].
pub(super) type Right = usize;

/// Bits of as many columns.
pub(super) const WORD: usize = usize::BITS as usize;
/// Words that the tables of a pass may take: 32 MiB.
const TABLE: usize = 1 << 22;

/// How many roles have each right.
pub(super) struct Frequency {
    times: Vec<u32>,
    /// For each right that somebody has, its number among them.
    numbers: Vec<u32>,
    pub(super) rows: usize,
}

impl Frequency {
    pub(super) fn of(state: &State, groups: &[Vec<&Closure<'_>>]) -> Frequency {
        let mut times =
            vec![0_u32; Planes::none(state.model().permissions.len()).word_count() * WORD];
        let every: Vec<&Planes> = groups.iter().flatten().map(|it| it.rights).collect();
        for block in every.chunks(WORD) {
            each_row(block, |right, bits| {
                if let Some(times) = times.get_mut(right) {
                    *times += bits.count_ones();
                }
            });
        }
        let mut rows = 0;
        let numbers = times.iter().map(|times| {
            rows += u32::from(*times > 0);
            rows.saturating_sub(1)
        });
        Frequency {
            numbers: numbers.collect(),
            times,
            rows: rows as usize,
        }
    }

    pub(super) fn times(&self, right: Right) -> u32 {
        self.times.get(right).copied().unwrap_or(0)
    }

    /// As many of the groups as can be compared with each other in so many steps.
    pub(super) fn within<'g, 'e>(
        &self,
        state: &State,
        groups: &'g [Vec<&'g Closure<'e>>],
        edges: usize,
        most: u64,
    ) -> &'g [Vec<&'g Closure<'e>>] {
        let cost = |group: &Vec<&Closure<'_>>| {
            let first = group.first();
            let own = first.and_then(|it| state.role_own(it.role));
            let own = own.into_iter().flat_map(Planes::widest);
            let (count, rarest) = own.fold((0, u64::MAX), |(count, rarest), right| {
                (count + 1, rarest.min(self.times(right).into()))
            });
            (count, rarest, group.len())
        };
        let costs: Vec<(u64, u64, usize)> = groups.iter().map(cost).collect();
        let steps = |groups: usize| -> u64 {
            let costs = costs.get(..groups).unwrap_or_default();
            let columns: usize = costs.iter().map(|(.., roles)| roles).sum();
            let words = columns.div_ceil(WORD) as u64;
            let each = costs.iter().map(|(rights, rarest, roles)| {
                words + words.min(*rarest) * (rights + *roles as u64)
            });
            each.sum::<u64>() + words * edges as u64
        };
        let (mut fit, mut beyond) = (0, groups.len() + 1);
        while beyond - fit > 1 {
            let middle = fit + (beyond - fit) / 2;
            match steps(middle) <= most {
                true => fit = middle,
                false => beyond = middle,
            }
        }
        groups.get(..fit).unwrap_or_default()
    }
}

/// Words of columns that are gone through together.
pub(super) type Pass = std::ops::Range<usize>;

pub(super) struct Columns<'c> {
    /// The roles, those with the fewest rights first, then by id.
    pub(super) roles: Vec<Column<'c>>,
    /// For each group its columns, in order.
    by_group: Vec<Vec<usize>>,
}

pub(super) struct Column<'c> {
    breadth: usize,
    pub(super) id: &'c str,
    pub(super) role: u32,
    group: usize,
    rights: &'c Planes,
}

impl<'c> Columns<'c> {
    pub(super) fn of(groups: &[Vec<&Closure<'c>>]) -> Columns<'c> {
        let columns = groups.iter().enumerate().flat_map(|(group, roles)| {
            let breadth = roles.first().map_or(0, |it| it.rights.breadth());
            roles.iter().map(move |it| Column {
                breadth,
                id: it.id,
                role: it.role,
                group,
                rights: it.rights,
            })
        });
        let mut columns: Vec<Column<'c>> = columns.collect();
        columns.sort_unstable_by_key(|it| (it.breadth, it.id));
        let mut by_group = vec![Vec::new(); groups.len()];
        for (number, column) in columns.iter().enumerate() {
            if let Some(group) = by_group.get_mut(column.group) {
                group.push(number);
            }
        }
        Columns {
            roles: columns,
            by_group,
        }
    }

    /// The columns of a group in a pass, each with its word and bit there.
    pub(super) fn of_group(
        &self,
        group: usize,
        pass: &Pass,
    ) -> impl Iterator<Item = (usize, usize)> {
        let (start, end) = (pass.start * WORD, pass.end * WORD);
        let columns = self.by_group.get(group).map_or(&[][..], |it| it);
        let first = columns.partition_point(|it| *it < start);
        let columns = columns.iter().skip(first).take_while(move |it| **it < end);
        columns.map(move |it| ((it - start) / WORD, 1 << (it % WORD)))
    }

    /// So many columns at a time that a table of so many rows stays small.
    pub(super) fn passes(&self, rows: usize) -> impl Iterator<Item = Pass> + use<> {
        let words = self.roles.len().div_ceil(WORD);
        let width = (TABLE / rows.max(1)).clamp(1, words.max(1));
        let starts = (0..words).step_by(width);
        starts.map(move |start| start..words.min(start + width))
    }

    /// The columns of a pass, a word of them at a time.
    pub(super) fn within(&self, pass: &Pass) -> impl Iterator<Item = &[Column<'c>]> {
        let words = self.roles.chunks(WORD).skip(pass.start);
        words.take(pass.len())
    }
}

/// Tells, for each right that one of as many closures as a word has bits has, which of them have it.
fn each_row(closures: &[&Planes], mut tell: impl FnMut(Right, usize)) {
    let words = closures.first().map_or(0, |it| it.word_count());
    for word in 0..words {
        let mut block = [0; WORD];
        for (row, closure) in block.iter_mut().zip(closures) {
            *row = closure.nth_word(word);
        }
        if block.iter().all(|row| *row == 0) {
            continue;
        }
        transpose(&mut block);
        for (bit, columns) in block.into_iter().enumerate() {
            if columns != 0 {
                tell(word * WORD + bit, columns);
            }
        }
    }
}

/// Exchanges rows and columns, half by half (Warren, "Hacker's Delight", 7-3).
fn transpose(block: &mut [usize; WORD]) {
    let mut half = WORD / 2;
    let mut mask = usize::MAX >> half;
    while half > 0 {
        let mut row = 0;
        while row < WORD {
            let differs = (block[row] >> half ^ block[row + half]) & mask;
            block[row] ^= differs << half;
            block[row + half] ^= differs;
            row = (row + half + 1) & !half;
        }
        half /= 2;
        mask ^= mask << half;
    }
}

/// For each right, a bit for each column of a pass: whether it has the right.
pub(super) struct Rows<'f> {
    frequency: &'f Frequency,
    width: usize,
    words: Vec<usize>,
}

impl<'f> Rows<'f> {
    pub(super) fn of(columns: &Columns<'_>, pass: &Pass, frequency: &'f Frequency) -> Rows<'f> {
        let width = pass.len();
        let mut words = vec![0; frequency.rows * width];
        for (word, columns) in columns.within(pass).enumerate() {
            let block: Vec<&Planes> = columns.iter().map(|it| it.rights).collect();
            each_row(&block, |right, bits| {
                let row = frequency.numbers.get(right).copied().unwrap_or(0) as usize;
                if let Some(place) = words.get_mut(row * width + word) {
                    *place = bits;
                }
            });
        }
        Rows {
            frequency,
            width,
            words,
        }
    }

    fn row(&self, right: Right) -> &[usize] {
        let row = self.frequency.numbers.get(right).copied().unwrap_or(0) as usize;
        let row = self.words.get(row * self.width..(row + 1) * self.width);
        row.unwrap_or_default()
    }

    /// The columns that have all of these rights and are in all of these rows, by word: the words that are
    /// not empty.
    pub(super) fn having(
        &self,
        rarest_first: &[Right],
        inherited: &[&Vec<usize>],
    ) -> Vec<(usize, usize)> {
        let own = rarest_first.iter().map(|right| self.row(*right));
        // What is inherited is in few columns, most likely.
        let mut rows = inherited.iter().map(|row| row.as_slice()).chain(own);
        let first = rows.next().unwrap_or_default();
        let mut left: Vec<(usize, usize)> = first.iter().copied().enumerate().collect();
        left.retain(|(_, bits)| *bits != 0);
        for row in rows {
            if left.is_empty() {
                break;
            }
            left.retain_mut(|(word, bits)| {
                *bits &= row.get(*word).copied().unwrap_or(0);
                *bits != 0
            });
        }
        left
    }
}
