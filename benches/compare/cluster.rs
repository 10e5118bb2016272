//! Clustering.

use std::time::Instant;

use fitwell::Float;
use fitwell::cluster::{
    AgglomerativeClustering, BisectingKMeans, Dbscan, Hdbscan, KMeans, MiniBatchKMeans, Optics,
    SpectralAffinity, SpectralClustering,
};
use fitwell::prelude::*;
use ndarray::{Array2, s};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "kmeans_f64" => from_rows::<f64>(data.matrix("x")?),
        "kmeans_f32" => from_rows::<f32>(data.matrix("x")?),
        "kmeans_plusplus_f64" => k_means::<f64>(KMeans::new(20), data.matrix("x")?),
        "mini_batch_kmeans_f64" => batches::<f64>(data.matrix("x")?),
        "mini_batch_kmeans_f32" => batches::<f32>(data.matrix("x")?),
        "ward_f64" => ward::<f64>(data.matrix("x")?),
        "ward_f32" => ward::<f32>(data.matrix("x")?),
        "dbscan_50k_f64" | "dbscan_20k_f64" => dbscan::<f64>(data.matrix("x")?, workload),
        "dbscan_50k_f32" | "dbscan_20k_f32" => dbscan::<f32>(data.matrix("x")?, workload),
        "hdbscan_20k_f64" => hdbscan::<f64>(data.matrix("x")?),
        "hdbscan_20k_f32" => hdbscan::<f32>(data.matrix("x")?),
        "optics_f64" => optics::<f64>(data.matrix("x")?),
        "optics_f32" => optics::<f32>(data.matrix("x")?),
        "spectral_f64" => spectral::<f64>(data.matrix("x")?, false),
        "spectral_f32" => spectral::<f32>(data.matrix("x")?, false),
        "spectral_neighbors_f64" => spectral::<f64>(data.matrix("x")?, true),
        "bisecting_kmeans_f64" => bisecting::<f64>(data.matrix("x")?),
        "bisecting_kmeans_f32" => bisecting::<f32>(data.matrix("x")?),
        _ => return Ok(None),
    }))
}

fn from_rows<F: Float>(x: Array2<F>) -> Job {
    k_means(KMeans::new(20).init(&x.slice(s![..20, ..])), x)
}

fn k_means<F: Float>(model: KMeans, x: Array2<F>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([fitted.inertia(), fitted.n_iter()])))
    })
}

fn batches<F: Float>(x: Array2<F>) -> Job {
    let model = MiniBatchKMeans::new(20).init(&x.slice(s![..20, ..]));
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([fitted.inertia(), fitted.n_steps()])))
    })
}

fn ward<F: Float>(x: Array2<F>) -> Job {
    let model = AgglomerativeClustering::new(10);
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: f64 = fitted.distances().iter().sum();
        Ok((seconds, json!([sum, fitted.n_clusters()])))
    })
}

fn dbscan<F: Float>(x: Array2<F>, workload: &str) -> Job {
    let eps = if workload.contains("50k") { 0.4 } else { 4.5 };
    let model = Dbscan::new().eps(eps).min_samples(10);
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let noise = fitted.labels().iter().filter(|&&label| label < 0).count();
        Ok((seconds, json!([fitted.n_clusters(), noise])))
    })
}

fn hdbscan<F: Float>(x: Array2<F>) -> Job {
    let model = Hdbscan::new().min_cluster_size(20);
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let noise = fitted.labels().iter().filter(|&&label| label < 0).count();
        Ok((seconds, json!([fitted.n_clusters(), noise])))
    })
}

fn bisecting<F: Float>(x: Array2<F>) -> Job {
    let model = BisectingKMeans::new(20);
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([fitted.inertia()])))
    })
}

fn optics<F: Float>(x: Array2<F>) -> Job {
    let model = Optics::new().min_samples(20);
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let noise = fitted.labels().iter().filter(|&&label| label < 0).count();
        Ok((seconds, json!([fitted.n_clusters(), noise])))
    })
}

/// The sum of the squared sizes of the clusters tells whether they are the same.
fn spectral<F: Float>(x: Array2<F>, neighbors: bool) -> Job {
    let model = SpectralClustering::new(15).gamma(0.05);
    let model = match neighbors {
        true => model.affinity(SpectralAffinity::NearestNeighbors),
        false => model,
    };
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let mut sizes = [0_u64; 15];
        for &label in fitted.labels() {
            sizes[label] += 1;
        }
        let squares: u64 = sizes.iter().map(|size| size * size).sum();
        Ok((seconds, json!([squares])))
    })
}
