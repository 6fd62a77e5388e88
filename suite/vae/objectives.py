"""What a VAE can maximise: names that both twins know, each by its own means.

With z_k = loc + scale · ε_k, ε_k ~ N(0, I), k = 1…K, and β = 1 but during a warm-up, per datum x:

    mean-field           1/K Σ_k log p(x | z_k) − β KL(q(z | x) ‖ p(z))            (closed form)
    sampled              1/K Σ_k log w_k
    importance-weighted  log 1/K Σ_k w_k
    log w_k = log p(x | z_k) + β (log p(z_k) − log q(z_k | x))

The first two estimate the evidence lower bound (Kingma and Welling 2014, equations 10 and 7), the
second with more noise. The third is a bound at least as tight, and tighter for larger K (Burda,
Grosse and Salakhutdinov 2016, equation 8); at K = 1 it is the second.
"""

OBJECTIVES = ("mean-field", "sampled", "importance-weighted")
"""What `objective=` offers."""
