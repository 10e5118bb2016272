//! Settings that are arrays.

use ndarray::{Array, ArrayBase, Data, Dimension};
use serde_json::Value;

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::written::written;
use crate::float::Float;

/// A setting that is a number or an array of one to three dimensions: made from an array, `(&means).into()`, or a number,
/// and written as nested lists.
///
/// ```
/// use fitwell::mixture::{GaussianMixture, Numbers};
/// use ndarray::array;
///
/// let means = Numbers::from(&array![[0.0, 1.0], [5.0, 6.0]]);
/// assert_eq!(means.shape(), [2, 2]);
/// let mixture = GaussianMixture::new(2).means_init(means);
/// assert_eq!(mixture.to_string(), "GaussianMixture(means_init=[[0.0,1.0],[5.0,6.0]], n_components=2)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Numbers {
    /// The lengths of the dimensions; none for a number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values in row order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    fn write(&self) -> Value {
        fn lists(shape: &[usize], values: &[f64]) -> Value {
            match shape {
                [] => values.first().copied().into(),
                [_] => values.to_vec().into(),
                [length, rest @ ..] => {
                    let size = values.len() / (*length).max(1);
                    let parts = values.chunks(size.max(1)).map(|part| lists(rest, part));
                    parts.collect()
                }
            }
        }
        lists(&self.shape, &self.values)
    }

    fn read(value: &Value) -> Option<Self> {
        fn walk(
            value: &Value,
            depth: usize,
            shape: &mut Vec<usize>,
            out: &mut Vec<f64>,
        ) -> Option<()> {
            let Value::Array(parts) = value else {
                out.push(value.as_f64()?);
                return (shape.len() == depth).then_some(());
            };
            if depth == 3 {
                return None;
            }
            if shape.len() == depth && out.is_empty() {
                shape.push(parts.len());
            }
            if shape.get(depth) != Some(&parts.len()) {
                return None;
            }
            parts
                .iter()
                .try_for_each(|part| walk(part, depth + 1, shape, out))
        }
        let (mut shape, mut values) = (Vec::new(), Vec::new());
        walk(value, 0, &mut shape, &mut values)?;
        (shape.iter().product::<usize>() == values.len()).then_some(Numbers { shape, values })
    }

    /// Of this shape and finite.
    pub(crate) fn check(&self, estimator: &str, name: &str, shape: &[usize]) -> Result<()> {
        if self.shape != shape {
            let expected = match shape {
                [] => "a number".to_string(),
                _ => format!("an array of shape {shape:?}"),
            };
            let got = format!("shape {:?}", self.shape);
            return Err(Error::invalid_parameter(estimator, name, expected, got));
        }
        let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        let mut values = self.values.iter();
        values.try_for_each(|&v| check::real(estimator, name, v, finite))
    }
}
written!(Numbers, "a number or nested lists of numbers");

impl<F: Float, S: Data<Elem = F>, D: Dimension> From<&ArrayBase<S, D>> for Numbers {
    fn from(array: &ArrayBase<S, D>) -> Self {
        Numbers {
            shape: array.shape().to_vec(),
            values: array.iter().map(|v| v.f64()).collect(),
        }
    }
}

impl<F: Float, D: Dimension> From<Array<F, D>> for Numbers {
    fn from(array: Array<F, D>) -> Self {
        Numbers::from(&array)
    }
}

impl From<f64> for Numbers {
    fn from(value: f64) -> Self {
        Numbers {
            shape: Vec::new(),
            values: vec![value],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};

    #[test]
    fn arrays_come_back_from_their_lists() {
        let cube = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i * 12 + j * 4 + k) as f64);
        for numbers in [
            Numbers::from(&cube),
            Numbers::from(&array![[1.5, 2.5]]),
            Numbers::from(&array![1.0f32]),
            Numbers::from(0.5),
        ] {
            assert_eq!(Numbers::read(&numbers.write()), Some(numbers));
        }
    }

    #[test]
    fn ragged_deep_and_other_lists_are_refused() {
        for text in [
            "[[1, 2], [3]]",
            "[1, [2]]",
            "[[1], 2]",
            "[[[[1]]]]",
            "\"a\"",
            "null",
            "[null]",
            "{\"a\": 1}",
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(Numbers::read(&value), None, "{text}");
        }
        let empty = Numbers::read(&serde_json::json!([])).unwrap();
        assert!(empty.check("X", "y", &[2]).is_err());
        assert!(Numbers::from(f64::NAN).check("X", "y", &[]).is_err());
        assert!(Numbers::from(1.0).check("X", "y", &[]).is_ok());
    }
}
