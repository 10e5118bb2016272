//! Isotonic regression: the monotonic function of one feature that is nearest to the target.

mod isotonic_regression;
mod pool;

pub use isotonic_regression::{
    FittedIsotonicRegression, Increasing, IsotonicRegression, OutOfBounds,
};
pub use pool::{Isotonic, check_increasing, isotonic_regression};
