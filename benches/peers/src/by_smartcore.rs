//! smartcore's models, on its own matrices: row by row where the model reads rows, column by column where it reads columns.

use ndarray::{Array2, Axis};
use serde_json::json;
use smartcore::algorithm::neighbour::cover_tree::CoverTree;
use smartcore::algorithm::neighbour::linear_search::LinearKNNSearch;
use smartcore::cluster::dbscan::{DBSCAN, DBSCANParameters};
use smartcore::cluster::kmeans::{KMeans, KMeansParameters};
use smartcore::decomposition::pca::{PCA, PCAParameters};
use smartcore::decomposition::svd::{SVD, SVDParameters};
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::elastic_net::{ElasticNet, ElasticNetParameters};
use smartcore::linear::lasso::{Lasso, LassoParameters};
use smartcore::linear::linear_regression::{
    LinearRegression, LinearRegressionParameters, LinearRegressionSolverName,
};
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};
use smartcore::metrics::distance::euclidian::Euclidian;
use smartcore::numbers::basenum::Number;
use smartcore::numbers::floatnum::FloatNumber;
use smartcore::numbers::realnum::RealNumber;

use crate::{Data, Error, Found, Job, Real, centred, explained, inertia, linear, nearest, timed};

trait Element: Real + Number + FloatNumber + RealNumber {}
impl Element for f64 {}
impl Element for f32 {}

pub fn job(workload: &str, data: &Data) -> Found {
    if workload.ends_with("_f32") {
        of_type::<f32>(workload, data)
    } else {
        of_type::<f64>(workload, data)
    }
}

fn of_type<F: Element>(workload: &str, data: &Data) -> Found {
    let name = workload.trim_end_matches("_f64").trim_end_matches("_f32");
    Ok(Some(match name {
        "least_squares" => least_squares::<F>(data)?,
        "ridge" => ridge::<F>(data)?,
        "lasso" => lasso::<F>(data)?,
        "elastic_net" => elastic_net::<F>(data)?,
        "logistic_binary" | "logistic_images" => logistic::<F>(data)?,
        "kmeans_plusplus" => k_means::<F>(data)?,
        "dbscan_50k" => dbscan::<F>(data.matrix("x")?, 0.4)?,
        "dbscan_20k" => dbscan::<F>(data.matrix("x")?, 4.5)?,
        "knn_brute" => neighbours::<F>(data, false)?,
        "knn_kd_tree" => neighbours::<F>(data, true)?,
        "pca_full" | "pca_auto" => pca::<F>(data.matrix("x")?, 20)?,
        "pca_wide_auto" => pca::<F>(data.matrix("x")?, 50)?,
        "truncated_svd" => svd::<F>(data.matrix("x")?, 50)?,
        // Its k-means cannot be given centres, its agglomerative clustering knows single linkage only, and it has no mixtures.
        _ => return Ok(None),
    }))
}

fn by_rows<F: Element>(x: &Array2<F>) -> Result<DenseMatrix<F>, Error> {
    let values = x.iter().copied().collect();
    Ok(DenseMatrix::new(x.nrows(), x.ncols(), values, false)?)
}

fn by_columns<F: Element>(x: &Array2<F>) -> Result<DenseMatrix<F>, Error> {
    let values = x.t().iter().copied().collect();
    Ok(DenseMatrix::new(x.nrows(), x.ncols(), values, true)?)
}

fn wide<F: Element>(values: &DenseMatrix<F>) -> Vec<f64> {
    values.iterator(0).map(|v| v.wide()).collect()
}

fn table<F: Element>(values: &DenseMatrix<F>) -> Array2<f64> {
    Array2::from_shape_fn(values.shape(), |place| values.get(place).wide())
}

/// By QR, the faster of its two solvers.
fn least_squares<F: Element>(data: &Data) -> Result<Job, Error> {
    let (x, y) = (
        by_columns(&data.matrix::<F>("x")?)?,
        data.vector::<F>("y")?.to_vec(),
    );
    Ok(Box::new(move || {
        let settings = LinearRegressionParameters::default();
        let settings = settings.with_solver(LinearRegressionSolverName::QR);
        let (seconds, model) = timed(|| LinearRegression::<F, F, _, _>::fit(&x, &y, settings));
        let model = model?;
        Ok((
            seconds,
            json!([wide(model.coefficients()), [model.intercept().wide()]]),
        ))
    }))
}

/// y and the mean that is taken off it.
fn values<F: Element>(data: &Data) -> Result<(Vec<F>, f64), Error> {
    let y = data.vector::<F>("y")?;
    let mean = y.iter().map(|v| v.wide()).sum::<f64>() / y.len() as f64;
    Ok((y.iter().map(|v| F::of(v.wide() - mean)).collect(), mean))
}

/// An intercept comes only with scaled columns, which would change the penalty; columns and y are centred beforehand.
fn ridge<F: Element>(data: &Data) -> Result<Job, Error> {
    let (x, means) = centred(data.matrix::<F>("x")?);
    let (x, (y, mean)) = (by_columns(&x)?, values::<F>(data)?);
    Ok(Box::new(move || {
        let settings = RidgeRegressionParameters::default().with_alpha(F::of(1.0));
        let settings = settings.with_normalize(false);
        let (seconds, model) = timed(|| RidgeRegression::<F, F, _, _>::fit(&x, &y, settings));
        let out = linear(wide(model?.coefficients()), mean, &means, json!(null));
        Ok((seconds, json!([out[0], out[1]])))
    }))
}

/// Its loss is the mean square, not half of it, and its intercept does not know the means of the columns: `alpha` is twice
/// scikit-learn's, and the columns are centred beforehand. It does not count iterations.
fn lasso<F: Element>(data: &Data) -> Result<Job, Error> {
    let (x, means) = centred(data.matrix::<F>("x")?);
    let (x, (y, mean)) = (by_columns(&x)?, values::<F>(data)?);
    Ok(Box::new(move || {
        let settings = LassoParameters::default()
            .with_alpha(0.2)
            .with_normalize(false);
        let (seconds, model) = timed(|| Lasso::<F, F, _, _>::fit(&x, &y, settings));
        Ok((
            seconds,
            linear(wide(model?.coefficients()), mean, &means, json!("?")),
        ))
    }))
}

/// As the lasso, but the square of its second norm is not halved either: for scikit-learn's a and r, its `alpha` is a (1 + r)
/// and its `l1_ratio` 2 r / (1 + r).
fn elastic_net<F: Element>(data: &Data) -> Result<Job, Error> {
    let (x, means) = centred(data.matrix::<F>("x")?);
    let (x, (y, mean)) = (by_columns(&x)?, values::<F>(data)?);
    Ok(Box::new(move || {
        let settings = ElasticNetParameters::default().with_alpha(0.1 * 1.5);
        let settings = settings
            .with_l1_ratio(2.0 * 0.5 / 1.5)
            .with_normalize(false);
        let (seconds, model) = timed(|| ElasticNet::<F, F, _, _>::fit(&x, &y, settings));
        Ok((
            seconds,
            linear(wide(model?.coefficients()), mean, &means, json!("?")),
        ))
    }))
}

/// Its loss is the sum over the rows, so that `alpha` is 1 / C. Tolerance and iterations cannot be set.
fn logistic<F: Element>(data: &Data) -> Result<Job, Error> {
    let (x, y) = (by_rows(&data.matrix::<F>("x")?)?, data.labels("y")?);
    Ok(Box::new(move || {
        let settings = LogisticRegressionParameters::default().with_alpha(F::of(1.0));
        let (seconds, model) = timed(|| LogisticRegression::<F, i64, _, _>::fit(&x, &y, settings));
        let model = model?;
        let (coef, intercept) = (table(model.coefficients()), wide(model.intercept()));
        let classes = model.classes();
        if classes.len() == 2 {
            let sign = if classes[1] == 1 { 1.0 } else { -1.0 };
            let coef: Vec<f64> = coef.iter().map(|v| v * sign).collect();
            return Ok((seconds, json!([coef, [intercept[0] * sign]])));
        }
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_by_key(|&i| classes[i]);
        let coef: Vec<Vec<f64>> = order.iter().map(|&i| coef.row(i).to_vec()).collect();
        let intercept: Vec<f64> = order.iter().map(|&i| intercept[i]).collect();
        Ok((seconds, json!([coef, intercept])))
    }))
}

/// By k-means++, at most 300 iterations; without a tolerance, and without a word about iterations or inertia, which is taken
/// from the labels.
fn k_means<F: Element>(data: &Data) -> Result<Job, Error> {
    let x = data.matrix::<F>("x")?;
    let rows = by_rows(&x)?;
    Ok(Box::new(move || {
        let mut settings = KMeansParameters::default().with_k(20).with_max_iter(300);
        settings.seed = Some(0);
        let (seconds, model) = timed(|| KMeans::<F, i64, _, _>::fit(&rows, settings));
        let labels: Vec<i64> = model?.predict(&rows)?;
        let labels: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
        Ok((seconds, json!([inertia(&x, &labels, 20), "?"])))
    }))
}

/// The labels are private; what it predicts for the rows themselves is judged, noise being 0.
fn dbscan<F: Element>(x: Array2<F>, eps: f64) -> Result<Job, Error> {
    let x = by_rows(&x)?;
    Ok(Box::new(move || {
        let settings = DBSCANParameters::default().with_eps(eps);
        let settings = settings.with_min_samples(10);
        let (seconds, model) = timed(|| DBSCAN::<F, i64, _, _, _>::fit(&x, settings));
        let labels: Vec<i64> = model?.predict(&x)?;
        let noise = labels.iter().filter(|&&label| label == 0).count();
        Ok((seconds, json!([labels.iter().max(), noise])))
    }))
}

fn rows_of<T>(found: Vec<(usize, f64, T)>) -> Vec<usize> {
    found.into_iter().map(|(i, ..)| i).collect()
}

/// Its two searches, built and then asked row by row; its tree is a cover tree.
fn neighbours<F: Element>(data: &Data, tree: bool) -> Result<Job, Error> {
    let (x, queries) = (data.matrix::<F>("x")?, data.matrix::<F>("queries")?);
    let rows = |x: &Array2<F>| {
        x.axis_iter(Axis(0))
            .map(|row| row.to_vec())
            .collect::<Vec<_>>()
    };
    let (stored, asked) = (rows(&x), rows(&queries));
    Ok(Box::new(move || {
        let stored = stored.clone();
        let (seconds, found) = timed(|| -> Result<Vec<Vec<usize>>, Error> {
            let distance = Euclidian::<F>::new();
            if tree {
                let index = CoverTree::new(stored, distance)?;
                asked
                    .iter()
                    .map(|q| Ok(rows_of(index.find(q, 5)?)))
                    .collect()
            } else {
                let index = LinearKNNSearch::new(stored, distance)?;
                asked
                    .iter()
                    .map(|q| Ok(rows_of(index.find(q, 5)?)))
                    .collect()
            }
        });
        Ok((seconds, nearest(&x, &queries, &found?)))
    }))
}

/// A full decomposition whatever is asked for.
fn pca<F: Element>(x: Array2<F>, k: usize) -> Result<Job, Error> {
    let columns = by_columns(&x)?;
    Ok(Box::new(move || {
        let settings = PCAParameters::default().with_n_components(k);
        let (seconds, model) = timed(|| PCA::fit(&columns, settings));
        Ok((seconds, json!(explained(&x, &table(model?.components())))))
    }))
}

/// A full decomposition whatever is asked for.
fn svd<F: Element>(x: Array2<F>, k: usize) -> Result<Job, Error> {
    let columns = by_columns(&x)?;
    Ok(Box::new(move || {
        let settings = SVDParameters::default().with_n_components(k);
        let (seconds, model) = timed(|| SVD::fit(&columns, settings));
        Ok((seconds, json!(explained(&x, &table(model?.components())))))
    }))
}
