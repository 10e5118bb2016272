//! Logistic regression by its solvers, and with cross-validation.

use fitwell::Float;
use fitwell::linear_model::{LogisticRegression, LogisticRegressionCv, LogisticSolver};

use crate::subject::{Entry, Tags, classifier};
use crate::{folds, iterative, sample};

/// Epochs are long, and steps are made one after the other.
fn draws(tags: Tags) -> Tags {
    Tags {
        order_counts: Some("rows are drawn at random by their position"),
        many_rows: 1_311,
        ..tags
    }
}

/// Folds are made of rows, which repeating changes.
fn repeats(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("the folds are made of rows, which repeating changes"),
        many_rows: 1_311,
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let by = |solver| LogisticRegression::new().solver(solver).max_iter(1000);
    let l1 = || LogisticRegressionCv::new().solver(LogisticSolver::NewtonCd).l1_ratios([0.5]).tol(1e-6);
    vec![
        classifier(by(LogisticSolver::NewtonCg).tol(1e-7), iterative::<F>(sample("C", 0.5))),
        classifier(by(LogisticSolver::NewtonCholesky).tol(1e-7), iterative::<F>(sample("C", 0.5))),
        classifier(by(LogisticSolver::NewtonCd).l1_ratio(0.7).tol(1e-7), iterative::<F>(sample("l1_ratio", 0.5))),
        classifier(by(LogisticSolver::Saga).tol(1e-5), Tags { tolerance: 2e-2, many_rows: 307, ..draws(sample("random_state", 5)) }),
        classifier(LogisticRegressionCv::new().cs(3).cv(3), folds(repeats(iterative::<F>(sample("Cs", vec![1.0]))))),
        classifier(l1().cs([1.0]).cv(2).refit(false), Tags { tolerance: 1e-2, ..folds(repeats(sample("max_iter", 50))) }),
    ]
}
