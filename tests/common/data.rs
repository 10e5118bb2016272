//! Data for the checks, the same in both precisions as far as rounding goes.

use fitwell::{Float, Labels, random};
use ndarray::{Array1, Array2, ArrayRef2, Axis};

use crate::subject::{Kind, Target, Y};

/// Blobs around one centre for each class, or a linear target with noise; columns of different scale, values of both
/// signs.
pub fn problem<F: Float>(
    kind: Kind,
    n: usize,
    p: usize,
    n_classes: usize,
) -> (Array2<F>, Target<F>) {
    let mut rng = random::generator(20);
    let mut codes = Vec::with_capacity(n);
    let mut x = Array2::<f64>::zeros((n, p));
    for (i, mut row) in x.axis_iter_mut(Axis(0)).enumerate() {
        let class = (i * 7) % n_classes;
        codes.push(class as i64);
        for (j, v) in row.iter_mut().enumerate() {
            let centre = if j % n_classes == class { 1.5 } else { -1.0 };
            *v = (centre + random::standard_normal(&mut rng)) * [1.0, 0.5, 3.0][j % 3];
        }
    }
    let y = match kind {
        Kind::Classifier | Kind::Selector => {
            let names: Vec<String> = codes.iter().map(|c| format!("class {c}")).collect();
            Y::Labels(Labels::from(names))
        }
        Kind::Regressor => {
            let w = Array1::from_shape_fn(p, |j| 1.0 - 0.7 * j as f64);
            let noise = Array1::from_shape_simple_fn(n, || 0.3 * random::standard_normal(&mut rng));
            Y::Real((x.dot(&w) + 2.0 + noise).mapv(F::of))
        }
        Kind::Transformer | Kind::Clusterer => Y::None,
    };
    (x.mapv(F::of), Target::plain(y))
}

/// Integer weights, some of them zero.
pub fn weights(n: usize) -> Array1<f64> {
    Array1::from_shape_fn(n, |i| [1.0, 2.0, 0.0, 3.0, 1.0][(i * i + 3 * i / 2) % 5])
}

/// The greatest difference between two outputs, relative to the size of the values in the column; infinite when the
/// shapes differ or a value is not finite.
pub fn distance<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> f64 {
    if a.dim() != b.dim() {
        return f64::INFINITY;
    }
    let mut worst = 0.0f64;
    for (a, b) in a.columns().into_iter().zip(b.columns()) {
        let size = a
            .iter()
            .chain(b)
            .fold(1e-300, |m: f64, v| m.max(v.f64().abs()));
        for (a, b) in a.iter().zip(b) {
            let d = (a.f64() - b.f64()).abs() / size;
            worst = if d.is_finite() {
                worst.max(d)
            } else {
                f64::INFINITY
            };
        }
    }
    worst
}

/// The bits of every value, in order.
pub fn bits<F: Float>(a: &ArrayRef2<F>) -> Vec<u64> {
    a.iter().map(|v| v.f64().to_bits()).collect()
}

/// What an output must be equal to, by name.
pub type Outputs<F> = Vec<(&'static str, Array2<F>)>;

/// The outputs are close, each within `tolerance`.
pub fn close<F: Float>(a: &Outputs<F>, b: &Outputs<F>, tolerance: f64) -> Result<(), String> {
    for ((name, a), (_, b)) in a.iter().zip(b) {
        let d = distance(a, b);
        if d > tolerance {
            return Err(format!(
                "{name} differs by {d:.1e}, more than {tolerance:.1e}"
            ));
        }
    }
    Ok(())
}

/// The outputs are the same bits.
pub fn same<F: Float>(a: &Outputs<F>, b: &Outputs<F>) -> Result<(), String> {
    for ((name, a), (_, b)) in a.iter().zip(b) {
        if a.dim() != b.dim() || bits(a) != bits(b) {
            return Err(format!(
                "{name} has other bits, differs by {:.1e}",
                distance(a, b)
            ));
        }
    }
    Ok(())
}

/// The rows of each output.
pub fn rows<F: Float>(outputs: &Outputs<F>, rows: &[usize]) -> Outputs<F> {
    let each = outputs.iter();
    each.map(|(name, out)| (*name, out.select(Axis(0), rows)))
        .collect()
}
