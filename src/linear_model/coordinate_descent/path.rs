//! One penalty after the other, each from where the last one ended.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2};

use super::columns::{ColumnData, Columns};
use super::data::{Centred, Response, intercepts};
use super::descent::{Descent, Outcome, Penalty, Residual};
use super::quadratic::{GramRows, Quadratic};
use super::working_set::{self, Target};
use crate::error::Result;
use crate::float::Float;

/// The data of a fit, and how its residual is kept.
pub(crate) struct Problem<'a, F> {
    pub(crate) centred: Centred<'a, F>,
    pub(crate) response: Response,
    /// Whether steps go through rows of `X'X`.
    pub(crate) products: bool,
}

/// The penalties of a path: `alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²)` for each alpha in turn.
#[derive(Clone, Copy)]
pub(crate) struct Penalties<'a> {
    pub(crate) alphas: &'a [f64],
    pub(crate) l1_ratio: f64,
    pub(crate) positive: bool,
}

impl Penalties<'_> {
    pub(super) fn each(self, weight: f64) -> impl Iterator<Item = Penalty> {
        self.alphas.iter().map(move |alpha| Penalty {
            l1: alpha * self.l1_ratio * weight,
            l2: alpha * (1.0 - self.l1_ratio) * weight,
            positive: self.positive,
        })
    }
}

/// One point of a path: coefficients (p, t of the group) and how they were reached, the gap in units of the mean.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) coef: Vec<f64>,
    pub(crate) outcome: Outcome,
}

impl<'a, F: Float> Problem<'a, F> {
    /// Of samples, targets and weights that were checked to be as long.
    ///
    /// # Errors
    /// As [`Centred::new`].
    pub(crate) fn new(
        name: &'static str,
        x: &'a ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: Option<&'a [f64]>,
        centre: bool,
    ) -> Result<Self> {
        let (centred, response) = Centred::new(name, x, y, weights, centre)?;
        Ok(Problem {
            products: x.nrows() >= x.ncols(),
            centred,
            response,
        })
    }

    /// The path of each group of targets, whose rows of coefficients are penalised together. `start` is (t, p).
    pub(crate) fn paths(
        &self,
        groups: &[Range<usize>],
        penalties: Penalties<'_>,
        descent: impl Fn() -> Descent,
        start: Option<&Array2<f64>>,
        report: &mut dyn FnMut(&Outcome) -> Result<()>,
    ) -> Result<Vec<Vec<Point>>> {
        let (n, p) = self.centred.dim();
        let start_of = |group: &Range<usize>| -> Vec<f64> {
            (0..p)
                .flat_map(|j| group.clone().map(move |k| (k, j)))
                .map(|at| start.map_or(0.0, |start| start[at]))
                .collect()
        };
        let square_of = |group: &Range<usize>| self.response.squares[group.clone()].iter().sum();
        let weight = self.centred.weight();
        let mut paths = Vec::with_capacity(groups.len());
        if self.products {
            if let ([group], [_]) = (groups, penalties.alphas)
                && group.len() == 1
                && let Some(penalty) = penalties.each(weight).next()
                && working_set::worthwhile(n, p, penalty, &descent())
            {
                let target = Target {
                    values: &self.response.values[group.start * n..group.end * n],
                    cross: &self.response.cross[group.start * p..group.end * p],
                    square: square_of(group),
                };
                let mut coef = start_of(group);
                let sets = working_set::run(&self.centred, target, &mut coef, penalty, &descent());
                if let Some(mut outcome) = sets {
                    outcome.gap /= weight;
                    report(&outcome)?;
                    return Ok(vec![vec![Point { coef, outcome }]]);
                }
            }
            let source = |features: &[usize]| self.centred.gram_rows(features);
            let mut gram = GramRows::lazy(self.centred.squares(), &source);
            for group in groups {
                let cross = &self.response.cross[group.start * p..group.end * p];
                let coef = start_of(group);
                let mut data = Quadratic::new(&mut gram, cross, square_of(group), &coef);
                let each = penalties.each(weight);
                paths.push(follow(&mut data, coef, each, weight, descent(), report)?);
            }
        } else {
            let columns = ColumnData::new(&self.centred);
            for group in groups {
                let target = &self.response.values[group.start * n..group.end * n];
                let coef = start_of(group);
                let mut data = Columns::new(&columns, target, square_of(group), &coef);
                let each = penalties.each(weight);
                paths.push(follow(&mut data, coef, each, weight, descent(), report)?);
            }
        }
        Ok(paths)
    }

    pub(crate) fn intercepts(&self, coef: &Array2<f64>) -> Array1<f64> {
        intercepts(coef, self.centred.mean(), &self.response.mean)
    }
}

/// The points of a path, each from the last one's coefficients.
pub(crate) fn follow(
    data: &mut impl Residual,
    mut coef: Vec<f64>,
    penalties: impl Iterator<Item = Penalty>,
    weight: f64,
    mut descent: Descent,
    report: &mut dyn FnMut(&Outcome) -> Result<()>,
) -> Result<Vec<Point>> {
    penalties
        .map(|penalty| {
            let mut outcome = descent.run(data, &mut coef, penalty);
            outcome.gap /= weight;
            report(&outcome)?;
            Ok(Point {
                coef: coef.clone(),
                outcome,
            })
        })
        .collect()
}

/// The least alpha for which every coefficient is 0, from `X'Y` (t, p) of rows that weigh `weight`.
pub(crate) fn alpha_max(
    cross: &[f64],
    p: usize,
    weight: f64,
    l1_ratio: f64,
    positive: bool,
) -> f64 {
    let steepest = (0..p)
        .map(|j| {
            let along = cross.iter().skip(j).step_by(p);
            if positive {
                along.copied().fold(0.0, f64::max)
            } else {
                along.map(|v| v * v).sum::<f64>().sqrt()
            }
        })
        .fold(0.0, f64::max);
    steepest / (weight * l1_ratio)
}

/// `n` alphas in equal ratios from `max` down to `eps max`.
pub(crate) fn alpha_grid(max: f64, eps: f64, n: usize) -> Vec<f64> {
    // What is left of a target that no feature explains is rounding.
    const RESOLUTION: f64 = 1e-15;
    if max <= RESOLUTION {
        return vec![RESOLUTION; n];
    }
    let last = n.saturating_sub(1);
    (0..n)
        .map(|i| match i {
            0 => max,
            i if i == last => max * eps,
            i => max * eps.powf(i as f64 / last as f64),
        })
        .collect()
}
