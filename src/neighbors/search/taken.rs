//! What a search keeps of the rows it meets.

use crate::float::Float;

/// A row that was met: its sum, and its number.
pub(crate) type Met<F> = (F, u32);

/// Keeps rows.
pub(crate) trait Take<F> {
    /// Rows beyond it are of no interest.
    fn limit(&self) -> F;
    /// A row, at most `limit` away.
    fn take(&mut self, sum: F, row: u32);
}

/// Up to this many are kept in order all the time, so that a tree knows at once what is too far.
const SORTED: usize = 128;
/// The same where all rows pass by, and less depends on it.
const SORTED_OF_ALL: usize = 32;

/// The `k` nearest, of equal distances those with the smaller numbers.
pub(crate) struct Nearest<F> {
    k: usize,
    /// Kept in order all the time; else sorted when there are twice as many.
    in_order: bool,
    /// A row that does not count.
    without: u32,
    limit: F,
    met: Vec<Met<F>>,
}

fn order<F: Float>(a: &Met<F>, b: &Met<F>) -> std::cmp::Ordering {
    a.0.f64().total_cmp(&b.0.f64()).then(a.1.cmp(&b.1))
}

impl<F: Float> Nearest<F> {
    pub(crate) fn new(k: usize, without: Option<u32>) -> Self {
        Self::with(k, without, k <= SORTED)
    }

    /// As `new`, for a search that all rows pass by.
    pub(crate) fn of_all(k: usize, without: Option<u32>) -> Self {
        Self::with(k, without, k <= SORTED_OF_ALL)
    }

    fn with(k: usize, without: Option<u32>, in_order: bool) -> Self {
        Nearest {
            k,
            in_order,
            without: without.unwrap_or(u32::MAX),
            limit: F::infinity(),
            met: Vec::with_capacity(if in_order { k + 1 } else { 2 * k }),
        }
    }

    /// What was kept, nearest first.
    pub(crate) fn sorted(&mut self) -> &[Met<F>] {
        if !self.in_order {
            self.met.sort_unstable_by(order);
            self.met.truncate(self.k);
        }
        &self.met
    }
}

impl<F: Float> Take<F> for Nearest<F> {
    #[inline(always)]
    fn limit(&self) -> F {
        self.limit
    }

    fn take(&mut self, sum: F, row: u32) {
        if row == self.without || sum > self.limit {
            return;
        }
        let new = (sum, row);
        if !self.in_order {
            self.met.push(new);
            if self.met.len() >= 2 * self.k {
                let (_, last, _) = self.met.select_nth_unstable_by(self.k - 1, order);
                self.limit = last.0;
                self.met.truncate(self.k);
            }
            return;
        }
        let mut at = self.met.len();
        while at > 0 && order(&new, &self.met[at - 1]).is_lt() {
            at -= 1;
        }
        if at == self.k {
            return;
        }
        self.met.insert(at, new);
        self.met.truncate(self.k);
        if let Some(last) = self.met.get(self.k - 1) {
            self.limit = last.0;
        }
    }
}

/// All within a limit.
pub(crate) struct Within<F> {
    limit: F,
    without: u32,
    pub(crate) met: Vec<Met<F>>,
}

impl<F: Float> Within<F> {
    pub(crate) fn new(limit: F, without: Option<u32>) -> Self {
        Within {
            limit,
            without: without.unwrap_or(u32::MAX),
            met: Vec::new(),
        }
    }

    /// By distance and then number, or by number.
    pub(crate) fn sort(&mut self, by_distance: bool) {
        if by_distance {
            self.met.sort_unstable_by(order);
        } else {
            self.met.sort_unstable_by_key(|met| met.1);
        }
    }
}

impl<F: Float> Take<F> for Within<F> {
    #[inline(always)]
    fn limit(&self) -> F {
        self.limit
    }

    #[inline(always)]
    fn take(&mut self, sum: F, row: u32) {
        if row != self.without {
            self.met.push((sum, row));
        }
    }
}
