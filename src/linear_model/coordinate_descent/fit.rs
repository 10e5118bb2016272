//! A fit at one penalty.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2};

use super::path::{Penalties, Point, Problem};
use super::settings::Course;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::observer::Watch;
use crate::targets::RealTargets;

/// What a fit found, in `f64`.
pub(crate) struct Solution<F> {
    /// (t, p)
    pub(crate) coef: Array2<F>,
    /// (t)
    pub(crate) intercept: Array1<F>,
    /// One for each group of targets that are penalised together.
    pub(crate) dual_gap: Array1<f64>,
    pub(crate) n_iter: Vec<usize>,
    pub(crate) converged: bool,
}

/// What is minimised.
#[derive(Clone, Copy)]
pub(crate) struct Objective {
    pub(crate) name: &'static str,
    pub(crate) alpha: f64,
    pub(crate) l1_ratio: f64,
    pub(crate) positive: bool,
    pub(crate) fit_intercept: bool,
    /// Whether the targets share their features, so that a feature's coefficients are penalised together.
    pub(crate) joint: bool,
    pub(crate) course: Course,
}

/// Checks the data and minimises; settings were checked.
pub(crate) fn fit<F: Float, Y: RealTargets<F> + ?Sized>(
    objective: Objective,
    x: &ArrayRef2<F>,
    y: &Y,
    start: Option<Array2<F>>,
    watch: &Watch,
) -> Result<Solution<F>> {
    check::not_empty(x)?;
    check::target(y, x.nrows())?;
    let weights = y.sample_weight().map(|w| w.to_vec());
    let y = y.columns();
    let (t, p) = (y.ncols(), x.ncols());
    let start = match start {
        Some(start) if start.dim() != (t, p) => {
            let (what, expected, got) = if start.ncols() != p {
                ("features of the model to start from", p, start.ncols())
            } else {
                ("targets of the model to start from", t, start.nrows())
            };
            return Err(Error::shape(what, expected, got));
        }
        start => start.map(|start| start.mapv(F::f64)),
    };
    let problem = Problem::new(
        objective.name,
        x,
        &y,
        weights.as_deref(),
        objective.fit_intercept,
    )?;
    solve(objective, &problem, start.as_ref(), watch)
}

/// [`fit`] of data that were checked and summed.
pub(crate) fn solve<F: Float>(
    objective: Objective,
    problem: &Problem<'_, F>,
    start: Option<&Array2<f64>>,
    watch: &Watch,
) -> Result<Solution<F>> {
    let (t, p) = (problem.response.mean.len(), problem.centred.dim().1);
    let groups: Vec<Range<usize>> = if objective.joint {
        std::iter::once(0..t).collect()
    } else {
        (0..t).map(|k| k..k + 1).collect()
    };
    let alphas = [objective.alpha];
    let penalties = Penalties {
        alphas: &alphas,
        l1_ratio: objective.l1_ratio,
        positive: objective.positive,
    };
    let mut done = 0;
    let total = groups.len();
    let paths = problem.paths(
        &groups,
        penalties,
        || objective.course.descent(),
        start,
        &mut |outcome| {
            done += 1;
            watch.report(objective.name, done, Some(total), Some(outcome.gap))
        },
    )?;
    let points: Vec<&Point> = paths.iter().flatten().collect();
    let mut coef = Array2::zeros((t, p));
    for (group, point) in groups.iter().zip(&points) {
        for (j, w) in point.coef.chunks(group.len()).enumerate() {
            for (k, w) in group.clone().zip(w) {
                coef[[k, j]] = *w;
            }
        }
    }
    finish(objective, coef, &points, |coef| problem.intercepts(coef))
}

/// Checks what was found and rounds it.
pub(crate) fn finish<F: Float>(
    objective: Objective,
    coef: Array2<f64>,
    points: &[&Point],
    intercepts: impl FnOnce(&Array2<f64>) -> Array1<f64>,
) -> Result<Solution<F>> {
    let solution = Solution {
        intercept: intercepts(&coef).mapv(F::of),
        coef: coef.mapv(F::of),
        dual_gap: points.iter().map(|p| p.outcome.gap).collect(),
        n_iter: points.iter().map(|p| p.outcome.n_iter).collect(),
        converged: points.iter().all(|p| p.outcome.converged),
    };
    let name = objective.name;
    let learned = solution.coef.iter().chain(&solution.intercept);
    check::learned(name, "a coefficient", learned)?;
    check::learned(name, "the duality gap", &solution.dual_gap)?;
    if !solution.converged {
        let worst = solution.dual_gap.iter().copied().fold(0.0, f64::max);
        log::warn!(
            "{name} did not converge in {} iterations (duality gap {worst:.2e}, tol {:.1e}): raise max_iter, alpha or tol, or standardise the features{}",
            objective.course.max_iter,
            objective.course.tol,
            if objective.alpha * objective.l1_ratio < f64::EPSILON {
                "; without an L1 penalty use Ridge or LinearRegression"
            } else {
                ""
            }
        );
    }
    Ok(solution)
}
