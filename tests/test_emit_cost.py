"""What emission costs, in function calls: those are the same on every machine."""

import cProfile
import pstats

import tcgrad


def calls(text):
    """Function calls that the emission of a spec takes."""
    function = tcgrad.loads(text)
    assert function.derivation
    profile = cProfile.Profile()
    profile.runcall(function.emit)
    return pstats.Stats(profile).total_calls


def sum_of_scalars(count):
    names = [f"x{k}" for k in range(count)]
    return f"inputs: {{{', '.join(f'{name}: []' for name in names)}}}\nequations: ['z = {' + '.join(names)}']\n"


def product_of_sums(count):
    """Sums beside an exponential over a polynomial, which may be multiplied out one after the other in any order."""
    sums = "*".join(f"(1 + x*a[{k}] + a[{k + 1}]*s)" for k in range(count))
    head = f"inputs: {{x: [], a: [{count + 1}], z: [3]}}\nequations:\n"
    return f"{head}  - s = exp(x)/(1 + x^2)\n  - y[i] = {sums}*z[i]\n"


def test_many_equal_blocks_of_a_hessian_cost_in_proportion_to_their_number():
    calls(sum_of_scalars(2))  # what is imported and worked out once for all
    assert calls(sum_of_scalars(32)) < 6 * calls(sum_of_scalars(16))


def test_another_sum_that_may_be_multiplied_out_costs_a_few_times_as_much():
    calls(product_of_sums(1))
    assert calls(product_of_sums(3)) < 6 * calls(product_of_sums(2))


def swishes(count, written):
    layers = range(1, count + 1)
    inputs = "".join(f", w{k}: [4, 4]" for k in layers)
    pairs = [(f"a{k}[i,f] = x{k - 1}[i,d]*w{k}[d,f]", f"x{k}[i,f] = {written.format(k)}") for k in layers]
    lines = [line for pair in pairs for line in pair]
    return f"inputs: {{x0: [3, 4]{inputs}}}\nequations: {lines}\n"


def test_what_is_left_to_sigmoids_in_layers_that_are_alike_is_found_once():
    another_eight = [
        calls(swishes(16, written)) - calls(swishes(8, written))
        for written in ("silu(a{0}[i,f])", "a{0}[i,f]*sigmoid(a{0}[i,f])")
    ]
    assert another_eight[1] < 1.2 * another_eight[0]
