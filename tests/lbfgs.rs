//! Limited-memory BFGS on functions with known minima, badly scaled ones and hostile ones.

use std::ops::ControlFlow;

use fitwell::optim::{Lbfgs, Precondition, StopReason};

/// f = Σ 100 (x₂ᵢ₊₁ − x₂ᵢ²)² + (1 − x₂ᵢ)², the chained form over neighbours.
fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut f = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (x[i], x[i + 1]);
        let t = b - a * a;
        f += 100.0 * t * t + (1.0 - a).powi(2);
        g[i] += -400.0 * a * t - 2.0 * (1.0 - a);
        g[i + 1] += 200.0 * t;
    }
    f
}

fn beale(x: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut f = 0.0;
    for (power, c) in [(1, 1.5), (2, 2.25), (3, 2.625)] {
        let t = c - x[0] + x[0] * x[1].powi(power);
        f += t * t;
        g[0] += 2.0 * t * (x[1].powi(power) - 1.0);
        g[1] += 2.0 * t * x[0] * f64::from(power) * x[1].powi(power - 1);
    }
    f
}

/// Powell's singular function: the Hessian at the minimum (0, 0, 0, 0) has rank 2.
fn powell(x: &[f64], g: &mut [f64]) -> f64 {
    let (a, b) = (x[0] + 10.0 * x[1], x[2] - x[3]);
    let (c, d) = (x[1] - 2.0 * x[2], x[0] - x[3]);
    g[0] = 2.0 * a + 40.0 * d.powi(3);
    g[1] = 20.0 * a + 4.0 * c.powi(3);
    g[2] = 10.0 * b - 8.0 * c.powi(3);
    g[3] = -10.0 * b - 40.0 * d.powi(3);
    a * a + 5.0 * b * b + c.powi(4) + 10.0 * d.powi(4)
}

fn close(x: &[f64], expected: &[f64], tolerance: f64) {
    for (a, b) in x.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{x:?} is not {expected:?}");
    }
}

fn tight() -> Lbfgs {
    Lbfgs::new().gtol(1e-9).ftol(0.0)
}

#[test]
fn finds_the_minima_of_the_classics() {
    let mut x = vec![-1.2, 1.0];
    let least = tight().minimize(&mut x, rosenbrock).unwrap();
    assert_eq!(least.reason, StopReason::Gradient);
    close(&x, &[1.0, 1.0], 1e-8);
    // SciPy's L-BFGS-B needs 47 evaluations of this one at the same tolerance.
    assert!(least.n_evaluations <= 60, "{least:?}");

    let mut x = vec![1.0, 1.0];
    let least = tight().minimize(&mut x, beale).unwrap();
    assert!(least.value < 1e-18);
    close(&x, &[3.0, 0.5], 1e-8);

    let mut x = vec![3.0, -1.0, 0.0, 1.0];
    let least = tight().minimize(&mut x, powell).unwrap();
    assert!(least.reason.converged() && least.value < 1e-11, "{least:?}");
}

#[test]
fn rosenbrock_in_many_dimensions() {
    for n in [3, 10, 100, 1000] {
        let mut x: Vec<f64> = (0..n)
            .map(|i| if i % 2 == 0 { -1.2 } else { 1.0 })
            .collect();
        let least = tight().minimize(&mut x, rosenbrock).unwrap();
        assert_eq!(least.reason, StopReason::Gradient, "n = {n}: {least:?}");
        // Besides the minimum at (1, .., 1) there is a local one near (−1, 1, .., 1) from four dimensions on.
        let at_local = (x[0] + 1.0).abs() < 0.1;
        let tail = &x[1..];
        assert!(at_local || least.value < 1e-15, "n = {n}: {least:?}");
        close(tail, &vec![1.0; n - 1], if at_local { 0.1 } else { 1e-7 });
    }
}

/// ½ Σ dᵢ xᵢ² with d from 1 to `condition`, rotated by reflections so that the axes do not help.
fn quadratic(n: usize, condition: f64) -> impl Fn(&[f64], &mut [f64]) -> f64 {
    let d: Vec<f64> = (0..n)
        .map(|i| condition.powf(i as f64 / (n - 1) as f64))
        .collect();
    let v: Vec<f64> = (0..n).map(|i| ((i + 1) as f64).sin()).collect();
    let vv: f64 = v.iter().map(|v| v * v).sum();
    let reflect = move |x: &[f64]| -> Vec<f64> {
        let t = 2.0 * x.iter().zip(&v).map(|(x, v)| x * v).sum::<f64>() / vv;
        x.iter().zip(&v).map(|(x, v)| x - t * v).collect()
    };
    move |x, g| {
        let z = reflect(x);
        let dz: Vec<f64> = z.iter().zip(&d).map(|(z, d)| z * d).collect();
        g.copy_from_slice(&reflect(&dz));
        0.5 * z.iter().zip(&dz).map(|(a, b)| a * b).sum::<f64>()
    }
}

#[test]
fn ill_conditioned_quadratics_converge() {
    for (condition, gtol) in [(1e2, 1e-9), (1e4, 1e-8), (1e6, 1e-6)] {
        let f = quadratic(30, condition);
        let mut x = vec![1.0; 30];
        let least = Lbfgs::new()
            .gtol(gtol)
            .ftol(0.0)
            .minimize(&mut x, &f)
            .unwrap();
        // SciPy's L-BFGS-B: 116, 906 and 6822 evaluations.
        assert_eq!(
            least.reason,
            StopReason::Gradient,
            "condition {condition}: {least:?}"
        );
        assert!(
            least.value < gtol * gtol * 30.0,
            "condition {condition}: {least:?}"
        );
    }
}

#[test]
fn a_preconditioner_near_the_hessian_saves_most_of_the_work() {
    let d: Vec<f64> = (0..50).map(|i| 1e6f64.powf(f64::from(i) / 49.0)).collect();
    let f = |x: &[f64], g: &mut [f64]| {
        let mut value = 0.0;
        for i in 0..50 {
            g[i] = d[i] * (x[i] - 1.0);
            value += 0.5 * g[i] * (x[i] - 1.0);
        }
        value
    };
    let precondition = |v: &mut [f64]| {
        for (i, v) in v.iter_mut().enumerate() {
            *v /= d[i] * (1.0 + 0.2 * (i as f64).sin()) * 7.0;
        }
    };
    let run = |precondition: Option<&Precondition<f64>>| {
        let mut x = vec![0.0; 50];
        let least = tight()
            .minimize_with(&mut x, f, precondition, |_| ControlFlow::Continue(()))
            .unwrap();
        assert_eq!(least.reason, StopReason::Gradient);
        close(&x, &[1.0; 50], 1e-8);
        least.n_evaluations
    };
    let (plain, better) = (run(None), run(Some(&precondition)));
    assert!(better < 25 && plain > 4 * better, "{plain} and {better}");
}

#[test]
fn noise_in_value_and_gradient_ends_the_search() {
    for (level, seed) in [(1e-12, 1u64), (1e-8, 2), (1e-4, 3), (1e-1, 4)] {
        let mut state = seed;
        let mut random = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        };
        let mut x = vec![-1.2, 1.0, -1.2, 1.0];
        let mut start = [0.0; 4];
        let at_start = rosenbrock(&x, &mut start);
        let least = tight()
            .max_iter(2000)
            .minimize(&mut x, |x, g| {
                let f = rosenbrock(x, g);
                for g in &mut *g {
                    *g += level * random();
                }
                f + level * random()
            })
            .unwrap();
        assert!(least.n_evaluations < 100_000, "{least:?}");
        assert!(
            rosenbrock(&x, &mut start) < at_start,
            "level {level}: {least:?}"
        );
    }
}

#[test]
fn a_gradient_of_the_wrong_sign_makes_no_progress() {
    let mut x = vec![1.0, 2.0];
    let least = tight()
        .minimize(&mut x, |x, g| {
            g[0] = -2.0 * x[0];
            g[1] = -2.0 * x[1];
            x[0] * x[0] + x[1] * x[1]
        })
        .unwrap();
    assert_eq!(least.reason, StopReason::NoProgress);
    close(&x, &[1.0, 2.0], 1e-15);
}

#[test]
fn starting_at_the_minimum_takes_no_step() {
    let mut x = vec![1.0, 1.0];
    let least = tight().minimize(&mut x, rosenbrock).unwrap();
    assert_eq!(
        (least.n_iter, least.n_evaluations, least.reason),
        (0, 1, StopReason::Gradient)
    );
}

#[test]
fn one_dimension_and_none() {
    let mut x = [5.0f64];
    let least = tight()
        .minimize(&mut x, |x: &[f64], g| {
            g[0] = 4.0 * (x[0] - 2.0).powi(3);
            (x[0] - 2.0).powi(4)
        })
        .unwrap();
    assert!(least.reason.converged());
    close(&x, &[2.0], 1e-2);
    let least = tight().minimize(&mut [], |_: &[f64], _| 3.0).unwrap();
    assert_eq!(least.reason, StopReason::Gradient);
}

#[test]
fn undefined_regions_are_left_again() {
    // −ln x + x, least at 1, undefined for x ≤ 0; the first step lands there.
    let f = |x: &[f64], g: &mut [f64]| {
        g[0] = 1.0 - 1.0 / x[0];
        if x[0] > 0.0 {
            x[0] - x[0].ln()
        } else {
            f64::NAN
        }
    };
    for start in [1e-6, 0.5, 3.0, 1e4] {
        let mut x = [start];
        let least = tight().minimize(&mut x, f).unwrap();
        assert!(least.reason.converged(), "from {start}: {least:?}");
        close(&x, &[1.0], 1e-6);
    }
    // Infinity beyond a wall.
    let wall = |x: &[f64], g: &mut [f64]| {
        g[0] = -1.0 + 1e-3 * x[0];
        if x[0] < 10.0 {
            -x[0] + 0.5e-3 * x[0] * x[0]
        } else {
            f64::INFINITY
        }
    };
    let mut x = [0.0];
    let least = tight().minimize(&mut x, wall).unwrap();
    assert!(
        least.n_evaluations < 500 && x[0] > 9.0 && x[0] < 10.0,
        "{least:?} at {x:?}"
    );
}

#[test]
fn not_finite_at_the_start_is_an_error() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let value = Lbfgs::new().minimize(&mut [1.0], |_: &[f64], g| {
            g[0] = 1.0;
            bad
        });
        assert!(value.is_err(), "value {bad}");
        let gradient = Lbfgs::new().minimize(&mut [1.0], |_: &[f64], g| {
            g[0] = bad;
            1.0
        });
        assert!(gradient.is_err(), "gradient {bad}");
    }
}

#[test]
fn unbounded_functions_end() {
    let mut x = [0.0];
    let least = Lbfgs::new()
        .minimize(&mut x, |x: &[f64], g| {
            g[0] = -1.0;
            -x[0]
        })
        .unwrap();
    assert!(least.n_evaluations < 20_000 && x[0] > 1e3, "{least:?}");
}

#[test]
fn limits_are_kept() {
    let mut x = vec![-1.2, 1.0];
    let least = tight().max_iter(5).minimize(&mut x, rosenbrock).unwrap();
    assert_eq!((least.n_iter, least.reason), (5, StopReason::MaxIter));
    for most in 1..30 {
        let mut x = vec![-1.2, 1.0];
        let least = tight()
            .max_evaluations(most)
            .minimize(&mut x, rosenbrock)
            .unwrap();
        assert_eq!(
            least.reason,
            StopReason::MaxEvaluations,
            "{most}: {least:?}"
        );
        // One more may be needed to come back to the best point of a search that ran out.
        assert!(least.n_evaluations <= most + 1, "{most}: {least:?}");
        let mut g = [0.0; 2];
        assert_eq!(rosenbrock(&x, &mut g).to_bits(), least.value.to_bits());
    }
}

#[test]
fn the_callback_sees_every_step_and_can_stop() {
    let mut x = vec![-1.2, 1.0];
    let mut values = Vec::new();
    let least = tight()
        .minimize_with(&mut x, rosenbrock, None, |step| {
            values.push(step.value);
            assert_eq!(step.iteration, values.len());
            if values.len() == 7 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!((least.reason, least.n_iter), (StopReason::Callback, 7));
    assert!(values.windows(2).all(|v| v[1] < v[0]), "{values:?}");
}

#[test]
fn single_precision() {
    let mut x = [-1.2f32, 1.0];
    let least = Lbfgs::new()
        .gtol(1e-3)
        .noise(1e-6)
        .minimize(&mut x, |x, g| {
            let (a, b) = (x[0], x[1]);
            g[0] = -2.0 * (1.0 - a) - 400.0 * a * (b - a * a);
            g[1] = 200.0 * (b - a * a);
            f64::from((1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2))
        })
        .unwrap();
    assert!(least.reason.converged(), "{least:?}");
    assert!(
        (x[0] - 1.0).abs() < 1e-2 && (x[1] - 1.0).abs() < 1e-2,
        "{x:?}"
    );
}
