//! The memory layout of a result.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::categories::check_size;
use crate::error::Result;
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
    /// Zeros in this layout; a shape that is too large, or that memory cannot hold, is an error.
    pub(super) fn zeros<F: Float>(
        self,
        estimator: &str,
        shape: (usize, usize),
    ) -> Result<Array2<F>> {
        check_size(estimator, shape.0, shape.1)?;
        parallel::fits::<F>(estimator, shape)?;
        Ok(match self {
            Order::C => parallel::fresh(shape),
            Order::F => parallel::fresh((shape.1, shape.0)).reversed_axes(),
        })
    }
}
