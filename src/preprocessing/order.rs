//! The memory layout of a result.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::float::Float;
use crate::parallel;

/// The memory layout of a result. The values are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Row after row.
    #[default]
    C,
    /// Column after column.
    F,
}

impl Order {
    /// Zeros in this layout.
    pub(super) fn zeros<F: Float>(self, shape: (usize, usize)) -> Array2<F> {
        match self {
            Order::C => parallel::fresh(shape),
            Order::F => parallel::fresh((shape.1, shape.0)).reversed_axes(),
        }
    }
}
