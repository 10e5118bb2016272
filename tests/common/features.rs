//! Transformers that make features.

use fitwell::Float;
use fitwell::preprocessing::{Order, PolynomialFeatures};

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn stateless(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("nothing is learned but the number of columns"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let products = PolynomialFeatures::new;
    vec![
        transformer(products(), stateless(sample("interaction_only", true))),
        transformer(products().degree_range(2..=3).include_bias(false), stateless(sample("degree", 4))),
        transformer(products().degree(3).interaction_only(true).order(Order::F), stateless(sample("order", "C"))),
    ]
}
