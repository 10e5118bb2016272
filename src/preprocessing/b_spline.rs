//! Values and slopes of B-splines.
//!
//! Over knots t₀ ≤ t₁ ≤ ... the basis of degree d is made from that of degree d − 1 (Cox and de Boor):
//! ```text
//! B(i, 0)(x) = 1 for tᵢ ≤ x < tᵢ₊₁, else 0
//! B(i, d)(x) = (x − tᵢ) / (tᵢ₊d − tᵢ) · B(i, d−1)(x) + (tᵢ₊d₊₁ − x) / (tᵢ₊d₊₁ − tᵢ₊₁) · B(i+1, d−1)(x)
//! ```
//! where a quotient with denominator 0 counts as 0. At any x at most d + 1 of them are not zero: those that end at the
//! interval of x. They are computed together, from degree 0 up, in d (d + 1) / 2 steps.
//!
//! C. de Boor (1972), "On calculating with B-splines".

/// The basis over one column's knots, at least 2 d + 2 of them, ascending.
pub(super) struct Basis<'a> {
    pub(super) knots: &'a [f64],
    pub(super) degree: usize,
}

impl Basis<'_> {
    /// How many functions there are.
    pub(super) fn len(&self) -> usize {
        self.knots.len() - self.degree - 1
    }

    /// The ends of the range where the functions sum to one.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.knots[self.degree], self.knots[self.len()])
    }

    /// The interval of `x`: the last that begins at or before it, within the range above; beyond the range, its nearest.
    #[inline(always)]
    pub(super) fn interval(&self, x: f64) -> usize {
        let inner = &self.knots[self.degree + 1..self.len()];
        // A few comparisons without a branch beat a search.
        let before = if inner.len() <= 16 {
            inner.iter().map(|t| usize::from(*t <= x)).sum()
        } else {
            inner.partition_point(|t| *t <= x)
        };
        self.degree + before
    }

    /// The functions `interval − degree` to `interval` at `x`, into as many values.
    #[inline(always)]
    pub(super) fn values(&self, interval: usize, x: f64, values: &mut [f64]) {
        values[0] = 1.0;
        for degree in 1..=self.degree {
            self.raise(interval, degree, values, |lower, width, left, right| {
                let part = lower / width;
                (part * (right - x), part * (x - left))
            });
        }
    }

    /// Their derivatives at `x`.
    pub(super) fn slopes(&self, interval: usize, x: f64, values: &mut [f64]) {
        if self.degree == 0 {
            values[0] = 0.0;
            return;
        }
        values[0] = 1.0;
        for degree in 1..self.degree {
            self.raise(interval, degree, values, |lower, width, left, right| {
                let part = lower / width;
                (part * (right - x), part * (x - left))
            });
        }
        let d = self.degree as f64;
        self.raise(interval, self.degree, values, |lower, width, _, _| {
            let part = d * lower / width;
            (-part, part)
        });
    }

    /// From the functions of one degree to those of the next: each gives a part to two.
    #[inline(always)]
    fn raise(
        &self,
        interval: usize,
        degree: usize,
        values: &mut [f64],
        parts: impl Fn(f64, f64, f64, f64) -> (f64, f64),
    ) {
        // What the function before gave to the one at hand.
        let mut carried = 0.0;
        for n in 1..=degree {
            let (left, right) = (self.knots[interval + n - degree], self.knots[interval + n]);
            let lower = values[n - 1];
            let (down, up) = if left == right {
                (0.0, 0.0)
            } else {
                parts(lower, right - left, left, right)
            };
            values[n - 1] = carried + down;
            carried = up;
        }
        values[degree] = carried;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOTS: [f64; 11] = [-3.0, -1.5, -1.0, 0.0, 0.4, 1.0, 2.5, 3.0, 3.25, 4.0, 6.0];

    /// The recursion as it is written.
    fn by_definition(t: &[f64], i: usize, d: usize, x: f64) -> f64 {
        if d == 0 {
            return f64::from(u8::from(t[i] <= x && x < t[i + 1]));
        }
        let quotient = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
        quotient(x - t[i], t[i + d] - t[i]) * by_definition(t, i, d - 1, x)
            + quotient(t[i + d + 1] - x, t[i + d + 1] - t[i + 1])
                * by_definition(t, i + 1, d - 1, x)
    }

    #[test]
    fn as_the_recursion_spelled_out() {
        for degree in 0..=4 {
            let basis = Basis {
                knots: &KNOTS,
                degree,
            };
            let (low, high) = basis.range();
            for step in 0..100 {
                let x = low + (high - low) * step as f64 / 100.0;
                let interval = basis.interval(x);
                assert!(KNOTS[interval] <= x && x < KNOTS[interval + 1]);
                let mut values = vec![f64::NAN; degree + 1];
                basis.values(interval, x, &mut values);
                assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-14);
                for i in 0..basis.len() {
                    let expected = by_definition(&KNOTS, i, degree, x);
                    let found = (i + degree)
                        .checked_sub(interval)
                        .and_then(|j| values.get(j));
                    assert!(
                        (found.copied().unwrap_or(0.0) - expected).abs() < 1e-14,
                        "{degree} {x} {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn slopes_are_differences() {
        for degree in 0..=4 {
            let basis = Basis {
                knots: &KNOTS,
                degree,
            };
            for x in [0.1, 0.5, 1.7, 2.6, 9.0, -7.0] {
                let interval = basis.interval(x);
                let at = |x| {
                    let mut values = vec![0.0; degree + 1];
                    basis.values(interval, x, &mut values);
                    values
                };
                let mut slopes = vec![f64::NAN; degree + 1];
                basis.slopes(interval, x, &mut slopes);
                let h = 1e-5;
                for ((up, down), slope) in at(x + h).iter().zip(at(x - h)).zip(slopes) {
                    let difference = (up - down) / (2.0 * h);
                    assert!(
                        (difference - slope).abs() < 1e-6 * (1.0 + slope.abs()),
                        "{degree} {x}"
                    );
                }
            }
        }
    }

    #[test]
    fn equal_knots_count_as_nothing() {
        let knots = [2.0; 10];
        let basis = Basis {
            knots: &knots,
            degree: 3,
        };
        let mut values = [f64::NAN; 4];
        basis.values(basis.interval(2.0), 2.0, &mut values);
        assert_eq!(values, [0.0; 4]);
    }
}
