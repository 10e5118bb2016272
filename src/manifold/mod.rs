//! Maps of data: few dimensions in which neighbours stay neighbours.

mod affinities;
mod descent;
mod forces;
mod tree;
mod tsne;

pub use tsne::{FittedTsne, LearningRate, Tsne, TsneInit, TsneMethod};
