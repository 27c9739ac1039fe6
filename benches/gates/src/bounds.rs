//! What was measured, held against what is allowed.

use std::collections::BTreeMap;

/// What was measured, in the order in which it was.
#[derive(Default)]
pub(crate) struct Measured(Vec<(String, f64)>);

impl Measured {
    pub(crate) fn note(&mut self, what: String, measured: f64) {
        self.0.push((what, measured));
    }

    pub(crate) fn get(&self, what: &str) -> Option<f64> {
        let found = self.0.iter().find(|(known, _)| known == what);
        found.map(|(_, measured)| *measured)
    }

    /// Prints a table; the number of bounds that do not hold. A measurement without a bound, a bound
    /// without a measurement and a bound far above what is measured fail too: they would hold nothing.
    pub(crate) fn hold_against(&self, bounds: &BTreeMap<String, f64>) -> usize {
        let mut failures = 0;
        println!("{:<44} {:>12} {:>12}", "", "measured", "bound");
        for (what, measured) in &self.0 {
            let bound = bounds.get(what).copied();
            let verdict = match bound {
                None => "NO BOUND",
                Some(bound) if !measured.is_finite() || *measured > bound => "EXCEEDED",
                // What is timed may come out well by luck.
                Some(bound) if *measured < bound / LOOSE && !what.starts_with("time.") => {
                    "BOUND TOO LOOSE"
                }
                Some(_) => "",
            };
            failures += usize::from(!verdict.is_empty());
            let bound = bound.map_or(String::new(), |it| format!("{it:.2}"));
            println!("{what:<44} {measured:>12.2} {bound:>12} {verdict}");
        }
        for what in bounds.keys().filter(|it| self.get(it).is_none()) {
            failures += 1;
            println!("{what:<44} {:>12} NOT MEASURED", "");
        }
        failures
    }
}

/// A bound that many times what is measured guards nothing.
const LOOSE: f64 = 2.5;
