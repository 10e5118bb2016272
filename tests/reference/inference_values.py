"""Reference values of statsmodels 0.15.0 for the tables of inference: writes inference.json beside this script.

    python tests/reference/inference_values.py

In an environment of its own (statsmodels==0.15.0, scikit-learn==1.9.1 for the data). Data are those of `cases_glm.py`.
"""

import sys
import warnings

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm

import cases_glm
import shared as g

assert statsmodels.__version__ == "0.15.0", statsmodels.__version__
warnings.filterwarnings("ignore")


def table(model, design):
    """What every model has."""
    interval = np.asarray(model.conf_int(0.1))
    flat = lambda v: g.array(np.asarray(v).T.ravel())  # class after class
    if interval.ndim == 3:
        interval = interval.reshape(-1, 2)
    return {
        "coef": flat(model.params),
        "std_err": flat(model.bse),
        "statistic": flat(model.tvalues),
        "p_values": flat(model.pvalues),
        "conf_int": g.array(interval),
        "covariance": g.array(np.asarray(model.cov_params())),
        "df_residual": g.number(model.df_resid),
        "log_likelihood": g.number(model.llf),
        "aic": g.number(model.aic),
    }


def main():
    cases = []
    near = g.within(1e-9, 1e-7, "both sides end where the gradient is some 1e-10; standard errors follow the coefficients")
    exact = g.within(1e-10, 1e-9, "direct solutions of condition below 1e3, through a QR there and the normal equations here")

    dependent = g.within(1e-6, 1e-5, "two columns differ by a millionth: rounding times a condition of some 1e8, not its square")

    def add(kind, target, weights, settings, expected, tolerance, samples="plain"):
        data = {"samples": samples, "target": target, "weights": weights}
        cases.append({"data": data, "name": kind, "settings": settings, "expected": expected, "tolerance": tolerance})

    x = cases_glm.samples(g, "plain")
    for intercept in [True, False]:
        design = sm.add_constant(x) if intercept else x
        settings = {} if intercept else {"fit_intercept": False}
        y = cases_glm.target(g, "real", len(x))
        for weights in [None, "variance", "frequency"]:
            if weights == "frequency":
                w = (np.arange(len(x)) % 3).astype(int)
                model = sm.OLS(np.repeat(y, w), np.repeat(design, w, axis=0)).fit()
            elif weights == "variance":
                w = 0.5 + g.ramp(len(x))
                model = sm.WLS(y, design, weights=w).fit()
            else:
                model = sm.OLS(y, design).fit()
            expected = table(model, design) | {
                "bic": g.number(model.bic),
                "scale": g.number(model.scale),
                "deviance": g.number(model.ssr),
                "r_squared": g.number(model.rsquared),
                "adjusted": g.number(model.rsquared_adj),
                "f": g.number(model.fvalue),
                "f_p": g.number(model.f_pvalue),
            }
            add("least_squares", "real", weights, settings, expected, exact)
        families = [
            ("poisson", "counts", {}, sm.families.Poisson()),
            ("gamma", "positive", {}, sm.families.Gamma(sm.families.links.Log())),
            ("tweedie", "positive", {"power": 3.0}, sm.families.InverseGaussian(sm.families.links.Log())),
            ("tweedie", "zeros", {"power": 1.5}, sm.families.Tweedie(sm.families.links.Log(), 1.5)),
            ("tweedie", "real", {}, sm.families.Gaussian()),
        ]
        for kind, target, own, family in families:
            y = cases_glm.target(g, target, len(x))
            for weights in [None, "variance", "frequency"]:
                options = {}
                if weights == "frequency":
                    options["freq_weights"] = (np.arange(len(x)) % 3).astype(float)
                    keep = options["freq_weights"] > 0
                elif weights == "variance":
                    options["var_weights"] = 0.5 + g.ramp(len(x))
                    keep = slice(None)
                else:
                    keep = slice(None)
                options = {k: v[keep] for k, v in options.items()}
                try:
                    model = sm.GLM(y[keep], design[keep], family=family, **options).fit(tol=1e-14, maxiter=500)
                except ValueError:  # a step of statsmodels' search leaves the domain
                    continue
                expected = table(model, design) | {
                    "scale": g.number(model.scale),
                    "deviance": g.number(model.deviance),
                    "null_deviance": g.number(model.null_deviance),
                    "pearson": g.number(model.pearson_chi2),
                    "bic": g.number(model.bic_llf),
                }
                if kind == "tweedie" and own.get("power") == 1.5:
                    for key in ["log_likelihood", "aic", "bic"]:
                        del expected[key]
                add(kind, target, weights, own | settings, expected, near)
        for name, levels in [("two", [150]), ("three", [100, 180])]:
            t = g.targets("diabetes")[::3]
            codes = sum((t > level).astype(int) for level in levels)
            if len(levels) == 1:
                model = sm.Logit(codes, design).fit(disp=0, tol=1e-14, maxiter=200)
            else:
                model = sm.MNLogit(codes, design).fit(disp=0, tol=1e-14, maxiter=200, method="newton")
            expected = table(model, design) | {"null": g.number(model.llnull), "bic": g.number(model.bic)}
            expected["codes"] = g.letters(codes)
            add("logistic", name, None, settings, expected, near)
    # The last column nearly is the first.
    x[:, -1] = x[:, 0] + 1e-6 * g.ramp(len(x))
    design = sm.add_constant(x)
    y = cases_glm.target(g, "real", len(x))
    model = sm.OLS(y, design).fit()
    add("least_squares", "real", None, {"tol": 1e-14}, table(model, design), dependent, "near")
    y = cases_glm.target(g, "counts", len(x))
    model = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=500)
    add("poisson", "counts", None, {}, table(model, design), dependent, "near")
    g.write("inference", "statsmodels 0.15.0 (tests/reference/inference_values.py): standard errors, tests, measures of fit.", cases)


main()
