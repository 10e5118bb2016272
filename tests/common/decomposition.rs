//! Decompositions.

use fitwell::Float;
use fitwell::decomposition::{
    FactorAnalysis, FastIca, IcaAlgorithm, IncrementalPca, Kernel, KernelPca, Nmf, Pca,
    PowerIterationNormalizer, SvdAlgorithm, SvdSolver, TruncatedSvd,
};
use fitwell::prelude::*;
use fitwell::preprocessing::{MinMaxScaler, StandardScaler};

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn unweighted(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("fits use no weights, as in scikit-learn"),
        ..tags
    }
}

/// Starts are drawn for columns or rows in their order, and rounding of small components is magnified.
fn seeded<F: Float>(tags: Tags) -> Tags {
    Tags {
        tolerance: if F::NAME == "f32" { 2e-3 } else { 1e-8 },
        many_rows: 4_003,
        ..unweighted(tags)
    }
}

/// The sign of a source is that of its first column.
fn places(tags: Tags) -> Tags {
    Tags {
        places_count: Some("signs are fixed by the first column"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let batches = Some("rows make batches in their order");
    vec![
        transformer(Pca::new(), unweighted(sample("whiten", true))),
        transformer(Pca::new().n_components(0.9).svd_solver(SvdSolver::Full), unweighted(sample("n_components", 1))),
        transformer(Pca::new().n_components(1).svd_solver(SvdSolver::Randomized).power_iteration_normalizer(PowerIterationNormalizer::Qr), seeded::<F>(sample("random_state", 7))),
        transformer(pipeline("scale", StandardScaler::new()).then("pca", Pca::new().svd_solver(SvdSolver::Full)), unweighted(sample("pca__n_components", "mle"))),
        transformer(TruncatedSvd::new().n_components(1), seeded::<F>(sample("n_components", 3))),
        transformer(TruncatedSvd::new().algorithm(SvdAlgorithm::Arpack).n_components(1), unweighted(sample("n_iter", 2))),
        transformer(IncrementalPca::new(), Tags { order_counts: batches, many_rows: 1_003, ..unweighted(sample("batch_size", 20)) }),
        transformer(FactorAnalysis::new().n_components(1), seeded::<F>(sample("rotation", "varimax"))),
        transformer(FastIca::new().n_components(1), places(seeded::<F>(sample("fun", "cube")))),
        transformer(FastIca::new().n_components(1).algorithm(IcaAlgorithm::Deflation), places(seeded::<F>(sample("whiten", "arbitrary-variance")))),
        transformer(KernelPca::new().n_components(1).kernel(Kernel::Poly), Tags { many_rows: 151, ..seeded::<F>(sample("gamma", 0.5)) }),
        transformer(pipeline("scale", MinMaxScaler::new().clip(true)).then("nmf", Nmf::new().n_components(2).tol(0.0).max_iter(30)), Tags { many_rows: 503, ..seeded::<F>(sample("nmf__alpha_W", 0.5)) }),
    ]
}
