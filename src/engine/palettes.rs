//! Cells of many access sets in few bits: a palette of cells for each column, and for each row the number
//! of one of them.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::cells::Cell;
use crate::ordered::Ordered;

/// A table of cells, packed.
///
/// Most columns have few different cells: of an operation that is granted at `All` or not at all, two. A
/// column is 1, 2, 4, 8 or 16 bits wide, as its palette needs, and sixteen of its rows lie side by side. A
/// palette holds whole cells, so that every reason stays what it is. A column that must be widened makes all
/// blocks be copied, and then every palette also gets one spare cell.
///
/// Code 0 is the cell of somebody without rights. Cells that no row has any more keep their codes until the
/// tables are made anew, which is at the latest when a column has used up all 65,536.
///
/// Tried and dropped: blocks that are stored once where they are alike (more than dense where they are not);
/// bits and ranks, sorted lists, and allows alone with denials worked out (mispredicted branches on mixed
/// answers, three times as slow).
#[derive(Clone)]
pub(crate) struct Palettes {
    columns: Arc<[Column]>,
    /// The palettes, one behind the other.
    cells: Arc<[Cell]>,
    /// The last code of each column.
    last: Arc<[u16]>,
    /// Column, cell and code, of the palettes that are not searched from end to end.
    codes: Ordered<(u16, Cell, u16)>,
    /// [`ROWS`] rows each: for every column, as many units as it is bits wide.
    blocks: Arc<[Arc<[u16]>]>,
    rows: usize,
}

const ROWS_BITS: u32 = 4;
/// As many as a unit has bits: a code then never lies in two.
const ROWS: usize = 1 << ROWS_BITS;

/// Palettes of up to that many cells are searched from end to end.
const SEARCHED: usize = 16;

/// Where a column begins in a block, and its palette among the cells, in 24 bits each; then how many bits
/// wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column(u64);

const PLACE_BITS: u32 = 24;
const PLACE: u64 = (1 << PLACE_BITS) - 1;

impl Column {
    /// `None` where the places do not fit.
    fn new(offset: usize, base: usize, width: u32) -> Option<Column> {
        let place = |place: usize| u64::try_from(place).ok().filter(|it| *it <= PLACE);
        Some(Column(
            place(offset)? | place(base)? << PLACE_BITS | u64::from(width) << (2 * PLACE_BITS),
        ))
    }

    #[inline]
    fn offset(self) -> usize {
        (self.0 & PLACE) as usize
    }

    #[inline]
    fn base(self) -> usize {
        (self.0 >> PLACE_BITS & PLACE) as usize
    }

    #[inline]
    fn width(self) -> usize {
        (self.0 >> (2 * PLACE_BITS)) as usize
    }

    /// The unit of a block in which the code of a row lies, and how far up.
    #[inline]
    fn place(self, row: usize) -> (usize, usize) {
        let bits = row % ROWS * self.width();
        (self.offset() + bits / ROWS, bits % ROWS)
    }

    #[inline]
    fn mask(self) -> usize {
        (1 << self.width()) - 1
    }

    #[inline]
    fn read(self, block: &[u16], row: usize) -> Option<usize> {
        let (unit, shift) = self.place(row);
        Some(usize::from(*block.get(unit)? >> shift) & self.mask())
    }

    fn write(self, block: &mut [u16], row: usize, code: u16) {
        let (unit, shift) = self.place(row);
        if let Some(unit) = block.get_mut(unit) {
            *unit = *unit & !((self.mask() as u16) << shift) | code << shift;
        }
    }
}

/// More different cells than palettes can tell apart. Nobody's rights come to that; such a table is kept
/// dense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Palettes {
    /// A table without rows, for columns in which somebody without rights has these cells.
    pub(crate) fn new(nobody: &[Cell]) -> Result<Palettes, TooMany> {
        let last = vec![0; nobody.len()];
        let (columns, room) = laid_out(&last)?;
        let mut cells = vec![Cell::NOTHING; room];
        for (column, cell) in columns.iter().zip(nobody) {
            if let Some(slot) = cells.get_mut(column.base()) {
                *slot = *cell;
            }
        }
        Ok(Palettes {
            columns,
            cells: cells.into(),
            last: last.into(),
            codes: Ordered::default(),
            blocks: Arc::default(),
            rows: 0,
        })
    }

    #[inline]
    pub(crate) fn get(&self, row: usize, column: usize) -> Option<Cell> {
        let column = *self.columns.get(column)?;
        if row >= self.rows {
            return None;
        }
        let code = column.read(self.blocks.get(row / ROWS)?, row)?;
        self.cells.get(column.base() + code).copied()
    }

    /// The units of a block.
    fn stride(&self) -> usize {
        self.columns.last().map_or(0, |it| it.offset() + it.width())
    }

    /// The code of a cell in its column.
    fn code(&self, column: u16, cell: Cell) -> Option<u16> {
        let at = usize::from(column);
        let last = usize::from(*self.last.get(at)?);
        if last >= SEARCHED {
            let known = self
                .codes
                .range((column, cell, 0)..=(column, cell, u16::MAX));
            return known.map(|(_, _, code)| *code).next();
        }
        let base = self.columns.get(at)?.base();
        let mut palette = self.cells.get(base..=base + last)?.iter();
        palette.position(|known| *known == cell).map(|it| it as u16)
    }

    /// How many cells the palette of a column has room for.
    fn room(&self, column: usize) -> usize {
        let base = |column: usize| self.columns.get(column).map(|it| it.base());
        let end = base(column + 1).unwrap_or(self.cells.len());
        end - base(column).unwrap_or(end)
    }

    /// Adds cells to palettes, in the order of their codes; `last` are then the last codes of all columns.
    fn add(&mut self, added: &[(u16, Cell, u16)], last: &[u16]) -> Result<(), TooMany> {
        let fits = |(column, _, code): &(u16, Cell, u16)| {
            usize::from(*code) < self.room(usize::from(*column))
        };
        if !added.iter().all(fits) {
            self.lay_out(last)?;
        }
        let cells = Arc::make_mut(&mut self.cells);
        for &(column, cell, code) in added {
            let column = self.columns.get(usize::from(column));
            if let Some(slot) = column.and_then(|it| cells.get_mut(it.base() + usize::from(code))) {
                *slot = cell;
            }
        }
        for &(column, cell, code) in added {
            if usize::from(code) > SEARCHED {
                self.codes.insert((column, cell, code));
            } else if usize::from(code) == SEARCHED {
                // The first that makes it too long to be searched, and all before it.
                let base = self.columns.get(usize::from(column));
                let base = base.map_or(0, |it| it.base());
                for code in 0..=code {
                    if let Some(cell) = self.cells.get(base + usize::from(code)) {
                        self.codes.insert((column, *cell, code));
                    }
                }
            }
        }
        self.last = last.into();
        Ok(())
    }

    /// Gives every palette room for these last codes and one more, and copies the blocks where a column
    /// becomes wider.
    fn lay_out(&mut self, last: &[u16]) -> Result<(), TooMany> {
        let (columns, room) = laid_out(last)?;
        let mut cells = vec![Cell::NOTHING; room];
        for ((old, new), last) in self.columns.iter().zip(&*columns).zip(&*self.last) {
            let known = self.cells.iter().skip(old.base());
            let slots = cells.iter_mut().skip(new.base());
            for (slot, cell) in slots.zip(known).take(usize::from(*last) + 1) {
                *slot = *cell;
            }
        }
        let widening = Widening::new(&self.columns, &columns);
        if !widening.wider.is_empty() {
            let blocks = self.blocks.iter();
            self.blocks = blocks.map(|block| widening.widened(block)).collect();
        }
        self.columns = columns;
        self.cells = cells.into();
        Ok(())
    }

    /// Writes the codes of rows; a column that is not named is 0.
    fn write(&mut self, rows: &[Row], mut codes: &[(u16, u16)]) {
        let end = rows.iter().map(|row| row.number as usize + 1).max();
        let blocks = end.unwrap_or(0).div_ceil(ROWS);
        if let Some(missing) = blocks.checked_sub(self.blocks.len())
            && missing > 0
        {
            let stride = self.stride();
            let more = std::iter::repeat_with(|| std::iter::repeat_n(0, stride).collect());
            let known = self.blocks.iter().cloned();
            self.blocks = known.chain(more.take(missing)).collect();
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        for row in rows {
            let (own, others) = codes.split_at_checked(row.columns).unwrap_or_default();
            codes = others;
            let number = row.number as usize;
            let Some(block) = blocks.get_mut(number / ROWS) else {
                continue;
            };
            let block = Arc::make_mut(block);
            if number < self.rows {
                // What it was is not known any more.
                for column in &*self.columns {
                    column.write(block, number, 0);
                }
            }
            for &(column, code) in own {
                if let Some(column) = self.columns.get(usize::from(column)) {
                    column.write(block, number, code);
                }
            }
            self.rows = self.rows.max(number + 1);
        }
    }

    fn bytes(&self) -> usize {
        self.blocks.len() * self.stride() * size_of::<u16>()
    }

    /// Uses every code up: whatever is written next is too many.
    #[cfg(test)]
    pub(crate) fn use_up(&mut self) {
        self.last = vec![u16::MAX; self.columns.len()].into();
        self.codes = Ordered::default();
    }
}

/// Columns for palettes that end with these codes, with one to spare; and how many cells they have room for.
fn laid_out(last: &[u16]) -> Result<(Arc<[Column]>, usize), TooMany> {
    let (mut offset, mut base) = (0, 0);
    let mut columns = Vec::with_capacity(last.len());
    for last in last {
        let codes = (usize::from(*last) + 2).min(1 << u16::BITS);
        let width = match codes.next_power_of_two().trailing_zeros() {
            bits @ (1 | 2) => bits,
            3 | 4 => 4,
            5..=8 => 8,
            _ => 16,
        };
        columns.push(Column::new(offset, base, width).ok_or(TooMany)?);
        offset += width as usize;
        base += match width {
            1 | 2 | 4 => 1 << width,
            // Their codes alone would take more than the rows.
            _ => codes.next_power_of_two(),
        };
    }
    // What lies behind the last begins where another column would.
    Column::new(offset, base, 0).ok_or(TooMany)?;
    Ok((columns.into(), base))
}

/// How blocks become those of wider columns.
struct Widening {
    /// Units that stay as they are: where they begin, and will, and how many there are.
    spans: Vec<(usize, usize, usize)>,
    wider: Vec<(Column, Column)>,
    stride: usize,
}

impl Widening {
    fn new(old: &[Column], new: &[Column]) -> Widening {
        let mut widening = Widening {
            spans: Vec::new(),
            wider: Vec::new(),
            stride: new.last().map_or(0, |it| it.offset() + it.width()),
        };
        let mut open: Option<(usize, usize, usize)> = None;
        for (old, new) in old.iter().zip(new) {
            if old.width() != new.width() {
                widening.spans.extend(open.take());
                widening.wider.push((*old, *new));
                continue;
            }
            match &mut open {
                Some((_, _, units)) => *units += old.width(),
                None => open = Some((old.offset(), new.offset(), old.width())),
            }
        }
        widening.spans.extend(open);
        widening
    }

    fn widened(&self, block: &[u16]) -> Arc<[u16]> {
        let mut widened = vec![0; self.stride];
        for &(from, to, units) in &self.spans {
            let from = block.get(from..from + units);
            let to = widened.get_mut(to..to + units);
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
        }
        for (old, new) in &self.wider {
            for row in 0..ROWS {
                let code = old.read(block, row).unwrap_or(0);
                new.write(&mut widened, row, code as u16);
            }
        }
        widened.into()
    }
}

/// A row that waits to be written, and how many of its columns are not 0.
struct Row {
    number: u32,
    columns: usize,
}

/// Rows on their way into palettes.
///
/// Those that wait take no more than what is packed already, or [`WAITING`]: however often columns must be
/// widened while a table is filled, that copies it no more often than its length can be halved.
pub(crate) struct Filling {
    palettes: Palettes,
    rows: Vec<Row>,
    /// Column and code, row by row.
    codes: Vec<(u16, u16)>,
    /// Cells that are in no palette yet.
    fresh: HashMap<(u16, Cell), u16, RandomState>,
    added: Vec<(u16, Cell, u16)>,
    /// The last code of each column, fresh ones included.
    last: Vec<u16>,
}

/// In bytes.
const WAITING: usize = 1 << 20;

impl Filling {
    pub(crate) fn new(palettes: Palettes) -> Filling {
        Filling {
            last: palettes.last.to_vec(),
            palettes,
            rows: Vec::new(),
            codes: Vec::new(),
            fresh: HashMap::default(),
            added: Vec::new(),
        }
    }

    /// Writes a row, or appends it: some of its cells, by column; the others are those of somebody without
    /// rights.
    pub(crate) fn set(&mut self, row: u32, cells: &[(u16, Cell)]) -> Result<(), TooMany> {
        let before = self.codes.len();
        for &(column, cell) in cells {
            let code = match self.palettes.code(column, cell) {
                Some(code) => code,
                None => self.fresh_code(column, cell)?,
            };
            if code != 0 {
                self.codes.push((column, code));
            }
        }
        self.rows.push(Row {
            number: row,
            columns: self.codes.len() - before,
        });
        let waiting =
            self.codes.len() * size_of::<(u16, u16)>() + self.rows.len() * size_of::<Row>();
        if waiting >= WAITING.max(self.palettes.bytes()) {
            self.flush()?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Palettes, TooMany> {
        self.flush()?;
        Ok(self.palettes)
    }

    fn fresh_code(&mut self, column: u16, cell: Cell) -> Result<u16, TooMany> {
        if let Some(code) = self.fresh.get(&(column, cell)) {
            return Ok(*code);
        }
        let last = self.last.get_mut(usize::from(column)).ok_or(TooMany)?;
        *last = last.checked_add(1).ok_or(TooMany)?;
        self.fresh.insert((column, cell), *last);
        self.added.push((column, cell, *last));
        Ok(*last)
    }

    fn flush(&mut self) -> Result<(), TooMany> {
        if !self.added.is_empty() {
            self.palettes.add(&self.added, &self.last)?;
            self.added.clear();
            self.fresh.clear();
        }
        self.palettes.write(&self.rows, &self.codes);
        self.rows.clear();
        self.codes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Denial, Verdict};

    /// Cells that are all different.
    fn cell(number: usize) -> Cell {
        let permission = (number & 0xffff) as u16;
        let fact = (number >> 16) as u16;
        Cell::for_test(Verdict::deny(Denial {
            permission,
            fact,
            ..Denial::of(crate::decision::Code::Denied)
        }))
    }

    /// A splitmix64 generator.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % n as u64) as usize
        }
    }

    /// What a table should hold, dense.
    type Dense = Vec<Vec<Cell>>;

    fn assert_same(palettes: &Palettes, dense: &Dense, width: usize) {
        for (number, row) in dense.iter().enumerate() {
            for (column, expected) in row.iter().enumerate() {
                let found = palettes.get(number, column);
                assert_eq!(found, Some(*expected), "row {number}, column {column}");
            }
            assert_eq!(palettes.get(number, width), None);
        }
        assert_eq!(palettes.get(dense.len(), 0), None);
        assert_eq!(palettes.get(u32::MAX as usize, 0), None);
    }

    #[test]
    fn every_cell_comes_back_as_it_was_written() {
        const WIDTH: usize = 40;
        let mut random = Random(7);
        let nobody: Vec<Cell> = (0..WIDTH).map(cell).collect();
        let mut palettes = Palettes::new(&nobody).unwrap();
        let mut dense: Dense = Vec::new();
        let mut widths = std::collections::BTreeSet::new();
        // So that columns come to be of every width, one after the other; a few rows at a time.
        for cells in [1, 2, 3, 5, 15, 17, 30, 2000, 2] {
            let before = (palettes.clone(), dense.clone());
            let mut filling = Filling::new(palettes);
            for _ in 0..(if cells == 2000 { 600 } else { 50 }) {
                let row = random.below(dense.len() + 3).min(dense.len());
                let mut expected = nobody.clone();
                let mut written = Vec::new();
                for column in 0..WIDTH {
                    if random.below(3) > 0 {
                        // The further to the right, the more different cells.
                        let which = random.below((cells * (column + 1) / WIDTH).max(1) + 1);
                        let new = if which == 0 {
                            nobody[column]
                        } else {
                            cell(1000 + which)
                        };
                        expected[column] = new;
                        written.push((column as u16, new));
                    }
                }
                match dense.get_mut(row) {
                    Some(slot) => *slot = expected,
                    None => dense.push(expected),
                }
                filling.set(row as u32, &written).unwrap();
            }
            palettes = filling.finish().unwrap();
            assert_same(&palettes, &dense, WIDTH);
            // The revision before is what it was.
            assert_same(&before.0, &before.1, WIDTH);
            widths.extend(palettes.columns.iter().map(|it| it.width()));
        }
        assert_eq!(widths.into_iter().collect::<Vec<_>>(), [1, 2, 4, 8, 16]);
    }

    #[test]
    fn a_row_may_be_written_twice_before_it_is_flushed() {
        let nobody = [cell(0), cell(1)];
        let mut filling = Filling::new(Palettes::new(&nobody).unwrap());
        filling.set(0, &[(0, cell(5)), (1, cell(6))]).unwrap();
        filling.set(0, &[(1, cell(7))]).unwrap();
        let palettes = filling.finish().unwrap();
        assert_same(&palettes, &vec![vec![cell(0), cell(7)]], 2);
    }

    #[test]
    fn one_more_cell_widens_nothing() {
        let nobody = [cell(0), cell(1), cell(2)];
        let mut filling = Filling::new(Palettes::new(&nobody).unwrap());
        for row in 0..100 {
            filling
                .set(row, &[(1, cell(10 + row as usize % 15))])
                .unwrap();
        }
        let palettes = filling.finish().unwrap();
        assert_eq!(palettes.columns[1].width(), 8, "16 codes, and one to spare");
        for column in [0, 2] {
            assert_eq!(palettes.columns[column].width(), 1);
            let mut filling = Filling::new(palettes.clone());
            filling.set(3, &[(column as u16, cell(99))]).unwrap();
            let changed = filling.finish().unwrap();
            assert!(Arc::ptr_eq(&changed.columns, &palettes.columns));
            // Only the block of the row is copied.
            let shared = changed.blocks.iter().zip(palettes.blocks.iter());
            let shared = shared.filter(|(new, old)| Arc::ptr_eq(new, old)).count();
            assert_eq!(shared, palettes.blocks.len() - 1);
        }
    }

    #[test]
    fn more_cells_than_there_are_codes_are_too_many() {
        let mut filling = Filling::new(Palettes::new(&[cell(0)]).unwrap());
        for row in 0..u32::from(u16::MAX) {
            filling.set(row, &[(0, cell(row as usize + 1))]).unwrap();
        }
        let refused = filling.set(70_000, &[(0, cell(70_000))]);
        assert_eq!(refused, Err(TooMany));
        let palettes = filling.finish().unwrap();
        for row in [0, 1, 15, 16, 17, 255, 256, 40_000, 65_534] {
            assert_eq!(palettes.get(row, 0), Some(cell(row + 1)));
        }
    }

    #[test]
    fn places_that_do_not_fit_are_too_many() {
        let most = PLACE as usize;
        let column = Column::new(most, most, 16).unwrap();
        assert_eq!(
            (column.offset(), column.base(), column.width()),
            (most, most, 16)
        );
        assert_eq!(Column::new(most + 1, 0, 1), None);
        assert_eq!(Column::new(0, most + 1, 1), None);
        // As many cells as all columns may have together.
        let fits = vec![u16::MAX; (1 << 8) - 1];
        assert!(laid_out(&fits).is_ok());
        let too_many = vec![u16::MAX; 1 << 8];
        assert_eq!(laid_out(&too_many).err(), Some(TooMany));
    }

    #[test]
    fn what_waits_is_no_more_than_what_is_packed() {
        let nobody: Vec<Cell> = (0..1000).map(cell).collect();
        let mut filling = Filling::new(Palettes::new(&nobody).unwrap());
        for row in 0..3000 {
            let cells = (0..1000).map(|column| (column, cell(5000 + (row as usize >> 7))));
            filling.set(row, &cells.collect::<Vec<_>>()).unwrap();
            let waiting = filling.codes.len() * size_of::<(u16, u16)>();
            assert!(waiting < WAITING.max(filling.palettes.bytes()));
        }
        let palettes = filling.finish().unwrap();
        for row in [0, 127, 128, 2999] {
            assert_eq!(palettes.get(row, 999), Some(cell(5000 + (row >> 7))));
        }
    }
}
