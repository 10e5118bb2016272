//! Training a perceptron allocates before its first epoch and after its last one, not between: a fit of many epochs makes as
//! many allocations as one of a few.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use fitwell::neural_network::{
    Activation, Clip, MlpClassifier, MlpRegressor, Optimizer, Schedule, Solver,
};
use fitwell::prelude::*;
use ndarray::{Array1, Array2};

/// Counts the allocations of all threads.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator unchanged; counting touches one atomic.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The fewest allocations of a few runs: other threads, of the test runner, may allocate too.
fn allocations(mut run: impl FnMut()) -> usize {
    run();
    let mut one = || {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        run();
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    (0..3).map(|_| one()).min().unwrap()
}

#[test]
fn epochs_allocate_nothing() {
    let x = Array2::from_shape_fn((96, 5), |(i, j)| ((i * (j + 3)) as f64 * 0.37).sin());
    let classes: Labels = (0..96).map(|i| i * 7 % 5 % 3).collect();
    let labels = x.mapv(|v| f64::from(u8::from(v > 0.2)));
    let values = x.column(0).mapv(|v| v * v);
    let weights = Array1::from_shape_fn(96, |i| (i % 3) as f64);
    let classifier = MlpClassifier::new()
        .hidden_layer_sizes([8, 6])
        .batch_size(16)
        .tol(0.0);
    let regressor = MlpRegressor::new()
        .hidden_layer_sizes([8])
        .batch_size(16)
        .tol(0.0);
    type Fit = Box<dyn Fn(usize)>;
    let fits: [(&str, Fit); 8] = [
        ("adam", {
            let (m, x, y) = (classifier.clone(), x.clone(), classes.clone());
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("sgd, tanh", {
            let m = classifier
                .clone()
                .solver(Solver::sgd())
                .activation(Activation::Tanh);
            let (x, y) = (x.clone(), classes.weighted(&weights));
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("dropout, several activations", {
            let m = classifier
                .clone()
                .dropout(0.3)
                .activation([Activation::Gelu, Activation::Selu]);
            let (x, y) = (x.clone(), classes.clone());
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("labels, clipped, scheduled", {
            let m = classifier
                .clone()
                .clip(Clip::Norm(0.5))
                .schedule(Schedule::one_cycle(60));
            let (x, y) = (x.clone(), labels);
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("values, nadam", {
            let m = regressor.clone().optimizer(Optimizer::nadam());
            let (x, y) = (x.clone(), values.clone());
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("held back", {
            let m = regressor
                .clone()
                .early_stopping(true)
                .n_iter_no_change(1000);
            let (x, y) = (x.clone(), values.clone());
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("wide enough for a pool", {
            let m = regressor.clone().hidden_layer_sizes([300]).batch_size(96);
            let (x, y) = (x.clone(), values);
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
        ("split by inputs", {
            let m = classifier.clone().hidden_layer_sizes([16]).batch_size(128);
            let x = Array2::from_shape_fn((300, 64), |(i, j)| ((i * (j + 3)) as f64 * 0.37).sin());
            let y: Labels = (0..300).map(|i| i * 7 % 5 % 3).collect();
            Box::new(move |n| drop(m.clone().max_iter(n).fit(&x, &y).unwrap()))
        }),
    ];
    for (name, fit) in &fits {
        let (few, many) = (allocations(|| fit(2)), allocations(|| fit(12)));
        assert_eq!(few, many, "{name}");
    }
}
