//! Clusterers, which are transformers to the distances from their centres.

use fitwell::Float;
use fitwell::cluster::{Algorithm, KMeans, KMeansInit};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

fn seeded(tags: Tags) -> Tags {
    let why = "the starts are drawn from the rows in their order";
    Tags {
        ignores_weights: Some(why),
        order_counts: Some(why),
        widens: Some("a column for each cluster"),
        many_rows: 8_003,
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    vec![
        transformer(KMeans::new(2), seeded(sample("n_clusters", 1))),
        transformer(KMeans::new(1).init(KMeansInit::Random).algorithm(Algorithm::Elkan), seeded(sample("n_init", 2))),
        transformer(pipeline("scale", StandardScaler::new()).then("groups", KMeans::new(2).algorithm(Algorithm::Elkan)), seeded(sample("groups__n_init", 2))),
    ]
}
