//! Densities by kernels.

use fitwell::neighbors::KernelDensity;
use fitwell::prelude::*;
use ndarray::{Array2, Axis, s};

use crate::compare::Reference;
use crate::data::{matrix, ramp};

#[test]
fn kernel_density() {
    Reference::read("kernel_density").each(690, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let settings = value["settings"].as_object().unwrap();
        let model = (settings.iter()).fold(KernelDensity::new(), |m, (name, v)| {
            m.with_value(name, v.clone()).unwrap()
        });
        let w = ramp(x.nrows());
        let (fitted, new) = if data["weights"] == true {
            let rows: Vec<usize> = (0..x.nrows()).filter(|&i| w[i] > 0.0).take(20).collect();
            let fitted = model.fit(&x, &().weighted(&w)).unwrap();
            (fitted, x.select(Axis(0), &rows))
        } else {
            let new: Array2<f64> = &x.slice(s![..20.min(x.nrows()), ..]) * 1.01;
            (model.fit(&x, &()).unwrap(), new)
        };
        let logs = fitted.score_samples(&new).unwrap();
        case.number(
            "bandwidth",
            fitted.bandwidth(),
            &expected["bandwidth"],
            near,
        );
        case.array("score_samples", &logs, &expected["score_samples"], near);
        let score = fitted.score(&new, &()).unwrap();
        // A sum of at most twenty logarithms, each as near as that.
        let mut slack = near.clone();
        slack["absolute"] = (20.0 * near["absolute"].as_f64().unwrap()).into();
        case.number("score", score, &expected["score"], &slack);
    });
}
