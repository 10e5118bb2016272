//! linfa's models.

use std::sync::atomic::{AtomicU64, Ordering};

use linfa::dataset::DatasetBase;
use linfa::prelude::*;
use linfa_clustering::{Dbscan, GaussianMixtureModel, KMeans, KMeansInit};
use linfa_elasticnet::ElasticNet;
use linfa_linear::{LinearRegression, TweedieRegressor};
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use linfa_nn::distance::{Distance, L2Dist};
use linfa_nn::{CommonNearestNeighbour, NearestNeighbour};
use linfa_reduction::Pca;
use ndarray::{Array1, Array2, ArrayView, Axis, Dimension, s};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::json;

use crate::{Data, Error, Found, Job, Real, centred, explained, linear, nearest, timed};

pub fn job(workload: &str, data: &Data) -> Found {
    if workload.ends_with("_f32") {
        of_type::<f32>(workload, data)
    } else {
        of_type::<f64>(workload, data)
    }
}

fn of_type<F: Real>(workload: &str, data: &Data) -> Found {
    let name = workload.trim_end_matches("_f64").trim_end_matches("_f32");
    let brute = CommonNearestNeighbour::LinearSearch;
    let tree = CommonNearestNeighbour::KdTree;
    Ok(Some(match name {
        "least_squares" => least_squares::<F>(data)?,
        // Ridge is its elastic net without the first norm; the square is over the rows, so is the penalty.
        "ridge" => {
            let x: Array2<F> = data.matrix("x")?;
            let penalty = 1.0 / x.nrows() as f64;
            elastic_net(x, data.vector("y")?, penalty, 0.0)
        }
        "lasso" => elastic_net::<F>(data.matrix("x")?, data.vector("y")?, 0.1, 1.0),
        "elastic_net" => elastic_net::<F>(data.matrix("x")?, data.vector("y")?, 0.1, 0.5),
        "poisson_lbfgs" if workload.ends_with("f32") => poisson_f32(data)?,
        "poisson_lbfgs" => poisson_f64(data)?,
        "logistic_binary" if workload.ends_with("f32") => binary_f32(data)?,
        "logistic_binary" => binary_f64(data)?,
        "logistic_images" if workload.ends_with("f32") => images_f32(data)?,
        "logistic_images" => images_f64(data)?,
        "kmeans" => k_means::<F>(data, false)?,
        "kmeans_plusplus" => k_means::<F>(data, true)?,
        "dbscan_50k" => dbscan::<F>(data.matrix("x")?, 0.4)?,
        "dbscan_20k" => dbscan::<F>(data.matrix("x")?, 4.5)?,
        "gmm_full" => mixture::<F>(data)?,
        "knn_brute" => neighbours::<F>(data, brute)?,
        "knn_kd_tree" => neighbours::<F>(data, tree)?,
        // Its decomposition is iterative (LOBPCG) and knows f64 only: it stands beside the solvers that choose for themselves.
        "pca_auto" if workload.ends_with("f64") => pca(data.matrix("x")?, 20),
        "pca_randomized" | "pca_wide_auto" if workload.ends_with("f64") => {
            pca(data.matrix("x")?, 50)
        }
        // It has no ward linkage on rows (linfa-hierarchical takes similarities cut off at 1e-6), and no mini-batch k-means
        // that stops by itself.
        _ => return Ok(None),
    }))
}

fn wide<'a, F: Real>(values: impl IntoIterator<Item = &'a F>) -> Vec<f64> {
    values.into_iter().map(|v| v.wide()).collect()
}

fn least_squares<F: Real>(data: &Data) -> Result<Job, Error> {
    let set = Dataset::new(data.matrix::<F>("x")?, data.vector::<F>("y")?);
    Ok(Box::new(move || {
        let (seconds, model) = timed(|| LinearRegression::new().fit(&set));
        let model = model?;
        Ok((
            seconds,
            json!([wide(model.params()), [model.intercept().wide()]]),
        ))
    }))
}

/// `penalty` and `l1_ratio` mean what scikit-learn's do. Its intercept is the mean of y alone, so that the objective is
/// scikit-learn's on centred columns only; they are centred beforehand.
fn elastic_net<F: Real>(x: Array2<F>, y: Array1<F>, penalty: f64, l1_ratio: f64) -> Job {
    let (x, means) = centred(x);
    let set = Dataset::new(x, y);
    Box::new(move || {
        let settings = ElasticNet::params().penalty(F::of(penalty));
        let (seconds, model) = timed(|| settings.l1_ratio(F::of(l1_ratio)).fit(&set));
        let model = model?;
        let coef = wide(model.hyperplane());
        let sweeps = json!(model.n_steps());
        Ok((
            seconds,
            linear(coef, model.intercept().wide(), &means, sweeps),
        ))
    })
}

/// Its losses are sums over the rows where scikit-learn's are means: the tolerance of the gradient is that of the mean times
/// the rows, and so is the penalty of Poisson's regression; `alpha` of the logistic one is 1 / C. Iterations are not reported.
/// The type of its numbers cannot be a parameter here, the traits being private.
macro_rules! by_lbfgs {
    ($poisson:ident, $binary:ident, $images:ident, $float:ty) => {
        fn $poisson(data: &Data) -> Result<Job, Error> {
            let set = Dataset::new(data.matrix::<$float>("x")?, data.vector("y")?);
            let n = set.nsamples() as $float;
            Ok(Box::new(move || {
                let settings = TweedieRegressor::params().power(1.0);
                let settings = settings.alpha(1e-3 * n).tol(1e-4 * n);
                let (seconds, model) = timed(|| settings.fit(&set));
                let model = model?;
                let out = json!([wide(&model.coef), model.intercept.wide(), "nan"]);
                Ok((seconds, out))
            }))
        }

        fn $binary(data: &Data) -> Result<Job, Error> {
            let y = Array1::from(data.labels("y")?);
            let set = DatasetBase::new(data.matrix::<$float>("x")?, y);
            let tol = 1e-4 * set.nsamples() as $float;
            Ok(Box::new(move || {
                let settings = LogisticRegression::<$float>::default().gradient_tolerance(tol);
                let (seconds, model) = timed(|| settings.fit(&set));
                let model = model?;
                let sign = if model.labels().pos.class == 1 {
                    1.0
                } else {
                    -1.0
                };
                let coef = wide(&(model.params() * sign));
                Ok((seconds, json!([coef, [(model.intercept() * sign).wide()]])))
            }))
        }

        fn $images(data: &Data) -> Result<Job, Error> {
            let y = Array1::from(data.labels("y")?);
            let set = DatasetBase::new(data.matrix::<$float>("x")?, y);
            let tol = 1e-4 * set.nsamples() as $float;
            Ok(Box::new(move || {
                let settings = MultiLogisticRegression::<$float>::default().gradient_tolerance(tol);
                let (seconds, model) = timed(|| settings.fit(&set));
                let model = model?;
                let coef: Vec<Vec<f64>> = model.params().columns().into_iter().map(wide).collect();
                Ok((seconds, json!([coef, wide(model.intercept())])))
            }))
        }
    };
}

by_lbfgs!(poisson_f64, binary_f64, images_f64, f64);
by_lbfgs!(poisson_f32, binary_f32, images_f32, f32);

/// Its distance, which also counts the iterations: one distance between two sets of centres each.
#[derive(Clone, Debug, PartialEq)]
struct Counted;

static ITERATIONS: AtomicU64 = AtomicU64::new(0);

impl<F: linfa::Float> Distance<F> for Counted {
    fn distance<D: Dimension>(&self, a: ArrayView<F, D>, b: ArrayView<F, D>) -> F {
        ITERATIONS.fetch_add(1, Ordering::Relaxed);
        L2Dist.distance(a, b)
    }

    #[inline]
    fn rdistance<D: Dimension>(&self, a: ArrayView<F, D>, b: ArrayView<F, D>) -> F {
        L2Dist.rdistance(a, b)
    }
}

/// One start. The tolerance is scikit-learn's: the length of the centres' move, squared there, relative to the mean variance.
/// Each centre is averaged with its old self as one more row, which moves the result a little.
fn k_means<F: Real>(data: &Data, plus_plus: bool) -> Result<Job, Error> {
    let x: Array2<F> = data.matrix("x")?;
    let variance = x.mapv(F::wide).var_axis(Axis(0), 0.0).mean().unwrap_or(1.0);
    let init = if plus_plus {
        KMeansInit::KMeansPlusPlus
    } else {
        KMeansInit::Precomputed(x.slice(s![..20, ..]).to_owned())
    };
    let set = DatasetBase::from(x);
    let random = Xoshiro256Plus::seed_from_u64(0);
    Ok(Box::new(move || {
        ITERATIONS.store(0, Ordering::Relaxed);
        let settings = KMeans::params_with(20, random.clone(), Counted).n_runs(1);
        let settings = settings.tolerance(F::of((1e-4 * variance).sqrt()));
        let (seconds, model) = timed(|| settings.init_method(init.clone()).fit(&set));
        let inertia = model?.inertia().wide() * set.nsamples() as f64;
        Ok((
            seconds,
            json!([inertia, ITERATIONS.load(Ordering::Relaxed)]),
        ))
    }))
}

fn dbscan<F: Real>(x: Array2<F>, eps: f64) -> Result<Job, Error> {
    Ok(Box::new(move || {
        let settings = Dbscan::params(10).tolerance(F::of(eps));
        let (seconds, labels) = timed(|| settings.transform(&x));
        let labels = labels?;
        let clusters = labels.iter().flatten().max().map_or(0, |most| most + 1);
        let noise = labels.iter().filter(|label| label.is_none()).count();
        Ok((seconds, json!([clusters, noise])))
    }))
}

/// It starts from its own k-means and has no other start but chance, so that only the end is comparable. The number of
/// iterations is not reported.
fn mixture<F: Real>(data: &Data) -> Result<Job, Error> {
    let set = DatasetBase::from(data.matrix::<F>("x")?);
    Ok(Box::new(move || {
        let (seconds, model) = timed(|| GaussianMixtureModel::<F>::params(8).fit(&set));
        Ok((seconds, json!([likelihood(set.records(), &model?), "?"])))
    }))
}

/// The mean logarithm of the density, by the Cholesky factors of the covariances.
fn likelihood<F: Real>(x: &Array2<F>, model: &GaussianMixtureModel<F>) -> f64 {
    let p = x.ncols();
    let factors: Vec<Array2<f64>> = model
        .covariances()
        .outer_iter()
        .map(|c| cholesky(c.mapv(F::wide)))
        .collect();
    let mut total = 0.0;
    for row in x.rows() {
        let logs = factors.iter().enumerate().map(|(k, l)| {
            let mut z: Vec<f64> = row
                .iter()
                .zip(model.means().row(k))
                .map(|(v, m)| v.wide() - m.wide())
                .collect();
            let mut log =
                model.weights()[k].wide().ln() - 0.5 * p as f64 * std::f64::consts::TAU.ln();
            for i in 0..p {
                let known: f64 = (0..i).map(|j| l[[i, j]] * z[j]).sum();
                z[i] = (z[i] - known) / l[[i, i]];
                log -= l[[i, i]].ln() + 0.5 * z[i] * z[i];
            }
            log
        });
        let logs: Vec<f64> = logs.collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        total += top + logs.iter().map(|v| (v - top).exp()).sum::<f64>().ln();
    }
    total / x.nrows() as f64
}

fn cholesky(mut a: Array2<f64>) -> Array2<f64> {
    for i in 0..a.nrows() {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| a[[i, k]] * a[[j, k]]).sum();
            let left = a[[i, j]] - known;
            a[[i, j]] = if i == j {
                left.sqrt()
            } else {
                left / a[[j, j]]
            };
        }
    }
    a
}

/// The index is built, then asked row by row: it has no way to ask for all at once.
fn neighbours<F: Real>(data: &Data, algorithm: CommonNearestNeighbour) -> Result<Job, Error> {
    let (x, queries) = (data.matrix::<F>("x")?, data.matrix::<F>("queries")?);
    Ok(Box::new(move || {
        let (seconds, found) = timed(|| -> Result<Vec<Vec<usize>>, Error> {
            let index = algorithm.from_batch(&x, L2Dist)?;
            let near = |query| -> Result<Vec<usize>, Error> {
                Ok(index
                    .k_nearest(query, 5)?
                    .into_iter()
                    .map(|(_, i)| i)
                    .collect())
            };
            queries.rows().into_iter().map(near).collect()
        });
        Ok((seconds, nearest(&x, &queries, &found?)))
    }))
}

fn pca(x: Array2<f64>, k: usize) -> Job {
    let set = DatasetBase::from(x);
    Box::new(move || {
        let (seconds, model) = timed(|| Pca::params(k).fit(&set));
        let components = model?.components().t().to_owned();
        Ok((seconds, json!(explained(set.records(), &components))))
    })
}
