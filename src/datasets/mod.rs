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

mod bundled;
mod dataset;

pub use bundled::{
    load_breast_cancer, load_diabetes, load_diabetes_raw, load_digits, load_iris, load_linnerud,
    load_penguins, load_titanic, load_wine, penguins_csv, titanic_csv,
};
pub use dataset::Dataset;
