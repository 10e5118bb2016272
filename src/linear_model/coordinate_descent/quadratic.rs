//! The residual as `X'R`, updated through rows of `X'X` that are computed when a coefficient first moves.

use std::borrow::Cow;

use super::descent::Residual;
use crate::linalg::simd;

const ABSENT: usize = usize::MAX;

/// Computes rows of `X'X`, one for each of the given features, side by side.
pub(crate) type RowSource<'a> = &'a (dyn Fn(&[usize]) -> Vec<f64> + Sync);

/// Those rows of `X'X` (p, p) that were needed so far.
pub(crate) struct GramRows<'a> {
    squares: Cow<'a, [f64]>,
    /// Where a feature's row is.
    place: Vec<usize>,
    rows: Cow<'a, [f64]>,
    source: Option<RowSource<'a>>,
}

impl<'a> GramRows<'a> {
    /// None yet; `squares` is the diagonal.
    pub(crate) fn lazy(squares: &'a [f64], source: RowSource<'a>) -> Self {
        GramRows {
            squares: Cow::Borrowed(squares),
            place: vec![ABSENT; squares.len()],
            rows: Cow::Owned(Vec::new()),
            source: Some(source),
        }
    }

    /// All of them.
    pub(crate) fn full(gram: &'a [f64], p: usize) -> Self {
        GramRows {
            squares: Cow::Owned((0..p).map(|j| gram[j * p + j]).collect()),
            place: (0..p).collect(),
            rows: Cow::Borrowed(gram),
            source: None,
        }
    }

    fn p(&self) -> usize {
        self.squares.len()
    }

    fn row(&self, j: usize) -> Option<&[f64]> {
        let p = self.p();
        let at = self.place[j];
        (at != ABSENT).then(|| &self.rows[at * p..(at + 1) * p])
    }

    /// Computes the rows of `wanted`, which are absent.
    fn compute(&mut self, wanted: &[usize]) {
        let Some(source) = self.source else { return };
        let p = self.p();
        let first = self.rows.len() / p;
        self.rows.to_mut().extend(source(wanted));
        for (at, &j) in (first..).zip(wanted) {
            self.place[j] = at;
            // One diagonal, whatever way it was summed.
            self.rows.to_mut()[at * p + j] = self.squares[j];
        }
    }
}

/// `½ W'X'XW − W'X'Y` and its gradient.
pub(crate) struct Quadratic<'a, 'g> {
    gram: &'g mut GramRows<'a>,
    /// `X'Y`, (t, p)
    cross: &'g [f64],
    /// `X'R`, (t, p)
    along: Vec<f64>,
    target_square: f64,
}

impl<'a, 'g> Quadratic<'a, 'g> {
    /// At `coef` (p, t), with `X'Y` (t, p) and `‖Y‖²`.
    pub(crate) fn new(
        gram: &'g mut GramRows<'a>,
        cross: &'g [f64],
        target_square: f64,
        coef: &[f64],
    ) -> Self {
        let (p, t) = (gram.p(), cross.len() / gram.p());
        let mut all = Quadratic {
            gram,
            cross,
            along: cross.to_vec(),
            target_square,
        };
        let moved: Vec<usize> = (0..p)
            .filter(|j| coef[j * t..(j + 1) * t].iter().any(|&w| w != 0.0))
            .collect();
        let absent: Vec<usize> = moved
            .iter()
            .copied()
            .filter(|&j| all.gram.place[j] == ABSENT)
            .collect();
        if !absent.is_empty() {
            all.gram.compute(&absent);
        }
        for j in moved {
            all.step(j, &coef[j * t..(j + 1) * t], f64::INFINITY);
        }
        all
    }

    /// The features without a row that a penalty of `l1` would let move now, and `j`.
    fn wanted(&self, j: usize, l1: f64) -> Vec<usize> {
        let (p, t) = (self.gram.p(), self.targets());
        let steep = |k: usize| {
            let square: f64 = (0..t).map(|i| self.along[i * p + k].powi(2)).sum();
            square.sqrt() > 0.9 * l1
        };
        (0..p)
            .filter(|&k| k == j || (self.gram.place[k] == ABSENT && steep(k)))
            .collect()
    }
}

impl Residual for Quadratic<'_, '_> {
    fn features(&self) -> usize {
        self.gram.p()
    }

    fn targets(&self) -> usize {
        self.cross.len() / self.gram.p()
    }

    fn square(&self, feature: usize) -> f64 {
        self.gram.squares[feature]
    }

    fn along(&self, feature: usize, out: &mut [f64]) {
        let p = self.gram.p();
        for (k, out) in out.iter_mut().enumerate() {
            *out = self.along[k * p + feature];
        }
    }

    fn along_all(&self, out: &mut [f64]) {
        let (p, t) = (self.gram.p(), self.targets());
        for k in 0..t {
            for j in 0..p {
                out[j * t + k] = self.along[k * p + j];
            }
        }
    }

    fn step(&mut self, feature: usize, by: &[f64], l1: f64) {
        if self.gram.place[feature] == ABSENT {
            let wanted = self.wanted(feature, l1);
            self.gram.compute(&wanted);
        }
        let p = self.gram.p();
        let Some(row) = self.gram.row(feature) else {
            return;
        };
        simd(
            #[inline(always)]
            || {
                for (along, &by) in self.along.chunks_exact_mut(p).zip(by) {
                    if by != 0.0 {
                        for (along, g) in along.iter_mut().zip(row) {
                            *along -= by * g;
                        }
                    }
                }
            },
        );
    }

    fn norms(&self, coef: &[f64]) -> (f64, f64) {
        let (p, t) = (self.gram.p(), self.targets());
        let (mut with_cross, mut with_along) = (0.0, 0.0);
        for j in 0..p {
            for k in 0..t {
                let w = coef[j * t + k];
                with_cross += w * self.cross[k * p + j];
                with_along += w * self.along[k * p + j];
            }
        }
        (
            self.target_square - with_cross - with_along,
            self.target_square - with_cross,
        )
    }

    fn target_square(&self) -> f64 {
        self.target_square
    }
}
