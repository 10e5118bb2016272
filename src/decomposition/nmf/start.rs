//! The factors that iterations begin with.

use ndarray::{Array2, ArrayRef2};

use super::{NAME, Nmf, NmfComponents, NmfInit};
use crate::check;
use crate::decomposition::at_most;
use crate::decomposition::centered::Centered;
use crate::decomposition::randomized::Randomized;
use crate::decomposition::settings::{IteratedPower, PowerIterationNormalizer};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::matmul;
use crate::random::{generator, standard_normal};

impl Nmf {
    /// W and H to begin with.
    pub(super) fn begin<F: Float>(&self, x: &ArrayRef2<F>) -> Result<(Array2<F>, Array2<F>)> {
        let (n, p) = x.dim();
        let k = match self.n_components {
            NmfComponents::Auto => p,
            NmfComponents::Count(k) => k,
        };
        let init = match self.init {
            NmfInit::Auto if k <= n.min(p) => NmfInit::Nndsvda,
            NmfInit::Auto => NmfInit::Random,
            init => init,
        };
        let mean = x.iter().map(|v| v.f64()).sum::<f64>() / x.len() as f64;
        check::learned(NAME, "the mean of X", &[mean])?;
        let mut rng = generator(self.random_state);
        let mut normal = |size: f64| F::of((size * standard_normal(&mut rng)).abs());
        if init == NmfInit::Random {
            crate::parallel::fits::<F>("the factors", (n.saturating_add(p), k))?;
            let size = (mean / k as f64).sqrt();
            let h = Array2::from_shape_simple_fn((k, p), || normal(size));
            let w = Array2::from_shape_simple_fn((n, k), || normal(size));
            return Ok((w, h));
        }
        at_most(
            NAME,
            k,
            n.min(p),
            "min(n_samples, n_features) for this `init`",
        )?;
        let (mut w, mut h) = self.by_singular_vectors(x, k)?;
        let mut fill = |factor: &mut Array2<F>| {
            for v in factor.iter_mut().filter(|v| **v == F::zero()) {
                *v = match init {
                    NmfInit::Nndsvda => F::of(mean),
                    NmfInit::Nndsvdar => normal(mean / 100.0),
                    _ => F::zero(),
                };
            }
        };
        fill(&mut w);
        fill(&mut h);
        Ok((w, h))
    }

    /// Non-negative double singular value decomposition.
    fn by_singular_vectors<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        k: usize,
    ) -> Result<(Array2<F>, Array2<F>)> {
        const DUST: f64 = 1e-6;
        let a = Centered::around_zero(x);
        let leading = Randomized {
            n_components: k,
            n_oversamples: 10,
            n_iter: IteratedPower::Auto.resolve(k, x.dim()),
            normalizer: PowerIterationNormalizer::Auto,
            random_state: self.random_state,
        }
        .decompose(NAME, &a)?;
        let mut u = matmul(x, &leading.vt.t());
        let mut h = leading.vt;
        for j in 0..k {
            let s = a.unscaled(leading.values[j]).f64();
            let inverse = if s > 0.0 { 1.0 / s } else { 0.0 };
            let left: Vec<f64> = u.column(j).iter().map(|v| v.f64() * inverse).collect();
            let right: Vec<f64> = h.row(j).iter().map(|v| v.f64()).collect();
            let part = |v: &[f64], sign: f64| -> Vec<f64> {
                (v.iter())
                    .map(|v| if j == 0 { v.abs() } else { (sign * v).max(0.0) })
                    .collect()
            };
            let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
            let sides = [1.0, -1.0].map(|sign| (part(&left, sign), part(&right, sign)));
            let sizes = sides.each_ref().map(|(u, v)| (norm(u), norm(v)));
            let side = usize::from(sizes[0].0 * sizes[0].1 <= sizes[1].0 * sizes[1].1);
            let (u_norm, v_norm) = sizes[side];
            let product = u_norm * v_norm;
            let size = (s * product).sqrt();
            let scaled = |v: f64, norm: f64| {
                let v = if norm > 0.0 { size * v / norm } else { 0.0 };
                F::of(if v < DUST { 0.0 } else { v })
            };
            let (left, right) = &sides[side];
            for (to, &v) in u.column_mut(j).iter_mut().zip(left) {
                *to = scaled(v, u_norm);
            }
            for (to, &v) in h.row_mut(j).iter_mut().zip(right) {
                *to = scaled(v, v_norm);
            }
        }
        Ok((u, h))
    }
}
