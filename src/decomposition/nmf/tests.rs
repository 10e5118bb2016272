//! What holds for every factorisation.

use ndarray::Array2;

use super::*;
use crate::random::{generator, uniform};
use crate::traits::{InverseTransform, Transform};

fn data() -> Array2<f64> {
    let mut rng = generator(13);
    let w = Array2::from_shape_simple_fn((25, 3), || uniform(&mut rng));
    let h = Array2::from_shape_simple_fn((3, 8), || uniform(&mut rng));
    w.dot(&h) + 0.01
}

#[test]
fn every_loss_falls_and_nothing_is_negative() {
    let x = data();
    let losses = [
        BetaLoss::Frobenius,
        BetaLoss::KullbackLeibler,
        BetaLoss::ItakuraSaito,
        BetaLoss::Beta(0.5),
        BetaLoss::Beta(1.5),
        BetaLoss::Beta(3.0),
    ];
    for loss in losses {
        let nmf = Nmf::new()
            .n_components(3)
            .solver(NmfSolver::Mu)
            .beta_loss(loss)
            .tol(0.0);
        let mut last = f64::INFINITY;
        for max_iter in [1, 5, 25, 100] {
            let fit = nmf.clone().max_iter(max_iter).fit_and_transform(&x, &());
            let (model, w) = fit.unwrap();
            let now = model.reconstruction_err();
            assert!(now < last, "{loss:?}: {now} after {last}");
            last = now;
            assert!(w.iter().chain(model.components()).all(|v| *v >= 0.0));
        }
    }
}

#[test]
fn an_exact_product_is_found_and_new_rows_agree() {
    let x = data();
    for solver in [NmfSolver::Cd, NmfSolver::Mu] {
        let nmf = Nmf::new()
            .n_components(4)
            .solver(solver)
            .tol(1e-9)
            .max_iter(20_000);
        let (model, w) = nmf.fit_and_transform(&x, &()).unwrap();
        let bound = if solver == NmfSolver::Cd { 0.02 } else { 0.05 };
        assert!(
            model.reconstruction_err() < bound,
            "{}",
            model.reconstruction_err()
        );
        let again = model.transform(&x).unwrap();
        let back = model.inverse_transform(&again).unwrap();
        assert!(
            (back - w.dot(model.components()))
                .iter()
                .all(|d| d.abs() < bound)
        );
    }
}

#[test]
fn bad_data_and_settings_are_named() {
    let mut x = data();
    let text = |nmf: &Nmf, x: &Array2<f64>| nmf.fit(x, &()).unwrap_err().to_string();
    let kl = Nmf::new().beta_loss(BetaLoss::KullbackLeibler);
    assert!(text(&kl, &x).contains("`beta_loss` of `Nmf` must be"));
    assert!(text(&Nmf::new().n_components(9).init(NmfInit::Nndsvd), &x).contains("n_components"));
    x[[3, 2]] = 0.0;
    let is = Nmf::new()
        .solver(NmfSolver::Mu)
        .beta_loss(BetaLoss::ItakuraSaito);
    assert!(text(&is, &x).contains("row 3, column 2 is 0"));
    x[[3, 2]] = -1.0;
    assert_eq!(text(&Nmf::new(), &x), "X: row 3, column 2 is negative: -1");
    let wide = Nmf::new().n_components(9).fit(&data(), &()).unwrap();
    assert_eq!(wide.n_components(), 9);
    let zeros = Array2::<f64>::zeros((4, 3));
    assert_eq!(
        Nmf::new().fit(&zeros, &()).unwrap().reconstruction_err(),
        0.0
    );
}
