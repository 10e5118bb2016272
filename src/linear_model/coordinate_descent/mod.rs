//! Coordinate descent for least squares with an L1, an L2 or a group penalty: what Lasso, ElasticNet, their multi-task
//! forms, their paths and their cross-validation share.
//!
//! With `X` (n, p) and `Y` (n, t) centred and their rows scaled by the roots of the weights, the minimum over `W` (p, t) of
//!
//! ```text
//! ½ ‖Y − XW‖² + l1 Σⱼ ‖wⱼ‖₂ + ½ l2 ‖W‖²
//! ```
//!
//! is found one row `wⱼ` after the other. Each step needs `xⱼ'R`, R the residual. [`Columns`] keeps R and a copy of X column
//! by column; [`Quadratic`] keeps `X'R` instead and needs, for each coefficient that ever moves, one row of `X'X`. Both take
//! the same steps and stop by the same duality gap, that of scikit-learn, so they differ by rounding alone. [`Quadratic`] is
//! for n ≥ p: a sweep costs nothing beside the rows of `X'X`, which are computed many at a time, when they are first needed.
//! One penalty over a large X goes by working sets instead ([`working_set`]).

mod alphas;
mod columns;
mod data;
mod descent;
mod fit;
mod folds;
mod l1_ratio;
mod path;
mod quadratic;
mod rows;
mod settings;
#[cfg(test)]
mod tests;
mod working_set;

pub use alphas::Alphas;
pub(super) use descent::Descent;
pub(super) use fit::{Objective, Solution, fit};
pub(super) use folds::{Found, Search, search};
pub use l1_ratio::L1Ratio;
pub(super) use path::{Penalties, Problem, alpha_grid, alpha_max};
pub use settings::Selection;
pub(super) use settings::{Course, estimator};
