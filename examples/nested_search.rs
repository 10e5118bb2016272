//! How good is a model whose settings were chosen by a search? The score of the winner is too good: it is the best of
//! many. A search inside a cross-validation tells: each outer fold is scored by a model that a search on the other folds
//! chose.
//!
//! The search here also chooses which classifier stands at the end of the pipeline.

use fitwell::boxed::BoxedClassifier;
use fitwell::datasets::load_wine;
use fitwell::decomposition::Pca;
use fitwell::linear_model::{LogisticRegression, RidgeClassifier};
use fitwell::model_selection::{
    Accuracy, Choice, CrossValidator, GridSearchCv, NegLogLoss, ParamDistributions, ParamGrid,
    Refit, StratifiedKFold, TpeSearchCv, cross_val_score, integers, log_uniform,
};
use fitwell::neighbors::KNeighborsClassifier;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

fn main() -> Result<()> {
    let wine = load_wine()?;
    let (x, y) = (&wine.x, &wine.target);

    // Which classifier is a hyper-parameter, `clf__choice`; each has its own grid.
    let classify: Choice<BoxedClassifier> =
        Choice::new("logistic", LogisticRegression::new().boxed_classifier())
            .or("ridge", RidgeClassifier::new().boxed_classifier())
            .or("neighbors", KNeighborsClassifier::new().boxed_classifier());
    let pipe = pipeline("scale", StandardScaler::new())
        .then("pca", Pca::new())
        .then("clf", classify);
    let of = |choice: &str| {
        ParamGrid::new()
            .with("clf__choice", [choice])
            .with("pca__n_components", [2, 8])
    };
    let grid = of("logistic")
        .with("clf__logistic__C", [0.01, 0.1, 1.0])
        .or(of("ridge").with("clf__ridge__alpha", [0.1, 10.0]))
        .or(of("neighbors").with("clf__neighbors__n_neighbors", [5, 15]));
    let inner = StratifiedKFold::new()
        .n_splits(4)
        .shuffle(true)
        .random_state(1);
    let search = GridSearchCv::new(pipe, grid)
        .cv(inner.clone())
        .scoring(Accuracy);

    let found = search.fit(x, y)?;
    println!("{}\n", found.results());
    println!("the winner's own score: {:.4}", found.best_score());

    // The same search on the training rows of five outer folds, each scored on rows it never saw.
    let outer = StratifiedKFold::new().shuffle(true).random_state(2);
    let nested = cross_val_score(&search, x, y, &outer, &Accuracy)?;
    println!(
        "nested: {:.4} +- {:.4} on {} outer folds\n",
        nested.mean().unwrap_or(f64::NAN),
        nested.std(0.0),
        outer.split(y.len(), y)?.len()
    );

    // Several scores at once, and the simplest model that is as good as the best.
    let scaled = pipeline("scale", StandardScaler::new())
        .then("pca", Pca::new())
        .then("clf", LogisticRegression::new());
    let few = Refit::one_standard_error(|params| {
        params["pca__n_components"]
            .as_f64()
            .unwrap_or(f64::INFINITY)
    });
    let components = ParamGrid::new().with("pca__n_components", [1, 2, 3, 5, 8, 13]);
    let simple = GridSearchCv::new(scaled.clone(), components)
        .cv(inner.clone())
        .scoring((Accuracy, NegLogLoss))
        .refit(few)
        .fit(x, y)?;
    println!("{}", simple.results());
    println!("chosen by one standard error: {}\n", simple.best_params());

    // A model of what was tried proposes what to try next; the log would let it go on after an interruption.
    let space = ParamDistributions::new()
        .with("pca__n_components", integers(1..=13))
        .with("clf__C", log_uniform(1e-4, 1e4));
    let modelled = TpeSearchCv::new(scaled, space)
        .n_iter(30)
        .cv(inner)
        .scoring(NegLogLoss)
        .fit(x, y)?;
    println!("{modelled}");

    assert_eq!(found.results().candidates().len(), 14);
    assert!(nested.iter().all(|&score| score > 0.9));
    assert!(
        simple.best_score() > 0.9 && simple.best_params()["pca__n_components"].as_i64() < Some(8)
    );
    assert!(modelled.best_score() > -0.1);
    Ok(())
}
