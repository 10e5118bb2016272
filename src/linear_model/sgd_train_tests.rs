use super::*;

#[test]
fn an_order_drawn_in_shares_is_the_order_drawn_at_once() {
    for n in [1, 2, 9, 128, 129, 1000] {
        let from: Vec<u32> = (0..n).rev().collect();
        let mut whole = from.clone();
        random::shuffle(&mut whole, &mut random::generator(5));
        for steps in [1, 7, 130, usize::MAX] {
            let mut draw = Draw {
                order: vec![9],
                last: 0,
                rng: random::generator(5),
            };
            draw.begin();
            for _ in 0..20 {
                draw.advance(&from, steps);
            }
            draw.finish(&from);
            assert_eq!(draw.order, whole, "{n} {steps}");
        }
    }
}

/// All that is learned in some epochs, gathered or not.
fn learned<F: Float>(n: usize, p: usize, n_tasks: u32, gathered: bool) -> Vec<Weights<F>> {
    let mut rng = random::generator(n as u64);
    let x = ndarray::Array2::from_shape_fn((n, p), |_| F::of(random::standard_normal(&mut rng)));
    let codes: Vec<u32> = (0..n)
        .map(|i| (x[[i, 0]] > F::zero()) as u32 + (i % 2) as u32)
        .collect();
    let values: Vec<F> = x.column(0).to_vec();
    let sample_weights: Vec<f64> = (0..n).map(|i| 1.0 + (i % 3) as f64).collect();
    let samples = Samples::new(&x, Some(&sample_weights)).unwrap();
    let method = Method {
        loss: crate::linear_model::sgd_loss::Loss::Log,
        penalty: Some(crate::linear_model::SgdPenalty::Elasticnet),
        alpha: 0.01,
        l1_ratio: 0.3,
        rate: SgdLearningRate::Optimal,
        eta0: 0.01,
        power_t: 0.5,
        fit_intercept: true,
        average: 2.0,
        objective: true,
    };
    let epochs = Epochs {
        max_iter: 3,
        tol: None,
        n_iter_no_change: 5,
        shuffle: true,
        validation: None,
        random_state: 0,
    };
    let goal = |class: u32| match n_tasks {
        1 => Goal::Values(&values[..]),
        _ => Goal::Class {
            codes: &codes,
            class,
            negative: -1.0,
            weights: [1.0, 2.0],
        },
    };
    let zeros = || vec![F::zero(); p];
    let mut workers: Vec<Worker<'_, F>> = (0..n_tasks)
        .map(|class| {
            let start = Weights {
                coef: zeros(),
                intercept: 0.0,
                average: Some((zeros(), 0.0)),
            };
            Worker {
                goal: goal(class),
                machine: Machine::new(&method, &start, 1.0),
                best: f64::INFINITY,
                last: f64::INFINITY,
                idle: 0,
                done: false,
                finite: true,
            }
        })
        .collect();
    let run = Run {
        samples: &samples,
        weights: samples.weights,
        method: &method,
        epochs: &epochs,
        held_out: &[],
    };
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut draw = Draw {
        order: Vec::new(),
        last: 0,
        rng: random::generator(1),
    };
    let blocks = Blocks::new(p);
    for _ in 0..3 {
        if gathered {
            run.gathered_epoch(&mut workers, &order, &blocks, Some(&mut draw));
        } else {
            run.epoch(&mut workers, &order, false);
            draw.all(&order);
        }
        std::mem::swap(&mut order, &mut draw.order);
    }
    workers.into_iter().map(|w| w.machine.weights()).collect()
}

#[test]
fn rows_that_are_gathered_teach_the_same() {
    // Blocks of 256 KiB: of rows of 50 f64, 655 of them.
    for (n, p, n_tasks) in [
        (1, 3, 1),
        (654, 50, 1),
        (655, 50, 1),
        (60, 50, 13),
        (1311, 50, 1),
        (1000, 1, 3),
        (7, 5000, 1),
    ] {
        let alone = learned::<f64>(n, p, n_tasks, false);
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                assert_eq!(learned::<f64>(n, p, n_tasks, true), alone, "{n} {p}");
            });
        }
    }
    let gathered = learned::<f32>(1312, 50, 3, true);
    assert_eq!(gathered, learned::<f32>(1312, 50, 3, false));
}

#[test]
fn copies_are_what_they_copy() {
    let x = ndarray::Array2::<f64>::zeros((4, 1));
    let (codes, values, weights) = ([2, 0, 1, 2], [0.5, -1.0, 3.0, 0.0], [1.0, 0.0, 2.5, 4.0]);
    let class = Goal::Class {
        codes: &codes,
        class: 2,
        negative: -1.0,
        weights: [3.0, 0.25],
    };
    let samples = Samples::new(&x, Some(&weights)).unwrap();
    for goal in [class, Goal::Values(&values)] {
        let copies = Copies::new(&goal, &samples);
        assert_eq!(copies.weights.as_deref(), samples.weights);
        for copied in [copies.goal(goal), Copies::default().goal(goal)] {
            assert!((0..4).all(|row| copied.of(row) == goal.of(row)));
        }
    }
    assert!(paged(0..2 * MANY as u32).into_iter().eq(0..2 * MANY as u32));
}
