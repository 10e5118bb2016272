//! The ridge family.

use fitwell::linear_model::{Ridge, RidgeClassifier, RidgeClassifierCv, RidgeCv, RidgeSolver};
use fitwell::{ClassWeight, Float};

use crate::subject::{Entry, Tags, classifier, regressor};
use crate::{folds, iterative, sample};

/// A row left out is left out with all of its weight, not as one of several equal rows.
fn leaves_out(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("a row of weight two is left out whole, two equal rows one by one"),
        ..tags
    }
}

fn draws(tags: Tags) -> Tags {
    Tags {
        order_counts: Some("rows are drawn at random by their position"),
        many_rows: 1_311,
        ..tags
    }
}

fn positive(tags: Tags) -> Tags {
    Tags {
        poor_score: Some("the best coefficients have both signs"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let ridge = |solver| Ridge::new().solver(solver).tol(1e-9).max_iter(20_000);
    let classes = |solver| RidgeClassifier::new().solver(solver);
    vec![
        regressor(ridge(RidgeSolver::Svd), sample("alpha", 0.5)),
        regressor(ridge(RidgeSolver::Lsqr), iterative::<F>(sample("alpha", 0.5))),
        regressor(ridge(RidgeSolver::SparseCg), iterative::<F>(sample("alpha", 0.5))),
        regressor(ridge(RidgeSolver::Saga), draws(iterative::<F>(sample("random_state", 5)))),
        regressor(Ridge::new().positive(true), positive(sample("alpha", 0.5))),
        regressor(ridge(RidgeSolver::Lbfgs).positive(true), positive(iterative::<F>(sample("alpha", 0.5)))),
        regressor(RidgeCv::new(), leaves_out(sample("fit_intercept", false))),
        regressor(RidgeCv::new().cv(3), folds(leaves_out(sample("alphas", vec![2.0])))),
        classifier(RidgeClassifier::new(), sample("alpha", 0.5)),
        classifier(classes(RidgeSolver::Svd).class_weight(ClassWeight::Balanced), Tags { weight_scale_invariant: false, ..sample("fit_intercept", false) }),
        classifier(RidgeClassifierCv::new(), leaves_out(sample("fit_intercept", false))),
        classifier(RidgeClassifierCv::new().cv(3), folds(leaves_out(sample("class_weight", "balanced")))),
    ]
}
