//! Limited-memory BFGS beside SciPy's.

use fitwell::optim::Lbfgs;

use crate::compare::{Reference, number, numbers};

fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut f = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (x[i], x[i + 1]);
        let t = b - a * a;
        f += 100.0 * t * t + (1.0 - a) * (1.0 - a);
        g[i] += -400.0 * a * t - 2.0 * (1.0 - a);
        g[i + 1] += 200.0 * t;
    }
    f
}

fn quadratic(condition: f64, x: &[f64], g: &mut [f64]) -> f64 {
    let n = x.len();
    let mut f = 0.0;
    for i in 0..n {
        let d = condition.powf(i as f64 / (n - 1) as f64);
        let from = x[i] - (i as f64).cos();
        f += 0.5 * d * from * from;
        g[i] = d * from;
    }
    f
}

fn logistic(x: &[f64], g: &mut [f64]) -> f64 {
    let mut f = 0.0;
    for k in 0..4 {
        f += 0.05 * x[k] * x[k];
        g[k] = 0.1 * x[k];
    }
    for i in 0..40 {
        let t = f64::from(i);
        let row = [t.sin(), (2.0 * t).cos(), f64::from(i % 5) / 5.0, 1.0];
        let y = f64::from(u8::from(i % 3 == 0));
        let z: f64 = row.iter().zip(x).map(|(a, b)| a * b).sum();
        f += z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z;
        let r = 1.0 / (1.0 + (-z).exp()) - y;
        g.iter_mut().zip(row).for_each(|(g, a)| *g += r * a);
    }
    f
}

#[test]
fn lbfgs() {
    Reference::read("lbfgs").each(50, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let gtol = number(&value["settings"]["gtol"]);
        let mut x = numbers(&data["start"]);
        let minimiser = Lbfgs::new().gtol(gtol).ftol(0.0);
        let found = match data["function"].as_str().unwrap() {
            "rosenbrock" => minimiser.minimize(&mut x, rosenbrock),
            "quadratic_1e2" => {
                minimiser.minimize(&mut x, |x: &[f64], g: &mut [f64]| quadratic(1e2, x, g))
            }
            "quadratic_1e4" => {
                minimiser.minimize(&mut x, |x: &[f64], g: &mut [f64]| quadratic(1e4, x, g))
            }
            "quadratic_1e6" => {
                minimiser.minimize(&mut x, |x: &[f64], g: &mut [f64]| quadratic(1e6, x, g))
            }
            _ => minimiser.minimize(&mut x, logistic),
        }
        .unwrap();
        case.number("value", found.value, &expected["f"], &value["tolerance"]);
        case.same("converged", &found.reason.converged(), &true);
        // Where rounding hides what is left to gain, the gradient ends a little above.
        let reached = found.gradient_norm <= 5.0 * gtol;
        case.same("gradient near the tolerance", &reached, &true);
        // Not a race, but no worse than half as quick either.
        let evaluations = number(&expected["evaluations"]) as usize;
        case.same(
            "evaluations",
            &(found.n_evaluations <= 2 * evaluations + 10),
            &true,
        );
    });
}
