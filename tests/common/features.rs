//! Transformers that make features.

use fitwell::Float;
use fitwell::preprocessing::{
    BinEncode, BinStrategy, Extrapolation, Function, FunctionTransformer, HandleMissing,
    KBinsDiscretizer, Order, PolynomialFeatures, QuantileMethod, SplineTransformer,
};

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn stateless(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("nothing is learned but the number of columns"),
        ..tags
    }
}

fn invariant(tags: Tags) -> Tags {
    Tags {
        weight_scale_invariant: true,
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let products = PolynomialFeatures::new;
    let bins = KBinsDiscretizer::new;
    let splines = SplineTransformer::new;
    vec![
        transformer(products(), stateless(sample("interaction_only", true))),
        transformer(products().degree_range(2..=3).include_bias(false), stateless(sample("degree", 4))),
        transformer(products().degree(3).interaction_only(true).order(Order::F), stateless(sample("include_bias", false))),
        transformer(bins(), invariant(sample("n_bins", 7))),
        transformer(bins().encode(BinEncode::Ordinal).strategy(BinStrategy::Uniform), invariant(sample("random_state", 3))),
        transformer(bins().encode(BinEncode::Ordinal).strategy(BinStrategy::Kmeans), invariant(sample("encode", "onehot-dense"))),
        transformer(bins().encode(BinEncode::OnehotDense).n_bins(40).quantile_method(QuantileMethod::InvertedCdf), invariant(sample("subsample", 7))),
        transformer(splines(), invariant(sample("degree", 2))),
        transformer(splines().extrapolation(Extrapolation::Continue).include_bias(false).order(Order::F), invariant(sample("n_knots", 3))),
        transformer(splines().extrapolation(Extrapolation::Periodic).handle_missing(HandleMissing::Zeros), Tags { allow_nan: true, ..invariant(sample("degree", 2)) }),
        transformer(splines().extrapolation(Extrapolation::Linear).degree(1), invariant(sample("knots", "quantile"))),
        transformer(FunctionTransformer::new(), Tags { allow_nan: true, ..stateless(sample("func", "abs")) }),
        transformer(FunctionTransformer::new().func(Function::Cbrt).inverse_func(Function::Power(3.0)).validate(true), stateless(sample("check_inverse", false))),
    ]
}
