//! Data to learn on: bundled data sets and makers of synthetic ones.
//!
//! # Bundled
//! Eight small, well-known data sets are part of the crate: `load_*` reads them, nothing is downloaded. Their CSV files
//! lie under `datasets/` in the repository, with origin and licence beside them.
//!
//! | loader | rows | features | target |
//! | --- | --- | --- | --- |
//! | [`load_iris`] | 150 | 4 | 3 classes |
//! | [`load_wine`] | 178 | 13 | 3 classes |
//! | [`load_breast_cancer`] | 569 | 30 | 2 classes |
//! | [`load_digits`] | 1,797 | 64 | 10 classes |
//! | [`load_diabetes`] | 442 | 10 | real |
//! | [`load_linnerud`] | 20 | 3 | three real |
//! | [`load_titanic`] | 1,309 | 13 mixed, missing values | `survived` |
//! | [`load_penguins`] | 344 | 6 mixed, missing values | `species` |
//!
//! ```
//! use fitwell::datasets;
//!
//! let iris = datasets::load_iris()?;
//! assert_eq!(iris.x.dim(), (150, 4));
//! assert_eq!(iris.target_names, ["setosa", "versicolor", "virginica"]);
//! # Ok::<(), fitwell::Error>(())
//! ```
//!
//! # Synthetic
//! `make_*` functions have scikit-learn's names and settings; each gives a builder that starts from scikit-learn's
//! defaults. The same settings and seed (`random_state`, 0 unless set) give the same data in every release; the numbers
//! drawn are not scikit-learn's, their distributions are.
//!
//! | maker | gives |
//! | --- | --- |
//! | [`make_blobs`] | normal clusters |
//! | [`make_classification`] | classes at the corners of a hypercube, with redundant and useless features |
//! | [`make_multilabel_classification`] | word counts with several labels |
//! | [`make_moons`], [`make_circles`] | two classes that no line separates |
//! | [`make_regression`] | a sparse linear model |
//! | [`make_friedman1`] | a non-linear regression problem |
//! | [`make_low_rank_matrix`] | a matrix of nearly low rank |
//! | [`make_s_curve`], [`make_swiss_roll`] | rolled-up surfaces |
//!
//! ```
//! use fitwell::datasets::make_classification;
//!
//! let (x, y) = make_classification().n_samples(500).n_informative(5).random_state(3).build()?;
//! assert_eq!((x.dim(), y.len()), ((500, 20), 500));
//! # Ok::<(), fitwell::Error>(())
//! ```

mod bundled;
mod dataset;
mod make;

pub use bundled::{
    load_breast_cancer, load_diabetes, load_diabetes_raw, load_digits, load_iris, load_linnerud,
    load_penguins, load_titanic, load_wine, penguins_csv, titanic_csv,
};
pub use dataset::Dataset;
pub use make::{
    Adjustment, Centers, FeatureRole, MakeBlobs, MakeCircles, MakeClassification, MakeFriedman1,
    MakeLowRankMatrix, MakeMoons, MakeMultilabelClassification, MakeRegression, MakeSCurve,
    MakeSwissRoll, OneOrMany, make_blobs, make_circles, make_classification, make_friedman1,
    make_low_rank_matrix, make_moons, make_multilabel_classification, make_regression,
    make_s_curve, make_swiss_roll,
};
