//! [`Inference`] for the likelihoods: of generalised linear models, least squares among them, and of logistic regression.

use ndarray::{Array1, Array2, ArrayRef1, Axis};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::special::ln_gamma;

use super::glm::{half_deviance, mean};
use super::glm_loss::Family;
use super::inference::{Fit, Inference, WeightKind};
use super::inference_design::{Design, Reach, at_the_maximum};

/// The residuals, in units of what they are differences of, that count as none: with the identity link, whose fits are
/// solved for, and with the logarithmic one, whose fits are searched for.
const EXACT: (f64, f64) = (1e-13, 1e-7);

fn enough(n: f64, k: usize) -> Result<f64> {
    let left = n - k as f64;
    if left > 0.0 {
        return Ok(left);
    }
    Err(ErrorKind::TooFewSamples {
        what: "residual degrees of freedom".into(),
        needed: k + 1,
        got: n as usize,
    }
    .into())
}

fn joined(coef: &ArrayRef1<f64>, intercept: f64, has_intercept: bool) -> Vec<f64> {
    let first = has_intercept.then_some(intercept);
    first.into_iter().chain(coef.iter().copied()).collect()
}

const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// Inference for a generalised linear model, least squares among them.
pub(super) fn of_glm(
    (estimator, title): (&str, String),
    family: Family,
    design: &Design,
    y: &[f64],
    (coef, intercept): (&ArrayRef1<f64>, f64),
    least_squares: bool,
) -> Result<Inference> {
    let raw = design.raw(coef, intercept);
    let (n, k) = (design.n(), coef.len() + usize::from(design.intercept));
    let df_residual = enough(n, k)?;
    let weights = design.weights.as_deref();
    let means: Vec<f64> = raw.iter().map(|&z| family.inverse_link(z)).collect();
    let mut working = Vec::with_capacity(y.len());
    let mut score = Array1::zeros(y.len());
    let mut pearson = 0.0;
    for (i, (&y, &mu)) in y.iter().zip(&means).enumerate() {
        let (s, variance, slope) = (design.weight(i), family.variance(mu), family.link_slope(mu));
        working.push(s / (variance * slope * slope));
        score[i] = s * (y - mu) / (variance * slope);
        pearson += s * (y - mu).powi(2) / variance;
    }
    check::learned(estimator, "a weight of the information", &working)?;
    let inverse = design.inverse(&working)?;
    let scale = if family == Family::Poisson || family == Family::TweedieIdentity(1.0) {
        1.0
    } else {
        let exact = if family.is_log() { EXACT.1 } else { EXACT.0 };
        if is_exact(design, family, y, &means, (coef, intercept), exact) {
            return Err(Error::invalid_input(
                estimator,
                "fits every row but for rounding: there is no spread to judge its coefficients by; take fewer features or more rows",
            ));
        }
        pearson / df_residual
    };
    let reach = |step: &[f64]| design.reach(step);
    let reach: Option<Reach<'_>> = family.is_log().then_some(&reach);
    let gradient = design.gradient(&score);
    at_the_maximum(estimator, &gradient, &inverse, scale, reach)?;
    let deviance = 2.0 * half_deviance(family, y, weights, raw.iter().copied());
    let null_mean = if least_squares && !design.intercept {
        0.0
    } else {
        mean(y, weights)
    };
    let null = family.link(null_mean);
    let null_deviance = 2.0 * half_deviance(family, y, weights, std::iter::repeat(null));
    // Of a constant target rounding leaves no more than this.
    let counted: f64 = (y.iter().enumerate())
        .map(|(i, y)| design.weight(i) * y.abs())
        .sum();
    let flat = scale == 1.0 && null_deviance <= 1e-13 * counted;
    let null_deviance = if flat { 0.0 } else { null_deviance };
    let likelihood = |means: &dyn Fn(usize) -> f64, deviance: f64| {
        log_likelihood(family, design, y, means, scale, deviance)
    };
    let log_likelihood = likelihood(&|i| means[i], deviance);
    let null_log_likelihood = (least_squares && design.intercept)
        .then(|| likelihood(&|_| null_mean, null_deviance))
        .flatten();
    let covariance = inverse * scale;
    check::learned(estimator, "a covariance", &covariance)?;
    Ok(Inference {
        title,
        names: design.names(),
        outputs: vec![String::new()],
        coef: joined(coef, intercept, design.intercept),
        covariance,
        fit: Fit {
            n,
            has_intercept: design.intercept,
            df_model: coef.len() as f64,
            df_residual,
            scale,
            uses_t: least_squares,
            log_likelihood,
            null_log_likelihood,
            deviance,
            null_deviance,
            pearson,
            least_squares,
        },
    })
}

/// Whether every residual is rounding.
fn is_exact(
    design: &Design,
    family: Family,
    y: &[f64],
    means: &[f64],
    (coef, intercept): (&ArrayRef1<f64>, f64),
    exact: f64,
) -> bool {
    let (mut left, mut whole) = (0.0, 0.0);
    for (i, (y, mu)) in y.iter().zip(means).enumerate() {
        let terms = design
            .x
            .row(i)
            .into_iter()
            .zip(coef)
            .map(|(x, w)| (x * w).abs());
        let mut size = intercept.abs() + terms.sum::<f64>();
        if family.is_log() {
            size = mu * (1.0 + size);
        }
        left += design.weight(i) * (y - mu).powi(2);
        whole += design.weight(i) * (y.abs() + size).powi(2);
    }
    left <= exact * exact * whole
}

/// ln L, where it has a closed form. The dispersion is the one estimated; of the normal distribution, the most likely one.
fn log_likelihood(
    family: Family,
    design: &Design,
    y: &[f64],
    mean: &dyn Fn(usize) -> f64,
    scale: f64,
    deviance: f64,
) -> Option<f64> {
    let n = design.n();
    let frequency = design.kind == WeightKind::Frequency;
    let power = family.power();
    let phi = if power == 0.0 { deviance / n } else { scale };
    let mut sum = 0.0;
    for (i, &y) in y.iter().enumerate() {
        let (s, mu) = (design.weight(i), mean(i));
        // A precision divides the dispersion, a frequency counts the row.
        let (count, phi) = if frequency { (s, phi) } else { (1.0, phi / s) };
        sum += count
            * if power == 0.0 {
                -0.5 * ((y - mu).powi(2) / phi + phi.ln() + LN_2PI)
            } else if power == 1.0 {
                let log = if y > 0.0 { y * mu.ln() } else { 0.0 };
                // Of a precision of a Poisson rate, as of so many rows.
                let share = if frequency { 1.0 } else { s };
                share * (log - mu - ln_gamma(y + 1.0))
            } else if power == 2.0 {
                let shape = 1.0 / phi;
                shape * (shape * y / mu).ln() - shape * y / mu - ln_gamma(shape) - y.ln()
            } else if power == 3.0 {
                -0.5 * ((y - mu).powi(2) / (y * mu * mu * phi) + (phi * y.powi(3)).ln() + LN_2PI)
            } else {
                return None;
            };
    }
    sum.is_finite().then_some(sum)
}

/// Inference for logistic regression: coefficients (n_outputs, n_features), intercepts (n_outputs), codes of the rows.
pub(super) fn of_logistic(
    design: &Design,
    codes: &[u32],
    (coef, intercept): (&Array2<f64>, &Array1<f64>),
    classes: &[String],
) -> Result<Inference> {
    const NAME: &str = "LogisticRegression";
    let k = classes.len();
    let p = coef.ncols();
    // Differences to the first class: of two classes the one row is the difference.
    let (coef, intercept) = if k == 2 {
        (coef.clone(), intercept.clone())
    } else {
        let rows: Vec<usize> = (1..k).collect();
        (
            coef.select(Axis(0), &rows) - coef.row(0),
            intercept.select(Axis(0), &rows) - intercept[0],
        )
    };
    let q = k - 1;
    let mut probabilities = Array2::<f64>::zeros((design.x.nrows(), q));
    let mut raw = design.x.dot(&coef.t());
    raw += &intercept;
    let (mut likelihood, mut shares) = (0.0, vec![0.0; k]);
    for (i, z) in raw.rows().into_iter().enumerate() {
        let shift = z.iter().fold(0.0f64, |m, &v| m.max(v));
        let total = (-shift).exp() + z.iter().map(|v| (v - shift).exp()).sum::<f64>();
        for (c, v) in z.iter().enumerate() {
            probabilities[[i, c]] = (v - shift).exp() / total;
        }
        let code = codes[i] as usize;
        let own = if code == 0 { 0.0 } else { z[code - 1] };
        likelihood += design.weight(i) * (own - shift - total.ln());
        shares[code] += design.weight(i);
    }
    let width = p + usize::from(design.intercept);
    let n = design.n();
    let df_residual = enough(n, q * width)?;
    let mut gradient = Vec::with_capacity(q * width);
    for c in 0..q {
        let r = Array1::from_shape_fn(codes.len(), |i| {
            let hit = f64::from(u8::from(codes[i] as usize == c + 1));
            design.weight(i) * (hit - probabilities[[i, c]])
        });
        gradient.extend(design.gradient(&r));
    }
    let covariance = if q == 1 {
        let w: Vec<f64> = (0..codes.len())
            .map(|i| {
                let p = probabilities[[i, 0]];
                design.weight(i) * p * (1.0 - p)
            })
            .collect();
        design.inverse(&w)?
    } else {
        design.multinomial_inverse(&probabilities)?
    };
    let reach = |step: &[f64]| {
        let each = step.chunks(width).map(|step| design.reach(step));
        each.fold(0.0, f64::max)
    };
    at_the_maximum(NAME, &gradient, &covariance, 1.0, Some(&reach))?;
    let total: f64 = shares.iter().sum();
    let null: f64 = (shares.iter().filter(|s| **s > 0.0))
        .map(|s| s * (s / total).ln())
        .sum();
    let mut pearson = 0.0;
    for (i, &code) in codes.iter().enumerate() {
        let first = 1.0 - probabilities.row(i).sum();
        for c in 0..k {
            let p = if c == 0 {
                first
            } else {
                probabilities[[i, c - 1]]
            };
            let hit = f64::from(u8::from(code as usize == c));
            if p > 0.0 {
                pearson += design.weight(i) * (hit - p).powi(2) / p;
            }
        }
    }
    let mut all = Vec::with_capacity(q * width);
    for c in 0..q {
        all.extend(joined(&coef.row(c), intercept[c], design.intercept));
    }
    Ok(Inference {
        title: format!(
            "Logistic regression for {k} classes, against {:?},",
            classes[0]
        ),
        names: design.names(),
        outputs: if q == 1 {
            vec![String::new()]
        } else {
            classes[1..].to_vec()
        },
        coef: all,
        covariance,
        fit: Fit {
            n,
            has_intercept: design.intercept,
            df_model: (q * p) as f64,
            df_residual,
            scale: 1.0,
            uses_t: false,
            log_likelihood: Some(likelihood),
            null_log_likelihood: Some(null),
            deviance: -2.0 * likelihood,
            null_deviance: -2.0 * null,
            pearson,
            least_squares: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};
    use rand::RngExt;

    use crate::labels::Labels;
    use crate::linear_model::{
        GammaRegressor, GlmSolver, LinearRegression, LogisticRegression, PoissonRegressor,
        WeightKind,
    };
    use crate::random;
    use crate::targets::Targets;
    use crate::traits::Estimator;

    fn samples(n: usize, p: usize) -> Array2<f64> {
        let mut rng = random::generator(7);
        Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0))
    }

    #[test]
    fn exact_fits_are_refused() {
        let x = samples(20, 2);
        let line = x.dot(&array![3.0, -2.0]) + 1.0;
        for y in [line.clone(), Array1::zeros(20), Array1::from_elem(20, 2.0)] {
            for weights in [Array1::ones(20), (0..20).map(|i| 0.1 + i as f64).collect()] {
                let y = y.weighted(&weights);
                let model = LinearRegression::new().fit(&x, &y).unwrap();
                for kind in [WeightKind::Frequency, WeightKind::Variance] {
                    let e = model.inference_with(&x, &y, kind).unwrap_err();
                    assert!(
                        e.to_string().contains("fits every row but for rounding"),
                        "{e}"
                    );
                }
            }
        }
        // As many rows as coefficients, each of them several times.
        let (x, y) = (
            samples(3, 2),
            array![1.0, 4.0, 2.0].weighted(&array![3.0, 2.0, 2.0]),
        );
        let model = LinearRegression::new().fit(&x, &y).unwrap();
        let e = model.inference(&x, &y).unwrap_err();
        assert!(
            e.to_string().contains("fits every row but for rounding"),
            "{e}"
        );
        let (x, y) = (samples(20, 2), Array1::from_elem(20, 2.0));
        let model = GammaRegressor::new().alpha(0.0).fit(&x, &y).unwrap();
        let e = model.inference(&x, &y).unwrap_err();
        assert!(
            e.to_string().contains("fits every row but for rounding"),
            "{e}"
        );
        // Counts have a spread of their own.
        let model = PoissonRegressor::new()
            .alpha(0.0)
            .tol(1e-10)
            .fit(&x, &y)
            .unwrap();
        let found = model.inference(&x, &y).unwrap();
        assert_eq!(found.r_squared(), 0.0);
        assert!(found.p_values().iter().all(|p| p.is_finite()));
    }

    #[test]
    fn counts_of_weights_are_short() {
        let (x, weights) = (
            samples(20, 2),
            (0..20)
                .map(|i| 0.3 + i as f64 / 7.0)
                .collect::<Array1<f64>>(),
        );
        let y = samples(20, 1).column(0).to_owned().weighted(&weights);
        let model = LinearRegression::new().fit(&x, &y).unwrap();
        let text = model.inference(&x, &y).unwrap().summary();
        assert!(
            text.starts_with("Least squares of 33.14 observations\n"),
            "{text}"
        );
        assert!(text.contains("F(2, 30.14) = "), "{text}");
    }

    #[test]
    fn columns_without_a_standard_error_are_named() {
        let mut x = samples(30, 3);
        let y = x.sum_axis(ndarray::Axis(1)) + samples(30, 1).column(0);
        let weights: Array1<f64> = (0..30).map(|i| 1.0 + (i % 3) as f64).collect();
        let y = y.weighted(&weights);
        let refused = |x: &Array2<f64>, intercept: bool| {
            let model = LinearRegression::new()
                .fit_intercept(intercept)
                .fit(x, &y)
                .unwrap();
            model.inference(x, &y).unwrap_err().to_string()
        };
        let twice = &x.column(0) * 2.0;
        x.column_mut(2).assign(&twice);
        assert!(refused(&x, true).contains("column 2 depends on the columns before it"));
        x.column_mut(2).fill(0.3);
        assert!(refused(&x, true).contains("column 2 is constant"));
        x.column_mut(2).fill(0.0);
        assert!(refused(&x, false).contains("column 2 is 0"));
        // Nothing is wrong with this one but its size.
        let small = &samples(30, 1).column(0) * 1e-9;
        x.column_mut(2).assign(&small);
        let message = refused(&x, true);
        assert!(
            message.contains("rank 2 of 3 features at its `tol`"),
            "{message}"
        );
        let exact = LinearRegression::new().tol(1e-14).fit(&x, &y).unwrap();
        assert!(exact.inference(&x, &y).is_ok());
        // Of a generalised linear model, and of classes.
        let counts = Array1::from_shape_fn(30, |i| (i % 4) as f64).weighted(&weights);
        x.column_mut(1).fill(0.1);
        let model = PoissonRegressor::new()
            .alpha(0.0)
            .tol(1e-8)
            .fit(&x, &counts)
            .unwrap();
        let e = model.inference(&x, &counts).unwrap_err().to_string();
        assert!(e.contains("column 1 is constant"), "{e}");
        for k in [2, 3] {
            let labels: Labels = (0..30).map(|i| i as i64 % k).collect();
            let estimator = LogisticRegression::new().c(f64::INFINITY).tol(1e-8);
            let model = estimator.fit(&x, &labels).unwrap();
            let e = model.inference(&x, &labels).unwrap_err().to_string();
            assert!(e.contains("column 1 is constant"), "{e}");
        }
    }

    #[test]
    fn what_can_be_separated_is_refused_however_small_the_gradient() {
        let x = samples(40, 2);
        for k in [2i64, 3] {
            let labels: Labels = x
                .column(0)
                .iter()
                .map(|&v| i64::from(v > 0.0) + i64::from(k == 3 && v > 0.5))
                .collect();
            for tol in [1e-3, 1e-5, 1e-7, 1e-9] {
                let estimator = LogisticRegression::new().c(f64::INFINITY).tol(tol);
                let model = estimator.max_iter(10_000).fit(&x, &labels).unwrap();
                assert!(
                    model.inference(&x, &labels).is_err(),
                    "{k} classes, {tol:e}"
                );
            }
        }
        // All counts of a group are 0.
        let mut x = x;
        x.column_mut(1)
            .mapv_inplace(|v| f64::from(u8::from(v > 0.0)));
        let y = Array1::from_shape_fn(40, |i| if x[[i, 1]] > 0.0 { 0.0 } else { (i % 3) as f64 });
        for tol in [1e-4, 1e-6, 1e-8] {
            for solver in [GlmSolver::Lbfgs, GlmSolver::NewtonCholesky] {
                let estimator = PoissonRegressor::new().alpha(0.0).tol(tol).solver(solver);
                let model = estimator.max_iter(1000).fit(&x, &y).unwrap();
                assert!(model.inference(&x, &y).is_err(), "{tol:e}");
            }
        }
    }

    #[test]
    fn three_classes_know_no_units() {
        let x = samples(60, 2);
        let labels: Labels = (0..60).map(|i| i as i64 % 3).collect();
        let fit = |x: &Array2<f64>| {
            let estimator = LogisticRegression::new().c(f64::INFINITY).tol(1e-10);
            let model = estimator.max_iter(1000).fit(x, &labels).unwrap();
            model.inference(x, &labels).unwrap()
        };
        let plain = fit(&x);
        let mut scaled = x.clone();
        scaled.column_mut(0).mapv_inplace(|v| v * 1e3 + 2e3);
        let found = fit(&scaled);
        for at in [1, 2, 4, 5] {
            let unit = if at % 3 == 1 { 1e3 } else { 1.0 };
            assert!((found.std_err()[at] * unit / plain.std_err()[at] - 1.0).abs() < 1e-4);
        }
        // The intercept is that of the other origin: var(b − 2 w) with w in units of the column before.
        let c = plain.covariance();
        let variance = c[[0, 0]] - 4.0 * c[[0, 1]] + 4.0 * c[[1, 1]];
        assert!((found.covariance()[[0, 0]] / variance - 1.0).abs() < 1e-4);
    }
}
