//! The parameters of a network of dense layers in one flat vector: the weights of every layer, then the intercepts of every
//! layer. Rows of weights and intercepts are padded with zeros to whole cache lines, which stay 0: their gradient is 0.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ShapeBuilder};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::panel::stride;
use crate::parallel;

/// Where the parameters of a dense layer of `n_in` inputs and `n_out` outputs are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub n_in: usize,
    pub n_out: usize,
    /// The distance of the rows of weights, and the padded length of the intercepts.
    pub stride: usize,
    /// The first weight; row i, of input i, follows after i `stride`.
    pub weights: usize,
    /// The first intercept.
    pub intercepts: usize,
}

/// Where the parameters of every layer are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub places: Vec<Place>,
    /// Weights come first, padding included.
    pub n_weights: usize,
    pub len: usize,
}

impl Layout {
    /// Of layers of these many units, inputs and outputs included.
    ///
    /// # Errors
    /// `TooLarge` or `InvalidInput` when the parameters do not fit in memory.
    pub(crate) fn new<F: Float>(units: &[usize]) -> Result<Self> {
        let mut places: Vec<Place> = Vec::with_capacity(units.len().saturating_sub(1));
        let mut at = 0usize;
        for pair in units.windows(2) {
            let (n_in, n_out) = (pair[0], pair[1]);
            // Twice the width covers the padding of all but tiny layers.
            let padded = n_out.saturating_mul(2).max(32);
            parallel::fits::<F>("the weights of a layer", (n_in, padded))?;
            let stride = stride::<F>(n_out);
            places.push(Place {
                n_in,
                n_out,
                stride,
                weights: at,
                intercepts: 0,
            });
            at = at.saturating_add(n_in.saturating_mul(stride));
        }
        let n_weights = at;
        for place in &mut places {
            place.intercepts = at;
            at = at.saturating_add(place.stride);
        }
        parallel::fits::<F>("the weights of the network", (at, 1))?;
        Ok(Layout {
            places,
            n_weights,
            len: at,
        })
    }

    /// The number of parameters, without padding.
    pub(crate) fn n_parameters(&self) -> usize {
        self.places.iter().map(|p| (p.n_in + 1) * p.n_out).sum()
    }
}

/// The parameters of a network. In a file, arrays as scikit-learn has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Plain<F>", into = "Plain<F>", bound = "F: Float")]
pub(crate) struct Parameters<F: Float> {
    pub layout: Layout,
    pub values: Vec<F>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
struct Plain<F> {
    coefs: Vec<Array2<F>>,
    intercepts: Vec<Array1<F>>,
}

impl<F: Float> Parameters<F> {
    /// Zeros.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub(crate) fn zeros(units: &[usize]) -> Result<Self> {
        let layout = Layout::new::<F>(units)?;
        let values = vec![F::zero(); layout.len];
        Ok(Parameters { layout, values })
    }

    /// From the weights and intercepts of each layer.
    ///
    /// # Errors
    /// `ShapeMismatch`, `EmptyInput` and `NonFinite`.
    pub(crate) fn from_arrays(coefs: &[Array2<F>], intercepts: &[Array1<F>]) -> Result<Self> {
        let Some(first) = coefs.first() else {
            return Err(Error::invalid_input("coefs", "there are no layers"));
        };
        if coefs.len() != intercepts.len() {
            let (expected, got) = (coefs.len(), intercepts.len());
            return Err(Error::shape("number of intercepts", expected, got));
        }
        let mut units = vec![first.nrows()];
        for (layer, (coef, intercept)) in coefs.iter().zip(intercepts).enumerate() {
            let n_in = units[layer];
            if coef.nrows() != n_in {
                let what = format!("rows of the weights of layer {layer}");
                return Err(Error::shape(what, n_in, coef.nrows()));
            }
            if coef.is_empty() {
                let reason = format!("layer {layer} has no weights");
                return Err(Error::invalid_input("coefs", reason));
            }
            if intercept.len() != coef.ncols() {
                let what = format!("intercepts of layer {layer}");
                return Err(Error::shape(what, coef.ncols(), intercept.len()));
            }
            crate::check::finite(coef, "coefs")?;
            crate::check::finite_vector(intercept, "intercepts")?;
            units.push(coef.ncols());
        }
        let mut new = Parameters::zeros(&units)?;
        for (place, (coef, intercept)) in new.layout.places.iter().zip(coefs.iter().zip(intercepts))
        {
            for (i, row) in coef.rows().into_iter().enumerate() {
                let to = &mut new.values[place.weights + i * place.stride..][..place.n_out];
                for (to, &v) in to.iter_mut().zip(row) {
                    *to = v;
                }
            }
            let to = &mut new.values[place.intercepts..][..place.n_out];
            for (to, &v) in to.iter_mut().zip(intercept) {
                *to = v;
            }
        }
        Ok(new)
    }

    /// The weights of each layer, (inputs, outputs).
    pub(crate) fn coefs(&self) -> Vec<ArrayView2<'_, F>> {
        let view = |place: &Place| {
            let shape = (place.n_in, place.n_out).strides((place.stride, 1));
            ArrayView2::from_shape(shape, &self.values[place.weights..])
        };
        self.layout
            .places
            .iter()
            .filter_map(|p| view(p).ok())
            .collect()
    }

    /// The intercepts of each layer.
    pub(crate) fn intercepts(&self) -> Vec<ArrayView1<'_, F>> {
        let view = |p: &Place| ArrayView1::from(&self.values[p.intercepts..][..p.n_out]);
        self.layout.places.iter().map(view).collect()
    }

    /// The number of units of each layer, inputs and outputs included.
    pub(crate) fn units(&self) -> Vec<usize> {
        let first = self.layout.places.first().map(|p| p.n_in);
        let rest = self.layout.places.iter().map(|p| p.n_out);
        first.into_iter().chain(rest).collect()
    }

    /// Whether every parameter is finite.
    pub(crate) fn all_finite(&self) -> bool {
        self.values.iter().all(|v| v.is_finite())
    }
}

impl<F: Float> From<Parameters<F>> for Plain<F> {
    fn from(parameters: Parameters<F>) -> Self {
        Plain {
            coefs: parameters.coefs().iter().map(|c| c.to_owned()).collect(),
            intercepts: parameters
                .intercepts()
                .iter()
                .map(|b| b.to_owned())
                .collect(),
        }
    }
}

impl<F: Float> TryFrom<Plain<F>> for Parameters<F> {
    type Error = Error;
    fn try_from(plain: Plain<F>) -> Result<Self> {
        Parameters::from_arrays(&plain.coefs, &plain.intercepts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn arrays_come_back() {
        let coefs = [
            array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            array![[7.0], [8.0], [9.0]],
        ];
        let intercepts = [array![0.1, 0.2, 0.3], array![0.4]];
        let p = Parameters::from_arrays(&coefs, &intercepts).unwrap();
        assert_eq!(p.units(), [2, 3, 1]);
        assert_eq!(p.layout.n_parameters(), 13);
        assert!(p.coefs().iter().zip(&coefs).all(|(a, b)| a == b));
        assert!(p.intercepts().iter().zip(&intercepts).all(|(a, b)| a == b));
        let text = serde_json::to_string(&p).unwrap();
        assert_eq!(serde_json::from_str::<Parameters<f64>>(&text).unwrap(), p);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let a = array![[1.0, 2.0]];
        let b = array![0.0, 0.0];
        let none: [Array2<f64>; 0] = [];
        assert!(Parameters::from_arrays(&none, &[]).is_err());
        let one = std::slice::from_ref(&a);
        assert!(Parameters::from_arrays(one, &[]).is_err());
        assert!(Parameters::from_arrays(one, &[array![0.0]]).is_err());
        let twice = [a.clone(), a];
        assert!(Parameters::from_arrays(&twice, &[b.clone(), b.clone()]).is_err());
        assert!(Parameters::from_arrays(&[array![[f64::NAN, 0.0]]], &[b]).is_err());
        let huge = Layout::new::<f64>(&[1 << 40, 1 << 40]).unwrap_err();
        assert!(huge.to_string().contains("weights of a layer"), "{huge}");
        assert!(Layout::new::<f32>(&[3, usize::MAX, usize::MAX]).is_err());
    }
}
