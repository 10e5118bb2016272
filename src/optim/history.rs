//! What limited-memory BFGS remembers, and the direction that follows from it.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::model::ensure;

use super::lbfgs::Precondition;
use super::vector::{add_scaled, dot, inner};

/// The last steps s = xₖ₊₁ − xₖ and changes of the gradient y = gₖ₊₁ − gₖ, in rings of flat storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(super) struct History<F> {
    n: usize,
    capacity: usize,
    len: usize,
    /// Where the next pair goes.
    next: usize,
    s: Vec<F>,
    y: Vec<F>,
    /// 1 / s·y of each pair.
    rho: Vec<f64>,
    #[serde(skip)]
    alpha: Vec<f64>,
    #[serde(skip)]
    scratch: Vec<F>,
}

impl<F: Float> History<F> {
    pub(super) fn new(capacity: usize, n: usize) -> Self {
        History {
            n,
            capacity,
            len: 0,
            next: 0,
            s: Vec::new(),
            y: Vec::new(),
            rho: vec![0.0; capacity],
            alpha: Vec::new(),
            scratch: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.next = 0;
    }

    /// Remembers a step, unless the curvature along it is not clearly positive.
    pub(super) fn push(&mut self, x: &[F], new_x: &[F], g: &[F], new_g: &[F]) {
        if self.capacity == 0 {
            return;
        }
        let (n, at) = (self.n, self.next * self.n);
        if self.s.len() < at + n {
            self.s.resize(at + n, F::zero());
            self.y.resize(at + n, F::zero());
        }
        let (s, y) = (&mut self.s[at..at + n], &mut self.y[at..at + n]);
        for i in 0..n {
            s[i] = new_x[i] - x[i];
            y[i] = new_g[i] - g[i];
        }
        let (sy, yy) = simd(
            #[inline(always)]
            || (dot(s, y), dot(y, y)),
        );
        if !(sy > f64::EPSILON * yy && (1.0 / sy).is_finite()) {
            return;
        }
        self.rho[self.next] = 1.0 / sy;
        self.next = (self.next + 1) % self.capacity;
        self.len = (self.len + 1).min(self.capacity);
    }

    /// Refuses what [`push`](Self::push) cannot leave behind in vectors of length `n`.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(super) fn validate(&self, n: usize) -> Result<()> {
        ensure::equal("length of the steps remembered", self.n, n)?;
        let full = self.len == self.capacity;
        let place = self.next < self.capacity.max(1) && (full || self.next == self.len);
        ensure::that(place && self.len <= self.capacity, || {
            format!(
                "{} of {} steps remembered, the next at {}",
                self.len, self.capacity, self.next
            )
        })?;
        ensure::equal("curvatures", self.rho.len(), self.capacity)?;
        ensure::equal("steps and changes", self.s.len(), self.y.len())?;
        let slots = self.s.len().checked_div(n).unwrap_or(0);
        ensure::that(
            slots.checked_mul(n) == Some(self.s.len())
                && (slots >= self.len || n == 0)
                && slots <= self.capacity,
            || format!("{} numbers in {} steps of {n}", self.s.len(), self.len),
        )?;
        ensure::finite("steps", &self.s)?;
        ensure::finite("changes", &self.y)?;
        ensure::finite("curvatures", &self.rho)?;
        ensure::that(self.newest_first().all(|i| self.rho[i] > 0.0), || {
            "a step of no curvature is remembered".into()
        })
    }

    /// Positions of the pairs, newest first.
    fn newest_first(&self) -> impl DoubleEndedIterator<Item = usize> + use<F> {
        let (next, capacity) = (self.next, self.capacity);
        (1..=self.len).map(move |back| (next + capacity - back) % capacity)
    }

    /// The largest of s·y / y·M⁻¹ y.
    pub(super) fn stiffness(&self, precondition: &Precondition<'_, F>) -> f64 {
        self.newest_first().fold(0.0, |most, i| {
            let y = &self.y[i * self.n..(i + 1) * self.n];
            let mut z = y.to_vec();
            precondition(&mut z);
            f64::max(most, 1.0 / (self.rho[i] * inner(y, &z)))
        })
    }

    /// d = −H g by the two-loop recursion.
    pub(super) fn direction(
        &mut self,
        g: &[F],
        precondition: Option<&Precondition<'_, F>>,
        d: &mut [F],
    ) {
        let n = self.n;
        self.alpha.resize(self.capacity, 0.0);
        let order = self.newest_first();
        let (s, y, rho, alpha) = (&self.s, &self.y, &self.rho, &mut self.alpha);
        simd(
            #[inline(always)]
            || {
                for (d, &g) in d.iter_mut().zip(g) {
                    *d = -g;
                }
                for i in order {
                    let at = i * n..(i + 1) * n;
                    alpha[i] = rho[i] * dot(&s[at.clone()], d);
                    add_scaled(d, -alpha[i], &y[at]);
                }
            },
        );
        let newest = self.newest_first().next();
        match (precondition, newest) {
            (None, None) => {}
            (None, Some(i)) => {
                let y = &self.y[i * n..(i + 1) * n];
                scale(d, 1.0 / (self.rho[i] * inner(y, y)));
            }
            (Some(apply), None) => apply(d),
            (Some(apply), Some(i)) => {
                let y = &self.y[i * n..(i + 1) * n];
                self.scratch.clear();
                self.scratch.extend_from_slice(y);
                apply(&mut self.scratch);
                let scaled = 1.0 / (self.rho[i] * inner(y, &self.scratch));
                apply(d);
                if scaled.is_finite() && scaled > 0.0 {
                    scale(d, scaled);
                }
            }
        }
        let order = self.newest_first().rev();
        let (s, y, rho, alpha) = (&self.s, &self.y, &self.rho, &self.alpha);
        simd(
            #[inline(always)]
            || {
                for i in order {
                    let at = i * n..(i + 1) * n;
                    let beta = rho[i] * dot(&y[at.clone()], d);
                    add_scaled(d, alpha[i] - beta, &s[at]);
                }
            },
        );
    }
}

fn scale<F: Float>(d: &mut [F], factor: f64) {
    let factor = F::of(factor);
    for d in d {
        *d *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curvatures along the axes of a quadratic.
    const CURVATURE: [f64; 3] = [1.0, 4.0, 100.0];

    /// Of a quadratic f = ½ x'Ax with A = LL': steps along the columns of L⁻ᵀ, which are conjugate.
    #[test]
    fn conjugate_steps_along_all_directions_make_the_inverse_of_the_hessian() {
        let a = [[4.0, 2.0, -2.0], [2.0, 10.0, 2.0], [-2.0, 2.0, 18.0]];
        let steps = [
            [0.5, 0.0, 0.0],
            [-1.0 / 6.0, 1.0 / 3.0, 0.0],
            [1.0 / 6.0, -1.0 / 12.0, 0.25],
        ];
        let product = |v: &[f64]| a.map(|row| inner(&row, v));
        for (i, s) in steps.iter().enumerate() {
            for (j, t) in steps.iter().enumerate() {
                let expected = f64::from(u8::from(i == j));
                assert!((inner(s, &product(t)) - expected).abs() < 1e-15, "{i} {j}");
            }
        }
        let metric = |v: &mut [f64]| v.iter_mut().zip([9.0, 0.5, 2.0]).for_each(|(v, m)| *v *= m);
        for metric in [None, Some(&metric as &Precondition<'_, f64>)] {
            // The first step, which is not conjugate to the others, is forgotten.
            let mut history = History::new(3, 3);
            let mut x = [0.0; 3];
            for s in [[1.0, 1.0, 1.0], steps[2], steps[0], steps[1]] {
                let new_x: Vec<f64> = x.iter().zip(s).map(|(x, s)| x + s).collect();
                history.push(&x, &new_x, &product(&x), &product(&new_x));
                x.copy_from_slice(&new_x);
            }
            for v in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [3.0, -2.0, 7.0]] {
                let mut d = [0.0; 3];
                history.direction(&v, metric, &mut d);
                for (back, v) in product(&d).iter().zip(v) {
                    assert!((back + v).abs() < 1e-12, "{back} {v}");
                }
            }
        }
    }

    #[test]
    fn the_stiffness_is_the_largest_along_the_steps_remembered() {
        // The metric is stiffer by these factors along the axes.
        let factors = [3.0, 20.0, 0.5];
        let metric = |v: &mut [f64]| {
            for i in 0..3 {
                v[i] /= CURVATURE[i] * factors[i];
            }
        };
        let mut history = History::<f64>::new(2, 3);
        assert_eq!(history.stiffness(&metric), 0.0);
        for (axis, expected) in [(2, 0.5), (0, 3.0), (1, 20.0), (0, 20.0), (2, 3.0)] {
            let (mut x, mut g) = ([0.0; 3], [0.0; 3]);
            x[axis] = -0.7;
            g[axis] = CURVATURE[axis] * x[axis];
            history.push(&[0.0; 3], &x, &[0.0; 3], &g);
            let stiffness = history.stiffness(&metric);
            assert!(
                (stiffness - expected).abs() < 1e-14 * expected,
                "{axis} {stiffness}"
            );
        }
    }
}
