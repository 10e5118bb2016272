//! The same path on every fold.
//!
//! Where the folds divide the rows among them and are taller than wide, the products of each fold's rows are formed once.
//! What a fold trains on is the sum of the others, added, never subtracted, so that no digits are lost; what it is tested
//! by is its own. No fold copies its rows, and all penalties are tried without another look at the data.

use ndarray::{Array3, ArrayRef2, ArrayView2, Axis, s};

use super::alphas::Alphas;
use super::columns::dot;
use super::fit::{Objective, Solution, finish, solve};
use super::path::{Penalties, Point, Problem, follow};
use super::quadratic::{GramRows, Quadratic};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{self, simd};
use crate::linear_model::affine::affine;
use crate::linear_model::splits::splits;
use crate::model_selection::{CrossValidator, Split};
use crate::observer::Watch;
use crate::parallel;
use crate::targets::RealTargets;

/// Values of the products of all folds, as a multiple of the values of the data, at most.
const ROOM: usize = 4;

/// Below this share of the target's mean square, an error is summed from the rows themselves.
const UNEXPLAINED: f64 = 1e-8;

/// Folds up to which each is left out of the sum by adding all others.
const FEW: usize = 32;

/// What is searched over.
pub(crate) struct Search<'a> {
    /// At each penalty; its `alpha` and `l1_ratio` are those of the search.
    pub(crate) objective: Objective,
    pub(crate) l1_ratios: &'a [f64],
    pub(crate) alphas: &'a Alphas,
    pub(crate) eps: f64,
}

/// What a search found.
pub(crate) struct Found<F> {
    /// Of each `l1_ratio`, falling.
    pub(crate) alphas: Vec<Vec<f64>>,
    /// Mean squared errors of the test rows, (l1_ratios, alphas, folds).
    pub(crate) mse_path: Array3<f64>,
    pub(crate) alpha: f64,
    pub(crate) l1_ratio: f64,
    /// Fitted on all rows.
    pub(crate) solution: Solution<F>,
}

/// Means and centred products of some rows.
#[derive(Clone)]
struct Moments {
    weight: f64,
    x_mean: Vec<f64>,
    y_mean: Vec<f64>,
    /// (p, p)
    gram: Vec<f64>,
    /// (t, p)
    cross: Vec<f64>,
    /// (t)
    squares: Vec<f64>,
}

impl Moments {
    fn new<F: Float>(
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        centre: bool,
    ) -> Result<Self> {
        let m = linalg::moments(x, Some(y), weights, centre)?;
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let squares = y
            .columns()
            .into_iter()
            .zip(&m.y_mean)
            .map(|(y, mean)| {
                let each = y.iter().enumerate();
                each.map(|(i, v)| weight(i) * (v.f64() - mean.f64()).powi(2))
                    .sum()
            })
            .collect();
        Ok(Moments {
            weight: weights.map_or(x.nrows() as f64, |w| w.iter().sum()),
            x_mean: m.x_mean.iter().map(|v| v.f64()).collect(),
            y_mean: m.y_mean.iter().map(|v| v.f64()).collect(),
            gram: m.xtx.iter().map(|v| v.f64()).collect(),
            cross: m.xty.t().iter().map(|v| v.f64()).collect(),
            squares,
        })
    }

    /// Adds the rows of another part (Chan, Golub and LeVeque, 1983).
    fn add(&mut self, other: &Moments, centre: bool) {
        for (to, from) in [
            (&mut self.gram, &other.gram),
            (&mut self.cross, &other.cross),
            (&mut self.squares, &other.squares),
        ] {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        }
        let together = self.weight + other.weight;
        if centre {
            let p = self.x_mean.len();
            let share = other.weight / together;
            let between = self.weight * share;
            let apart = |a: &[f64], b: &[f64]| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| b - a).collect()
            };
            let x = apart(&self.x_mean, &other.x_mean);
            let y = apart(&self.y_mean, &other.y_mean);
            for (row, a) in self.gram.chunks_mut(p).zip(&x) {
                for (g, b) in row.iter_mut().zip(&x) {
                    *g += between * a * b;
                }
            }
            for (row, a) in self.cross.chunks_mut(p).zip(&y) {
                for (c, b) in row.iter_mut().zip(&x) {
                    *c += between * a * b;
                }
            }
            for (square, a) in self.squares.iter_mut().zip(&y) {
                *square += between * a * a;
            }
            for (mean, a) in self.x_mean.iter_mut().zip(&x) {
                *mean += share * a;
            }
            for (mean, a) in self.y_mean.iter_mut().zip(&y) {
                *mean += share * a;
            }
        }
        self.weight = together;
    }

    /// The path of all targets together.
    fn path(
        &self,
        penalties: Penalties<'_>,
        objective: Objective,
        report: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Vec<Point>> {
        let (p, t) = (self.x_mean.len(), self.y_mean.len());
        let mut gram = GramRows::full(&self.gram, p);
        let coef = vec![0.0; p * t];
        let mut data = Quadratic::new(&mut gram, &self.cross, self.squares.iter().sum(), &coef);
        let each = penalties.each(self.weight);
        let descent = objective.course.descent();
        follow(&mut data, coef, each, self.weight, descent, &mut |_| {
            report()
        })
    }

    /// The intercept of each target for coefficients (p, t).
    fn intercepts(&self, coef: &[f64], fit_intercept: bool) -> Vec<f64> {
        let t = self.y_mean.len();
        if !fit_intercept {
            return vec![0.0; t];
        }
        let mut b = self.y_mean.clone();
        for (w, mean) in coef.chunks(t).zip(&self.x_mean) {
            for (b, w) in b.iter_mut().zip(w) {
                *b -= w * mean;
            }
        }
        b
    }

    /// The mean squared error of each target, and whether it has digits enough.
    fn errors(&self, coef: &[f64], intercept: &[f64]) -> (Vec<f64>, bool) {
        let (p, t) = (self.x_mean.len(), self.y_mean.len());
        let mut precise = true;
        let errors = (0..t)
            .map(|k| {
                let w: Vec<f64> = coef.iter().skip(k).step_by(t).copied().collect();
                let cross = &self.cross[k * p..(k + 1) * p];
                let (mut explained, mut mean) = (0.0, self.y_mean[k] - intercept[k]);
                for (j, &w_j) in w.iter().enumerate().filter(|(_, w)| **w != 0.0) {
                    let row = &self.gram[j * p..(j + 1) * p];
                    let along = simd(
                        #[inline(always)]
                        || dot(row, &w),
                    );
                    explained += w_j * (along - 2.0 * cross[j]);
                    mean -= w_j * self.x_mean[j];
                }
                let error = (self.squares[k] + explained) / self.weight + mean * mean;
                precise &= error > UNEXPLAINED * (self.squares[k] / self.weight + mean * mean);
                error
            })
            .collect();
        (errors, precise)
    }
}

/// Checks the data, runs every path on every fold, and fits the best penalty on all rows; settings were checked.
pub(crate) fn search<F: Float, Y: RealTargets<F> + ?Sized, C: CrossValidator>(
    search: &Search<'_>,
    x: &ArrayRef2<F>,
    y: &Y,
    cv: &C,
    watch: &Watch,
) -> Result<Found<F>> {
    let name = search.objective.name;
    check::samples(x)?;
    check::target(y, x.nrows())?;
    let splits = splits(name, cv, x.nrows(), y)?;
    if splits.is_empty() {
        return Err(Error::invalid_input("list of splits", "is empty"));
    }
    let weights = y.sample_weight().map(|w| w.to_vec());
    let y = y.columns();
    check::finite(&y, "y")?;
    let data = Rows {
        x,
        y,
        weights: weights.as_deref(),
        centre: search.objective.fit_intercept,
    };
    for (fold, split) in splits.iter().enumerate() {
        for (part, rows) in [("train", &split.train), ("test", &split.test)] {
            crate::samples::check_rows(rows, x.nrows())?;
            if rows.is_empty() || data.weight(rows) <= 0.0 {
                let place = format!("{part} rows of fold {fold}");
                return Err(Error::invalid_input(place, "have no weight"));
            }
        }
    }
    if data.products_fit(&splits) {
        data.search_by_products(search, &splits, watch)
    } else {
        data.search_by_rows(search, &splits, watch)
    }
    .map_err(|e| match e.kind() {
        ErrorKind::Overflow { what, .. } => ErrorKind::Overflow {
            estimator: name.into(),
            what: what.clone(),
        }
        .into(),
        _ => e,
    })
}

struct Rows<'a, F> {
    x: &'a ArrayRef2<F>,
    y: ArrayView2<'a, F>,
    weights: Option<&'a [f64]>,
    centre: bool,
}

impl<F: Float> Rows<'_, F> {
    fn weight(&self, rows: &[usize]) -> f64 {
        self.weights.map_or(rows.len() as f64, |w| {
            rows.iter().map(|&i| w[i]).sum::<f64>()
        })
    }

    /// Whether the test rows divide the rows among them, each fold trains on the others, and products pay.
    fn products_fit(&self, splits: &[Split]) -> bool {
        let (n, p) = self.x.dim();
        let mut tested = vec![false; n];
        let all_once = splits.iter().all(|split| {
            let once = split
                .test
                .iter()
                .all(|&i| !std::mem::replace(&mut tested[i], true));
            let mut trained = vec![false; n];
            let apart = split
                .train
                .iter()
                .all(|&i| !std::mem::replace(&mut trained[i], true))
                && split.test.iter().all(|&i| !trained[i]);
            once && apart && split.train.len() + split.test.len() == n && split.train.len() >= p
        });
        all_once
            && tested.iter().all(|&t| t)
            && splits.len().saturating_mul(p) <= ROOM.saturating_mul(n)
    }

    fn moments(&self, rows: &[usize]) -> Result<Moments> {
        let weights: Option<Vec<f64>> = self.weights.map(|w| rows.iter().map(|&i| w[i]).collect());
        let weights = weights.as_deref();
        let first = rows.first().copied().unwrap_or(0);
        if rows.iter().enumerate().all(|(k, &i)| i == first + k) {
            let range = first..first + rows.len();
            let (x, y) = (
                self.x.slice(s![range.clone(), ..]),
                self.y.slice(s![range, ..]),
            );
            return Moments::new(&x, &y, weights, self.centre);
        }
        let (x, y) = (self.x.select(Axis(0), rows), self.y.select(Axis(0), rows));
        Moments::new(&x, &y, weights, self.centre)
    }

    fn search_by_products(
        &self,
        search: &Search<'_>,
        splits: &[Split],
        watch: &Watch,
    ) -> Result<Found<F>> {
        let p = self.x.ncols();
        let parts = parallel::map(splits.len(), |fold| self.moments(&splits[fold].test));
        let parts: Vec<Moments> = parts.into_iter().collect::<Result<_>>()?;
        let whole = sum(parts.iter(), self.centre);
        let whole = whole.ok_or_else(|| Error::invalid_input("list of splits", "is empty"))?;
        let rest = rest(&parts, self.centre);
        let cross = (&whole.cross[..], p);
        let alphas = search.grids(cross, whole.weight)?;
        let run = |ratio: usize, fold: usize| -> Result<Path> {
            let train = &rest[fold];
            let points = train.path(
                search.penalties(ratio, &alphas),
                search.objective,
                &mut || Ok(()),
            )?;
            let fit_intercept = search.objective.fit_intercept;
            let mse = points.iter().map(|point| {
                let b = train.intercepts(&point.coef, fit_intercept);
                let (errors, precise) = parts[fold].errors(&point.coef, &b);
                if precise {
                    mean(&errors)
                } else {
                    self.error(&splits[fold].test, &point.coef, &b)
                }
            });
            Ok(Path {
                mse: mse.collect(),
                converged: points.iter().all(|p| p.outcome.converged),
            })
        };
        let (mse_path, ratio, alpha) = search.choose(&alphas, splits.len(), watch, &run)?;
        let objective = search.at(alpha, search.l1_ratios[ratio]);
        let best = [alpha];
        let penalties = Penalties {
            alphas: &best,
            l1_ratio: objective.l1_ratio,
            positive: objective.positive,
        };
        let points = whole.path(penalties, objective, &mut || Ok(()))?;
        let t = self.y.ncols();
        let mut coef = ndarray::Array2::zeros((t, p));
        for point in &points {
            for (j, w) in point.coef.chunks(t).enumerate() {
                for (k, w) in w.iter().enumerate() {
                    coef[[k, j]] = *w;
                }
            }
        }
        let points: Vec<&Point> = points.iter().collect();
        let solution = finish(objective, coef, &points, |_| {
            let coef = &points[0].coef;
            whole.intercepts(coef, objective.fit_intercept).into()
        })?;
        Ok(Found {
            alphas,
            mse_path,
            alpha,
            l1_ratio: objective.l1_ratio,
            solution,
        })
    }

    fn search_by_rows(
        &self,
        search: &Search<'_>,
        splits: &[Split],
        watch: &Watch,
    ) -> Result<Found<F>> {
        let name = search.objective.name;
        let whole = Problem::new(name, self.x, &self.y, self.weights, self.centre)?;
        let t = self.y.ncols();
        let cross = (&whole.response.cross[..], self.x.ncols());
        let alphas = search.grids(cross, whole.centred.weight())?;
        let run = |ratio: usize, fold: usize| -> Result<Path> {
            let rows = &splits[fold].train;
            let (x, y) = (self.x.select(Axis(0), rows), self.y.select(Axis(0), rows));
            let weights: Option<Vec<f64>> =
                self.weights.map(|w| rows.iter().map(|&i| w[i]).collect());
            let train = Problem::new(name, &x, &y, weights.as_deref(), self.centre)?;
            let paths = train.paths(
                std::slice::from_ref(&(0..t)),
                search.penalties(ratio, &alphas),
                || search.objective.course.descent(),
                None,
                &mut |_| Ok(()),
            )?;
            let points: Vec<Point> = paths.into_iter().flatten().collect();
            let mse = points.iter().map(|point| {
                let b: Vec<f64> = (0..t)
                    .map(|k| {
                        let each = train.centred.mean().iter().enumerate();
                        train.response.mean[k]
                            - each.map(|(j, m)| m * point.coef[j * t + k]).sum::<f64>()
                    })
                    .collect();
                self.error(&splits[fold].test, &point.coef, &b)
            });
            Ok(Path {
                mse: mse.collect(),
                converged: points.iter().all(|p| p.outcome.converged),
            })
        };
        let (mse_path, ratio, alpha) = search.choose(&alphas, splits.len(), watch, &run)?;
        let objective = search.at(alpha, search.l1_ratios[ratio]);
        let solution = solve(objective, &whole, None, &Watch::default())?;
        Ok(Found {
            alphas,
            mse_path,
            alpha,
            l1_ratio: objective.l1_ratio,
            solution,
        })
    }

    /// The mean squared error of these rows, over the targets.
    fn error(&self, rows: &[usize], coef: &[f64], intercept: &[f64]) -> f64 {
        let (t, total) = (self.y.ncols(), self.weight(rows));
        let p = self.x.ncols();
        let coef = ndarray::Array2::from_shape_fn((t, p), |(k, j)| F::of(coef[j * t + k]));
        let intercept = intercept
            .iter()
            .map(|&b| F::of(b))
            .collect::<ndarray::Array1<F>>();
        let mut sum = 0.0;
        for rows in rows.chunks(256) {
            let predicted = affine(&self.x.select(Axis(0), rows), &coef, &intercept);
            for (&i, predicted) in rows.iter().zip(predicted.rows()) {
                let weight = self.weights.map_or(1.0, |w| w[i]);
                for (y, predicted) in self.y.row(i).iter().zip(predicted) {
                    sum += weight * (y.f64() - predicted.f64()).powi(2);
                }
            }
        }
        sum / total / t as f64
    }
}

/// The errors of a path on one fold.
struct Path {
    mse: Vec<f64>,
    converged: bool,
}

impl Search<'_> {
    fn grids(&self, cross: (&[f64], usize), weight: f64) -> Result<Vec<Vec<f64>>> {
        let Objective { name, positive, .. } = self.objective;
        let grid = |&l1_ratio: &f64| {
            let grid = self
                .alphas
                .falling(name, cross, weight, (l1_ratio, self.eps, positive))?;
            check::learned(name, "a penalty", &grid)?;
            Ok(grid)
        };
        self.l1_ratios.iter().map(grid).collect()
    }

    fn penalties<'b>(&self, ratio: usize, alphas: &'b [Vec<f64>]) -> Penalties<'b> {
        Penalties {
            alphas: &alphas[ratio],
            l1_ratio: self.l1_ratios[ratio],
            positive: self.objective.positive,
        }
    }

    fn at(&self, alpha: f64, l1_ratio: f64) -> Objective {
        Objective {
            alpha,
            l1_ratio,
            ..self.objective
        }
    }

    /// Runs every path, side by side, and finds the least mean error: of ties the first ratio, the largest penalty.
    fn choose(
        &self,
        alphas: &[Vec<f64>],
        folds: usize,
        watch: &Watch,
        run: &(dyn Fn(usize, usize) -> Result<Path> + Sync),
    ) -> Result<(Array3<f64>, usize, f64)> {
        let name = self.objective.name;
        let (ratios, n_alphas) = (self.l1_ratios.len(), self.alphas.len());
        let mut mse_path = Array3::zeros((ratios, n_alphas, folds));
        let mut converged = true;
        let mut best = (f64::INFINITY, 0, 0);
        for ratio in 0..ratios {
            let paths = parallel::map(folds, |fold| {
                run(ratio, fold).map_err(|e| e.within(format!("fold {fold}")))
            });
            for (fold, path) in paths.into_iter().enumerate() {
                let path = path?;
                check::learned(name, "an error of the test rows", &path.mse)?;
                converged &= path.converged;
                for (i, mse) in path.mse.into_iter().enumerate() {
                    mse_path[[ratio, i, fold]] = mse;
                }
            }
            for i in 0..n_alphas {
                let mean = mse_path.slice(s![ratio, i, ..]).sum() / folds as f64;
                if mean < best.0 {
                    best = (mean, ratio, i);
                }
            }
            watch.report(name, ratio + 1, Some(ratios), Some(best.0))?;
        }
        if !converged {
            log::warn!(
                "{name}: some fits of the folds did not converge in {} iterations (tol {:.1e}): standardise the features, or raise max_iter, tol or eps",
                self.objective.course.max_iter,
                self.objective.course.tol
            );
        }
        Ok((mse_path, best.1, alphas[best.1][best.2]))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sum<'m>(mut parts: impl Iterator<Item = &'m Moments>, centre: bool) -> Option<Moments> {
    let mut sum = parts.next()?.clone();
    parts.for_each(|part| sum.add(part, centre));
    Some(sum)
}

/// For each part the sum of all others. Many parts are first added group by group.
fn rest(parts: &[Moments], centre: bool) -> Vec<Moments> {
    let group = if parts.len() <= FEW {
        parts.len()
    } else {
        (parts.len() as f64).sqrt().ceil() as usize
    };
    let groups: Vec<Moments> = if group == parts.len() {
        Vec::new()
    } else {
        let each = parts.chunks(group);
        each.filter_map(|parts| sum(parts.iter(), centre)).collect()
    };
    parallel::map(parts.len(), |fold| {
        let own = fold / group;
        let others = groups.iter().enumerate().filter(|(g, _)| *g != own);
        let near = own * group..parts.len().min((own + 1) * group);
        let near = near.filter(|&k| k != fold).map(|k| &parts[k]);
        sum(near.chain(others.map(|(_, g)| g)), centre)
    })
    .into_iter()
    .flatten()
    .collect()
}
