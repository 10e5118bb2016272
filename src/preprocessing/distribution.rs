//! A piecewise linear distribution function: from values to levels in [0, 1] or normal scores, and back.
//!
//! One search finds the first quantile that is not below a value. The interval that ends there holds all that is needed:
//! for a value inside, the line from both ends; for a value on the quantile, the mean of the first and last level of all
//! quantiles equal to it.

use std::hint::select_unpredictable;

use ndarray::ArrayView1;

use super::normal;
use crate::float::Float;

/// Values this near to the end of a column are its end, when the output is normal (scikit-learn's constant).
const NEAR: f64 = 1e-7;
/// Values that are searched for together.
const LANES: usize = 16;

/// The stretch between two neighbouring quantiles.
#[derive(Clone, Copy, Debug)]
struct Interval {
    low: f64,
    high: f64,
    slope: f64,
    low_level: f64,
    high_level: f64,
    /// The level of a value equal to `high`.
    tie: f64,
}

impl Interval {
    #[inline(always)]
    fn level(&self, x: f64) -> f64 {
        // Beyond the column the ends are as far as it goes: a difference with a value from far outside may overflow.
        let near = x.max(self.low).min(self.high);
        // From the lower end and from the upper one: scikit-learn's mean of two interpolations.
        let up = self.slope * (near - self.low) + self.low_level;
        let down = self.slope * (self.high - near) - self.high_level;
        let inside = 0.5 * (up - down);
        if x == self.high { self.tie } else { inside }
    }
}

/// The distribution function of a column.
pub(crate) struct Distribution {
    quantiles: Vec<f64>,
    /// Interval i ends at quantile i; the last one is above all.
    intervals: Vec<Interval>,
    normal: Option<Normal>,
    search: Search,
    /// What quantiles and values are multiplied by.
    scale: f64,
}

/// Half for a column whose range is beyond the largest number, otherwise 1.
fn scale_of(first: f64, last: f64) -> f64 {
    if (last - first).is_finite() { 1.0 } else { 0.5 }
}

/// How the first quantile not below a value is found.
enum Search {
    /// In a table of 2ᵏ entries, without branches, several values at a time; infinity behind the quantiles.
    Small(Box<[f64; 64]>),
    Medium(Box<[f64; 1024]>),
    Large(Box<[f64; 16384]>),
    /// By halving.
    Any,
}

/// What normal output needs.
struct Normal {
    least: f64,
    greatest: f64,
}

impl Normal {
    fn new() -> Self {
        let near = NEAR - f64::EPSILON;
        Normal {
            least: normal::quantile(near),
            greatest: normal::quantile(1.0 - near),
        }
    }

    /// The normal score of a level, of a value of a column between `first` and `last`.
    #[inline(always)]
    fn score<F: Float>(&self, x: f64, level: f64, first: f64, last: f64) -> f64 {
        // In the element type of the data, as there.
        let (near, v) = (F::of(NEAR), F::of(x));
        let level = if (v + near).f64() > last { 1.0 } else { level };
        let level = if (v - near).f64() < first { 0.0 } else { level };
        normal::quantile(level).clamp(self.least, self.greatest)
    }
}

/// The level or normal score of a single value, with the same bits as from a [`Distribution`], and without preparing one.
pub(crate) fn level_of<F: Float>(
    x: f64,
    quantiles: &ArrayView1<'_, f64>,
    levels: &[f64],
    normal: bool,
) -> f64 {
    if x.is_nan() {
        return x;
    }
    let n = quantiles.len();
    let scale = scale_of(quantiles[0], quantiles[n - 1]);
    let (mut at, mut rest) = (0, n);
    while rest > 0 {
        let half = rest / 2;
        if quantiles[at + half] < x {
            at += half + 1;
            rest -= half + 1;
        } else {
            rest = half;
        }
    }
    let mut last_equal = at;
    while last_equal + 1 < n && quantiles[last_equal + 1] == quantiles[at] {
        last_equal += 1;
    }
    let scaled = |i: usize| quantiles[i] * scale;
    let level = interval(scaled, levels, at, last_equal, normal).level(x * scale);
    if normal {
        Normal::new().score::<F>(x * scale, level, scaled(0), scaled(n - 1))
    } else {
        level
    }
}

impl Distribution {
    /// Of quantiles in order and their levels.
    pub(crate) fn new(mut quantiles: Vec<f64>, levels: &[f64], normal: bool) -> Self {
        let scale = scale_of(quantiles[0], quantiles[quantiles.len() - 1]);
        if scale != 1.0 {
            quantiles.iter_mut().for_each(|q| *q *= scale);
        }
        let search = match quantiles.len() {
            0..64 => Search::Small(padded(&quantiles)),
            64..1024 => Search::Medium(padded(&quantiles)),
            1024..16384 => Search::Large(padded(&quantiles)),
            _ => Search::Any,
        };
        Distribution {
            intervals: intervals(&quantiles, levels, normal),
            quantiles,
            normal: normal.then(Normal::new),
            search,
            scale,
        }
    }

    /// Each value becomes its level, or its normal score; NaN stay. False for an infinite value.
    pub(crate) fn levels_of<F: Float>(&self, values: &mut [f64]) -> bool {
        let finite = !values.iter().fold(false, |any, v| any | v.is_infinite());
        if self.scale != 1.0 {
            values.iter_mut().for_each(|v| *v *= self.scale);
        }
        match &self.search {
            Search::Small(table) => self.in_table::<F, 64>(table, values),
            Search::Medium(table) => self.in_table::<F, 1024>(table, values),
            Search::Large(table) => self.in_table::<F, 16384>(table, values),
            Search::Any => {
                for v in values {
                    let at = self.quantiles.partition_point(|q| q < v);
                    *v = self.level::<F>(*v, at);
                }
            }
        }
        finite
    }

    #[inline(always)]
    fn level<F: Float>(&self, x: f64, at: usize) -> f64 {
        let level = self.intervals[at].level(x);
        let z = match &self.normal {
            None => level,
            Some(ends) => {
                let (first, last) = (self.quantiles[0], self.quantiles[self.quantiles.len() - 1]);
                ends.score::<F>(x, level, first, last)
            }
        };
        if x.is_nan() { x } else { z }
    }

    fn in_table<F: Float, const N: usize>(&self, table: &[f64; N], values: &mut [f64]) {
        let mut blocks = values.chunks_exact_mut(LANES);
        for block in &mut blocks {
            if let Ok(block) = <&mut [f64; LANES]>::try_from(block) {
                let at = first_not_below(table, block);
                for (v, at) in block.iter_mut().zip(at) {
                    *v = self.level::<F>(*v, at);
                }
            }
        }
        for v in blocks.into_remainder() {
            let [at, ..] = first_not_below(table, &[*v; LANES]);
            *v = self.level::<F>(*v, at);
        }
    }
}

/// The quantiles, and infinity up to the end.
fn padded<const N: usize>(quantiles: &[f64]) -> Box<[f64; N]> {
    let mut table = Box::new([f64::INFINITY; N]);
    for (to, q) in table.iter_mut().zip(quantiles) {
        *to = *q;
    }
    table
}

/// How many entries are below each value. N is a power of two, and the last entry is infinite.
#[inline(always)]
fn first_not_below<const N: usize>(table: &[f64; N], values: &[f64; LANES]) -> [usize; LANES] {
    let mut at = [0usize; LANES];
    let mut step = N / 2;
    while step > 0 {
        for (at, v) in at.iter_mut().zip(values) {
            // Below N without the mask; with it the compiler knows.
            let below = table[(*at + step - 1) & (N - 1)] < *v;
            // A jump would be mispredicted half of the time.
            *at += select_unpredictable(below, step, 0);
        }
        step /= 2;
    }
    at
}

fn intervals(quantiles: &[f64], levels: &[f64], normal: bool) -> Vec<Interval> {
    let n = quantiles.len();
    let mut last_equal = vec![n; n + 1];
    for i in (0..n).rev() {
        let same = i + 1 < n && quantiles[i] == quantiles[i + 1];
        last_equal[i] = if same { last_equal[i + 1] } else { i };
    }
    let each = last_equal.iter().enumerate();
    each.map(|(i, last)| interval(|i| quantiles[i], levels, i, *last, normal))
        .collect()
}

/// The interval that ends at quantile `i`, or the one behind the last; quantile `last` is the last one equal to it.
#[inline(always)]
fn interval(
    quantile: impl Fn(usize) -> f64,
    levels: &[f64],
    i: usize,
    last: usize,
    normal: bool,
) -> Interval {
    let n = levels.len();
    let flat = |q: f64, level: f64, tie: f64| Interval {
        low: q,
        high: q,
        slope: 0.0,
        low_level: level,
        high_level: level,
        tie,
    };
    if i == n {
        let level = levels[n - 1];
        return flat(quantile(n - 1), level, level);
    }
    // The ends of the column are the ends of the range, whatever their ties. Normal output has a rule of its own.
    let tie = match i {
        0 if !normal => 0.0,
        _ if !normal && last == n - 1 => 1.0,
        _ => 0.5 * (levels[last] + levels[i]),
    };
    let ends = flat(quantile(i), levels[i], tie);
    if i == 0 {
        return ends;
    }
    let (low, low_level) = (quantile(i - 1), levels[i - 1]);
    let slope = (levels[i] - low_level) / (ends.high - low);
    Interval {
        low,
        slope: if slope.is_finite() { slope } else { 0.0 },
        low_level,
        ..ends
    }
}

/// The inverse of the distribution function of a column.
pub(crate) struct Inverse<'a> {
    quantiles: ArrayView1<'a, f64>,
    levels: &'a [f64],
    normal: bool,
}

impl<'a> Inverse<'a> {
    pub(crate) fn new(quantiles: ArrayView1<'a, f64>, levels: &'a [f64], normal: bool) -> Self {
        Inverse {
            quantiles,
            levels,
            normal,
        }
    }

    /// The value at a level, or at a normal score; NaN stay.
    pub(crate) fn value_at(&self, z: f64) -> f64 {
        if z.is_nan() {
            return z;
        }
        let n = self.levels.len();
        let (first, last) = (self.quantiles[0], self.quantiles[n - 1]);
        let (level, near) = if self.normal {
            (normal::cdf(z), NEAR)
        } else {
            (z, 0.0)
        };
        if level <= 0.0 || level - near < 0.0 {
            return first;
        }
        if level >= 1.0 || level + near > 1.0 || n == 1 {
            return if n == 1 && level < 1.0 { first } else { last };
        }
        // The levels are even: the place is known but for rounding.
        let mut i = ((level * (n - 1) as f64) as usize).min(n - 2);
        if self.levels[i] > level {
            i -= 1;
        } else if self.levels[i + 1] <= level {
            i += 1;
        }
        let (a, b) = (self.quantiles[i], self.quantiles[(i + 1).min(n - 1)]);
        let from = self.levels[i];
        if level == from || a == b {
            return a;
        }
        let slope = (b - a) / (self.levels[(i + 1).min(n - 1)] - from);
        let value = slope * (level - from) + a;
        if value.is_finite() {
            value
        } else {
            let share = (level - from) * (n - 1) as f64;
            a * (1.0 - share) + b * share
        }
    }
}
