//! Which of ten measurements tell how diabetes progresses? A regularisation path: from a penalty so large that no feature is
//! left, down to where all are in, and what cross-validation makes of it.
//!
//! Run with `cargo run --release --example lasso_path`.

use fitwell::datasets;
use fitwell::linear_model::{LassoCv, lasso_path};
use fitwell::model_selection::KFold;
use fitwell::ndarray::Axis;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

fn main() -> Result<()> {
    let data = datasets::load_diabetes_raw()?;
    let x = StandardScaler::new().fit_transform(&data.x)?;
    let y = &data.target - data.target.sum() / data.target.len() as f64;

    // The path: a penalty a column, a feature a row.
    let path = lasso_path()
        .alphas(60)
        .eps(1e-3)
        .tol(1e-8)
        .compute(&x, &y)?;
    println!("{path}");

    println!("Features in the order in which they enter, and their coefficients along the path:\n");
    let shown = [5, 15, 25, 35, 45, 59];
    print!("{:>8}  enters at alpha", "feature");
    for i in shown {
        print!("  {:>9.3}", path.alphas()[i]);
    }
    println!();
    let entry = |j: usize| path.coefs().row(j).iter().position(|&w| w != 0.0);
    let mut order: Vec<usize> = (0..x.ncols()).collect();
    order.sort_by_key(|&j| entry(j));
    for &j in &order {
        let alpha = entry(j).map_or(0.0, |i| path.alphas()[i]);
        print!("{:>8}  {alpha:>15.3}", data.feature_names[j]);
        for i in shown {
            match path.coefs()[[j, i]] {
                0.0 => print!("  {:>9}", "."),
                w => print!("  {w:>9.2}"),
            }
        }
        println!();
    }

    // The penalty that predicts best rows it has not seen.
    let folds = KFold::new().n_splits(10).shuffle(true).random_state(1);
    let chosen = LassoCv::new().alphas(60).cv(folds).fit(&x, &data.target)?;
    let place = chosen
        .alphas()
        .iter()
        .position(|&alpha| alpha == chosen.alpha());
    let place = place.unwrap_or(0);
    let errors = chosen.mse_path().row(place).to_owned();
    let root = errors.mapv(f64::sqrt);
    println!("\nCross-validation takes alpha = {:.3}:", chosen.alpha());
    println!(
        "  root of the mean squared error {:.2} (folds {:.2} to {:.2})",
        errors
            .mean_axis(Axis(0))
            .map_or(0.0, |m| m.into_scalar().sqrt()),
        root.iter().copied().fold(f64::INFINITY, f64::min),
        root.iter().copied().fold(0.0, f64::max),
    );
    println!(
        "  predicting the mean alone: {:.2}",
        (chosen.mse_path().row(0).sum() / 10.0).sqrt()
    );
    let kept: Vec<&str> = (0..x.ncols())
        .filter(|&j| chosen.coef()[j] != 0.0)
        .map(|j| data.feature_names[j].as_str())
        .collect();
    println!(
        "  it keeps {} of {} features: {}",
        kept.len(),
        x.ncols(),
        kept.join(", ")
    );
    println!(
        "  duality gap {:.1e} after {} sweeps",
        chosen.dual_gap(),
        chosen.n_iter()
    );

    assert_eq!(path.n_active()[0], 0);
    assert!(chosen.converged() && kept.len() < x.ncols());
    Ok(())
}
