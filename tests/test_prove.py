"""Formulas that are proved equal, and formulas that are not: different ones may never be."""

import sys

import pytest
from test_oracles import program_of

import tcgrad
from tcgrad.calculus.program.recognise import recognised
from tcgrad.prove import prove_equal
from tcgrad.simplify.assume import assumptions_about
from tcgrad.simplify.expand import TooLargeError, expand

HEADER = """
dims: {N: 5, M: 3}
inputs: {x: [N], z: [N], a: [N, M], q: [N, N], s: [], t: [],
         n: {shape: [N], dtype: int, sample: {integers: [0, 5]}}, u: [3], v: [3], w: [3]}
indices: {i: N, j: M, h: N}
equations:
"""

EQUAL = """
halves of a triangle: y[i,j] = s*where(i < j, q[i,j], 0) + s*where(j < i, q[i,j], 0) | y[i,j] = s*q[i,j]*[i != j]
quotients in logarithms: y[i] = log(x[i]/(1 - x[i])) | y[i] = -log((1 - x[i])/x[i])
products: y = (s + t)^2 | y = s^2 + 2*s*t + t^2
squares of sums and others: y = (sum[i](x[i]) + s)^2 | y = sum[i](x[i])*sum[k](x[k]) + 2*s*sum[i](x[i]) + s^2
denominators: y = 1/s + 1/t | y = (s + t)/(s*t)
sums in denominators: y[i] = x[i]/(s + t) + x[i]*t/(s*(s + t)) | y[i] = x[i]/s
denominators in sums: y = sum[i](x[i]/(s + z[i])^2 - x[i]/(s + z[i])) | y = sum[i](x[i]*(1 - s - z[i])/(s + z[i])^2)
in sums of two: y = sum[i,j](a[i,j]/(x[i] + s) - x[i]/s) | y = sum[j,i]((s*a[i,j] - x[i]*(x[i] + s))/(x[i] + s)/s)
powers of powers of what is never negative: y = (sum[i](abs(x[i])^s)^(1/s))^(1 - s) | y = sum[i](abs(x[i])^s)^(1/s - 1)
fractions in exponents: y = (s^2 + 1)^(t/(1 - t)) | y = (s^2 + 1)^(1/(1 - t))/(s^2 + 1)
squares in exponents: y = (s^2 + 1)^(t^2/(2*t + 1)) | y = (s^2 + 1)^(t/2 - 1/4 + 1/(8*t + 4))
powers in sums: y = sum[i](x[i]^s*z[i]/(t^s + x[i]^s)) | y = sum[i](z[i] - t^s*z[i]/(t^s + x[i]^s))
half powers: y = s/sqrt(s^2 + t^2) + t^2/(s*sqrt(s^2 + t^2)) | y = sqrt(s^2 + t^2)/s
means: y = sum[i](x[i] - sum[k](x[k])/N) | y = 0
variance: y = sum[i]((x[i] - sum[k](x[k])/N)^2) | y = sum[i](x[i]^2) - sum[i](x[i])^2/N
exponentials: y = exp(s + t) | y = exp(s)*exp(t)
sigmoid: y = sigmoid(s)*(1 - sigmoid(s)) | y = exp(-s)/(1 + exp(-s))^2
sigmoid of the negative: y = sigmoid(-s) | y = 1 - sigmoid(s)
tanh by sigmoid: y = tanh(s) | y = 2*sigmoid(2*s) - 1
sines: y = sin(s)^2 + cos(s)^2 | y = 1
odd power: y = cos(s)^3 | y = cos(s) - cos(s)*sin(s)^2
double angle: y = sin(2*s) | y = 2*sin(s)*cos(s)
error functions: y = erfc(s) | y = 1 - erf(s)
hyperbolic: y = cosh(s)^2 - sinh(s)^2 | y = 1
artanh by logarithms: y[i] = atanh(x[i])/s | y[i] = (log((1 + x[i])/2) - log((1 - x[i])/2))/(2*s)
arsinh by a logarithm: y = asinh(s*t) | y = log(s*t + sqrt(s^2*t^2 + 1))
arcosh by a logarithm: y = acosh(s + 2) | y = log(s + 2 + sqrt((s + 1)*(s + 3)))
log of exp: y = log(exp(s)*exp(t)) | y = s + t
a power by its logarithm: y = exp(s*log(t) + s) | y = t^s*exp(s)
a product of powers by logarithms: y[i] = exp(2*s*log(x[i]) - t*log(s)) | y[i] = x[i]^(2*s)/s^t
numbers that were solved for: y[i] = sum[k](delta[k,N-1-i]*x[k]*cos(s*k)) | y[i] = x[N-1-i]*cos(s*(N - 1 - i))
root of a size: y = s/sqrt(N)/sqrt(N) | y = s/N
signs of branches: y[i] = -where(x[i] > 0, x[i], s) | y[i] = where(x[i] > 0, -x[i], -s)
branches by brackets: y = where(s > t, s, t) | y = t + [s > t]*(s - t)
comparisons: y = [s*(t + 1) < 1]*s | y = [1 - s > s*t]*s
complements: y = [s >= t]*s | y = s - [s < t]*s
softmax by logsumexp: y[i] = exp(x[i] - logsumexp[k](x[k])) | y[i] = exp(x[i])/sum[k](exp(x[k]))
log odds of a sigmoid: y = log((1 - sigmoid(s))/sigmoid(s)) | y = -s
logarithms of sigmoids: y[i] = z[i]*(log(sigmoid(t*x[i])) - log(1 - sigmoid(t*x[i]))) | y[i] = t*x[i]*z[i]
exponentials in logarithms: y = t*log(exp(2*s)/(3 + x[0])) | y = 2*s*t - t*log(x[0] + 3)
odd functions: y = erf(s - t) | y = -erf(t - s)
even functions: y = abs(s - t) | y = abs(t - s)
tanh by sigmoid of the negative: y[i] = sum[j](tanh(x[i]*s/2)*a[i,j]) | y[i] = sum[j](a[i,j]*(1 - 2*sigmoid(-s*x[i])))
a size by its number: y[i] = x[i]/5 - sum[j](a[i,j])/3 | y[i] = x[i]/N - sum[j](a[i,j])/M
a size in a sum: y = sum[i](x[i] - s)/5 | y = sum[i](x[i])/N - s
rectified: y[i] = [relu(x[i] - s) > 0]*t | y[i] = [x[i] > s]*t
rows looked up: y[i] = sum[k](delta[i,n[k]]*(x[i] - z[k])) | y[i] = sum[k](delta[i,n[k]]*(x[n[k]] - z[k]))
diagonal looked up: y[i,h] = sum[k](delta[i,n[k]]*delta[h,n[k]]*x[k]) | y[i,h] = sum[k](delta[i,n[k]]*x[k])*delta[i,h]
a component as a number: y[i] = delta[k,n[i]]*x[k]*exp(k + s) | y[i] = [0 <= n[i] < N]*x[n[i]]*exp(n[i] + s)
permutations: y = levi_civita[p,r,m]*u[p]*v[r]*w[m] | y = levi_civita[p,r,m]*v[p]*w[r]*u[m]
odd permutations: y = levi_civita[p,r,m]*u[p]*v[r]*w[m] | y = -levi_civita[p,r,m]*v[p]*u[r]*w[m]
a square of a sum: y = (q[i,k]*x[k])^2*1[i] | y = q[i,k]*x[k]*q[i,r]*x[r]
a symbol beside what is symmetric: y = levi_civita[p,r,m]*u[p]*v[r]*u[m] | y = 0
a logarithm of a fraction less 1: y = -log(1/s - 1) | y = log(s/(1 - s))
a logarithm beside its parts: y = log(s) - log(1 - s) | y = log(s/(1 - s))
shares of a whole in a logarithm: y = log(s/(1 - s))/s | y = (log(s) - log(1 - s))/s
shares of a number in a logarithm: y[i] = t*log(x[i]*(3 - x[i])) | y[i] = t*log(3 - x[i]) + t*log(x[i])
a fraction split in a sum: y = N - sum[i](x[i]/(s + x[i])) | y = sum[i](s/(s + x[i]))
a fraction split beside more: y = sum[i](s/(s + x[i]) + x[i]^3) | y = N - sum[k](x[k]/(s + x[k]) - x[k]^3)
ends: y[i] = z[i-1]*[i >= 1] - z[i]*[i < N-1] | y[i] = where(i == 0, -z[0], where(i == N-1, z[N-2], z[i-1] - z[i]))
ends at last: y[i] = x[i+1]*[i < N-1] - x[i] | y[i] = where(i <= N-2, x[i+1] - x[i], -x[N-1])
ends by deltas: y[i] = s*x[i]*([i >= 1] - [i < N-1]) | y[i] = s*(x[N-1]*delta[i,N-1] - x[0]*delta[i,0])
two of each end: y[i] = [i >= 2] - [i < N-2] | y[i] = delta[i,N-1] + delta[i,N-2] - delta[i,0] - delta[i,1]
a shifted sum: y[i] = sum[j](x[i-j]*[i >= j]) | y[i] = sum[k](x[k]*[0 <= i - k < M])
a sum shifted the other way: y[i] = sum[j](x[i+j]*[i + j < N]) | y[i] = sum[k](x[k]*[0 <= k - i < M])
a tensor with itself, shifted: y[i] = sum[r](x[r]*x[i+r]*[i + r < N]) | y[i] = sum[k](x[k]*x[k-i]*[k >= i])
a sum that goes round: y[i] = sum[r](x[(i-r)%N]*z[r]) | y[i] = sum[k](x[k]*z[(i-k)%N])
a tensor with itself, going round: y[i] = sum[r](x[r]*x[(i+r)%N]) | y[i] = sum[k](x[k]*x[(k-i)%N])
products in a bracket, going round: y[i] = z[r]*(x[(i+r)%N] + x[(i-r)%N]) | y[i] = (z[(k-i)%N] + z[(i-k)%N])*x[k]
signs and sizes: y[i] = x[i]*sign(x[i]) | y[i] = abs(x[i])
a size below a line: y[i] = 1 - x[i]*sign(x[i])/(1 + abs(x[i])) | y[i] = 1/(1 + abs(x[i]))
branches by a size: y[i] = where(x[i] > 0, x[i]/(1 + x[i]), x[i]/(1 - x[i])) | y[i] = x[i]/(1 + abs(x[i]))
a smallest of two and a sign: y[i] = min(abs(x[i] - z[i]), 1)*sign(x[i] - z[i]) | y[i] = clip(x[i] - z[i], -1, 1)
a choice by a size: y[i] = where(abs(x[i] - s) <= 2, s - x[i], 2*sign(s - x[i])) | y[i] = -clip(x[i] - s, -2, 2)
a largest of two in a bracket: y[i] = [-1 < min(1, x[i])]*[1 > x[i]] | y[i] = [x[i] > -1]*[x[i] < 1]
branches that meet: y[i] = exp(x[i])*[0 > exp(x[i]) - 1] + [x[i] >= 0] | y[i] = where(x[i] > 0, 1, exp(x[i]))
branches in sums: y = sum[i](abs(x[i])*sign(x[i]) - relu(x[i])) | y = -sum[i](relu(-x[i]))
a size by a largest of two: y[i,j] = abs(x[i] - s) | y[i,j] = max(x[i], s) - min(x[i], s)
root of a reciprocal: y = sqrt(1/s) | y = 1/sqrt(s)
root of a cube: y = t*sqrt(s^3) | y = t*s^1.5
roots of factors: y = 1/(sqrt(s - 1)*sqrt(s + 1)) | y = 1/sqrt(s^2 - 1)
roots of a share and the rest: y = t/(sqrt(s)*sqrt(1 - s)) | y = t/sqrt(s*(1 - s))
an angle less another in a sum: y = sum[i](sin(x[i] - t)) | y = cos(t)*sum[i](sin(x[i])) - sin(t)*sum[i](cos(x[i]))
angles in sums: y[k] = sum[i](z[i]*cos(x[i] + x[k])) | y[k] = sum[i](z[i]*(cos(x[i])*cos(x[k]) - sin(x[i])*sin(x[k])))
angles in sums of two: y = sum[i,j](a[i,j]*sin(2*x[i] + s)) | y = sum[i,j](a[i,j]*(sin(s) + 2*sin(x[i])*cos(x[i] + s)))
a product but for one: y[i] = prod[k](where(k == i, 1, 1 + x[k])) | y[i] = prod[k](1 + x[k])/(1 + x[i])
products but for one: y[i,j] = prod[k](where(k == i, 1, a[k,j])) | y[i,j] = prod[k](a[k,j])*a[i,j]^(-1)
digamma of the next: y = digamma(s + 1) | y = digamma(s) + 1/s
digamma of more: y = digamma(s/2 + 3/2) - digamma((s - 1)/2) | y = 2/(s - 1) + 2/(s + 1)
shares of a whole: y = sum[i](exp(x[i] - logsumexp[k](x[k]))) | y = 1
""".strip().splitlines()

DIFFERENT = """
a square of a sum: y = (sum[i](x[i]) + s)^2 | y = sum[i](x[i]^2) + 2*s*sum[i](x[i]) + s^2
a sign: y = s - t | y = t - s
a factor: y = s*t | y = s*t*1.000001
a transpose: y[i] = q[i,k]*x[k] | y[i] = q[k,i]*x[k]
the end but one: y[i] = x[i+1]*[i < N-1] - x[i] | y[i] = where(i <= N-3, x[i+1] - x[i], -x[i])
the other end: y[i] = x[i]*[i < N-1] | y[i] = x[i] - x[0]*delta[i,0]
a sum: y = sum[i](x[i]^2) | y = sum[i](x[i])^2
an absolute value: y = sqrt(s^2) | y = s
fractions in exponents: y = (s^2 + 1)^(t/(1 - t)) | y = (s^2 + 1)^(1/(1 - t))
a power of a power: y = (s^t)^(1/t) | y = s
a power of a product: y = (s*t)^0.5 | y = s^0.5*t^0.5
a logarithm: y = log(s^2) | y = 2*log(s)
a logarithm beside other parts: y = log(s) - log(1 - s) | y = log(s/(1 + s))
a logarithm of a ratio alone: y = log(s/t) | y = log(s) - log(t)
a logarithm of what may both be negative: y = log(s*(-1 - s)) | y = log(s) + log(-1 - s)
log odds of a sigmoid: y = log((1 - sigmoid(s))/sigmoid(s)) | y = s
logarithms of sigmoids: y = log(sigmoid(s)) - log(1 - sigmoid(t)) | y = s
exponentials in logarithms: y = log(exp(s)/(t - 3)) | y = s + log(1/(3 - t))
a fraction split in a sum of another range: y = M - sum[i](x[i]/(s + x[i])) | y = sum[i](s/(s + x[i]))
an angle of another sign in a sum: y = sum[i](sin(x[i] - t)) | y = cos(t)*sum[i](sin(x[i])) + sin(t)*sum[i](cos(x[i]))
angles in sums of other ranges: y = sum[i](sin(s + t)) | y = sum[j](sin(s)*cos(t) + cos(s)*sin(t))
a sum shifted by more: y[i] = sum[j](x[i-j]*[i >= j]) | y[i] = sum[k](x[k]*[0 <= i - k <= M])
a tensor with itself, shifted further: y[i] = sum[r](x[r]*x[i+r]*[i + r < N]) | y[i] = sum[k](x[k]*x[k-i]*[k > i])
a sum that goes round the other way: y[i] = sum[r](x[(i-r)%N]*z[r]) | y[i] = sum[k](x[k]*z[(k-i)%N])
a tensor with itself, going round elsewhere: y[i] = sum[r](x[r]*x[(i+r)%N]*z[r]) | y[i] = sum[k](x[k]*x[(k-i)%N]*z[k])
a sum that goes round another range: y[i] = sum[r](x[(i-r)%M]*x[r]) | y[i] = sum[k](x[k]*x[(k-i)%M])
a size: y = s/N | y = s/M
a size by another number: y = s/N | y = s/4
an index: y[i] = x[i] | y[i] = z[i]
denominators in sums: y = sum[i](x[i]/(s + z[i])) | y = sum[i](x[i]*(s + z[i]))/sum[i]((s + z[i])^2)
other ranges: y = sum[i](1/(1 + x[i])) | y = sum[i](1/(1 + z[i]))
a boundary: y = [s > t]*s | y = [s >= t]*s
a side: y = [s > t]*s | y = [s < t]*s
a boundary of two: y[i] = [-1 < min(1, x[i])]*[1 > x[i]] | y[i] = [x[i] >= -1]*[x[i] < 1]
where branches meet: y[i] = exp(x[i])*[0 > exp(x[i]) - 1] + [x[i] > 0] | y[i] = where(x[i] > 0, 1, exp(x[i]))
a sign at 0: y[i] = sign(x[i])*sign(x[i]) | y[i] = 1
branches in sums: y = sum[i](abs(x[i])*sign(x[i]) - relu(x[i])) | y = sum[i](relu(-x[i]))
a choice by another size: y[i] = where(abs(x[i]) <= 2, x[i], sign(x[i])) | y[i] = clip(x[i], -2, 2)
a choice by a size that may be negative: y[i] = where(abs(x[i]) <= s, x[i], s*sign(x[i])) | y[i] = clip(x[i], -s, s)
a smallest of two by another sign: y[i] = min(abs(x[i]), 1)*sign(x[i]) | y[i] = clip(x[i], -1, 2)
numbers below roots of sums: y = s/(2*sqrt(sum[i]((x[i] - z[i])^2)/2)) | y = s/sqrt(sum[i]((x[i] - z[i])^2))
signs below roots: y = sqrt(2*s - 2*t) | y = sqrt(2)*sqrt(t - s)
numbers to a broken power: y = (8*s + 12*t)^(-1.5)*sqrt(5) | y = (10*s + 15*t)^(-1.5)*5/8
root of a square: y = sqrt(1/s^2) | y = 1/s
root of a fraction: y = t/sqrt(1 + (t/s)^2) | y = s*t/sqrt(s^2 + t^2)
root of a cube that is whole: y = (s^3)^(1/3) | y = s
roots of what may both be negative: y = 1/sqrt(s^2 - 1) | y = 1/(sqrt(s - 1)*sqrt(s + 1))
a permutation: y = levi_civita[p,r,m]*u[p]*v[r]*w[m] | y = levi_civita[p,r,m]*v[p]*u[r]*w[m]
a product but for another: y[i] = prod[k](where(k == i, 1, x[k])) | y[i] = prod[k](x[k])/z[i]
digamma of the one before: y = digamma(s - 1) | y = digamma(s) - 1/s
an odd function: y = erf(s - t) | y = erf(t - s)
no diagonal looked up: y[i,h] = sum[k](delta[i,n[k]]*delta[h,n[k]]*x[k]) | y[i,h] = sum[k](x[k])*delta[i,h]
rows not looked up: y[i] = sum[k](delta[i,n[k]]*x[i]) | y[i] = sum[k](delta[i,n[k]]*x[k])
""".strip().splitlines()


def sides(row):
    name, _, rest = row.partition(": ")
    return pytest.param(*rest.split(" | "), id=name)


def define(equation):
    return program_of(f"{HEADER}  - {equation}\n").statements[-1]


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in EQUAL])
def test_proved(left, right):
    assert prove_equal(define(left), define(right))


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in DIFFERENT])
def test_not_proved(left, right):
    assert not prove_equal(define(left), define(right))


SYMBOLS = "inputs: {a: [3], b: [3], c: [3], s: [2], p: [4], q: [4]}\nequations:\n"

SYMBOLS_IN_PAIRS = """
twice a vector: y[i] = eps[i,j,k]*a[j]*eps[k,l,m]*b[l]*c[m] | y[i] = b[i]*a[j]*c[j] - c[i]*a[j]*b[j]
nothing between: y = (eps[i,j,k]*a[i]*b[j]*c[k])*(eps[l,m,n]*a[l]*b[m]*a[n]) | y = 0
a square: y = sum[i]((eps[i,j,k]*a[j]*b[k])^2) | y = a[i]*a[i]*b[j]*b[j] - (a[i]*b[i])^2
one with itself: y = eps[i,j,k]*eps[i,j,k] | y = 6
one with itself but for one: y[i] = eps[i,k,l]*eps[j,k,l]*a[j] | y[i] = 2*a[i]
three: y[i] = eps[i,j,k]*a[j]*eps[k,l,m]*a[l]*eps[m,p,q]*a[p]*b[q] | y[i] = -a[m]*a[m]*eps[i,j,k]*a[j]*b[k]
of two positions: y[i] = eps[i,j]*eps[j,k]*s[k] | y[i] = -s[i]
of four positions: y[i,j] = eps[i,j,k,l]*eps[k,l,m,n]*p[m]*q[n] | y[i,j] = 2*(p[i]*q[j] - p[j]*q[i])
""".strip().splitlines()

OTHER_SYMBOLS = """
the other sign: y[i] = eps[i,j,k]*a[j]*eps[k,l,m]*b[l]*c[m] | y[i] = c[i]*a[j]*b[j] - b[i]*a[j]*c[j]
another product: y[i] = eps[i,j,k]*a[j]*eps[k,l,m]*b[l]*c[m] | y[i] = eps[i,j,k]*eps[j,l,m]*a[l]*b[m]*c[k]
""".strip().splitlines()


def proved_of_symbols(left, right):
    sides = (equation.replace("eps", "levi_civita") for equation in (left, right))
    one, other = (program_of(f"{SYMBOLS}  - {equation}\n").statements[-1] for equation in sides)
    return prove_equal(one, other, any_sizes=True)


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in SYMBOLS_IN_PAIRS])
def test_pairs_of_permutation_symbols_are_deltas(left, right):
    assert proved_of_symbols(left, right)


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in OTHER_SYMBOLS])
def test_pairs_of_permutation_symbols_that_are_not_the_same(left, right):
    assert not proved_of_symbols(left, right)


ROOTS_OF_PRODUCTS = """
a share: y = s/sqrt(s/t) | y = t*sqrt(s/t)
a share divided by: y = 1/(t*sqrt(s/t)) | y = sqrt(s/t)/s
in an exponential: y = t*exp(log(s/t)/2) | y = s*exp(-log(s/t)/2)
in an exponential of a square: y = t*exp(-(log(s/t) - 1/2)^2/2) | y = s*exp(-(log(s/t) + 1/2)^2/2)
numbers below roots of sums: y = s/(2*sqrt(sum[i]((x[i] - z[i])^2)/2)) | y = s/sqrt(2*sum[i]((x[i] - z[i])^2))
numbers and sizes below roots: y = sqrt(sum[i]((x[i] - z[i])^2)/(12*N)) | y = sqrt(N*sum[i]((x[i] - z[i])^2)/3)/(2*N)
numbers below roots apart: y = sqrt(6*(s + t))/sqrt(8) | y = sqrt(3)/2*sqrt(s + t)
numbers to a broken power: y = (8*s + 12*t)^(-1.5)*sqrt(5) | y = (10*s + 15*t)^(-1.5)*25/8
""".strip().splitlines()


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in ROOTS_OF_PRODUCTS])
def test_roots_of_products_are_told_from_one_another_without_sympy(left, right):
    assert prove_equal(define(left), define(right), any_sizes=True)


BY_NAME = """
dims: {N: 4}
inputs: {w: [N], u: [N], v: [N], S: {shape: [N, N], symmetric: true}}
equations:
  - d = w[i]*(u[i] - v[i])
  - q = w[i]*S[i,j]*w[j]
  - f = d^2/q
  - g[i] = 2*f*((u[i] - v[i])/d - S[i,j]*w[j]/q)
  - h[i] = 2*(d*(u[i] - v[i]) - f*S[i,j]*w[j])/q
"""


def test_what_cancels_by_its_name_is_not_unfolded():
    *statements, one, other = program_of(BY_NAME).statements
    assert prove_equal(one, other, statements)


def test_what_takes_very_many_steps_to_expand_is_left_open():
    whole = define("y = sum[i,h](x[i]*(sum[k]((q[k,i] - q[k,h])^2) + delta[i,h])^6*(x[i] - x[h])^6)").body
    with pytest.raises(TooLargeError):
        expand(whole)


def test_what_is_multiplied_out_into_very_many_terms_is_left_open():
    """Even where like ones leave few of them: before they are there, they take the time."""
    whole = define("y[i] = (x[i] + 1)^6*(x[i] - 2)^6*(x[i] + 3)^6*(x[i] - 4)^6*(x[i] + 5)^6").body
    with pytest.raises(TooLargeError):
        expand(whole)


def test_what_sympy_fails_on_is_left_open():
    """SymPy's simplification of signs raises an AttributeError. The two are equal for positive ``t`` alone."""
    assert not prove_equal(define("y = sign(s/t - 1)/t"), define("y = sign(s - t)/t"))


def test_sympy_is_left_alone_where_it_is_not_needed():
    before = "sympy" in sys.modules
    assert prove_equal(define("y = (s + t)^2"), define("y = s^2 + 2*s*t + t^2"))
    assert ("sympy" in sys.modules) == before


INVERSES = """
inputs: {{a: [3, 3]}}
equations:
  - k[i,j] = {operand}
  - y[i,j] = inv(k)[i,j] - inv(k)[j,i]
  - z[i,j] = 0*a[i,j]
"""


@pytest.mark.parametrize(
    ("operand", "proved"), [("a[i,m]*a[j,m] + delta[i,j]", True), ("a[i,m]*a[m,j] + delta[i,j]", False)]
)
def test_the_inverse_of_a_symmetric_definition_is_symmetric(operand, proved):
    statements = program_of(INVERSES.format(operand=operand)).statements
    assert prove_equal(statements[-2], statements[-1], statements[:-2]) == proved


MATRICES = """
dims: {N: 3, M: 3, B: 2}
inputs: {a: [N, N], b: [N, N], c: [B, N, N], u: [N, M], v: [M, N], d: [N], s: [], tall: [N, B],
         h: {shape: [N, N], symmetric: true}}
indices: {i: N, j: N, z: B}
equations:
  - p[i,j] = a[i,k]*b[k,j]
  - g[i,j] = b[k,i]*a[k,l]*b[l,j]
  - r[i,j] = s*a[i,k]*d[k]*b[j,k]
  - w[i,j] = p[i,k]*b[k,j]
  - q[z,i,j] = a[i,k]*c[z,k,j]
  - m[i,j] = u[i,k]*v[k,j]
  - t[i,j] = a[i,j] + h[i,j]
  - e[i,j] = inv(a)[i,j]
  - o[i,j] = b[i,k]*e[k,j]
  - n[z,i,j] = inv(c)[z,i,j]
  - k[i,j] = a[i,j] + d[i]*d[j]
  - aa[i,j] = s*delta[i,j] + a[i,k]*b[k,j]
  - bb[i,j] = s*delta[i,j] + b[i,k]*a[k,j]
  - cc[z,i,j] = c[z,i,j] + h[i,j]
  - ww[i,j] = a[i,j] + u[i,k]*v[k,j]
  - rr[i,j] = delta[i,j] + s*b[k,i]*b[k,j]
  - mm[i] = s*inv(rr)[i,j]*b[k,j]*d[k]
  - o2[i,j] = a[j,i] - s*u[i,0]*d[j]
  - i2[i,j] = a[i,i] + d[i]*d[j]
  - gg[k,l] = tall[i,k]*tall[i,l]
  - pp[i,j] = tall[i,k]*inv(gg)[k,l]*tall[j,l]
  - kk[i,j] = h[i,j] + s*delta[i,j]
  - fit[i] = inv(kk)[i,j]*d[j]
  - ss[k,l] = delta[k,l] + v[k,i]*inv(a)[i,j]*u[j,l]
"""

INVERSE = """
cancelled: y[i,j] = a[i,k]*inv(a)[k,j] | y[i,j] = delta[i,j]
cancelled from the left: y[i,j] = inv(a)[i,k]*a[k,j] | y[i,j] = delta[i,j]
cancelled in a trace: y = inv(a)[i,k]*a[k,i] | y = N
cancelled by a symmetric one: y[i,j] = inv(h)[k,i]*h[k,j] | y[i,j] = delta[i,j]
cancelled by name: y[i,j] = inv(t)[i,k]*t[k,l]*a[l,j] | y[i,j] = a[i,j]
of a product: y[i,j] = inv(p)[i,j] | y[i,j] = inv(b)[i,k]*inv(a)[k,j]
of a product with its factors: y[i,j] = b[i,k]*inv(p)[k,l]*a[l,j] | y[i,j] = delta[i,j]
of a product of three: y[i,j] = inv(g)[i,k]*b[l,k]*a[l,j] | y[i,j] = inv(b)[i,j]
of a product of products: y[i,j] = inv(w)[i,k]*a[k,l]*b[l,j] | y[i,j] = inv(b)[i,j]
of a scaled product: y[i,j] = inv(r)[i,j] | y[i,j] = inv(b)[k,i]*inv(a)[k,j]/(s*d[k])
of a batch: y[z,i,j] = inv(q)[z,i,k]*a[k,j] | y[z,i,j] = inv(c)[z,i,j]
of an inverse: y[i,j] = inv(e)[i,j] | y[i,j] = a[i,j]
of an inverse, which it meets: y[i,j] = e[k,i]*inv(e)[j,k] | y[i,j] = delta[i,j]
of a product with an inverse: y[i,j] = inv(o)[i,j] | y[i,j] = a[i,k]*inv(b)[k,j]
of a product, which it meets: y[i,j] = inv(p)[i,k]*p[k,j] | y[i,j] = delta[i,j]
of a batch of inverses: y[z,i,j] = inv(n)[z,i,j] | y[z,i,j] = c[z,i,j]
of a sum less that of a term: y[i,j] = inv(t)[i,j] - inv(a)[i,j] | y[i,j] = -inv(a)[i,k]*h[k,l]*inv(t)[l,j]
of a batch of sums: y[z,i,j] = inv(cc)[z,j,i] | y[z,i,j] = inv(c)[z,j,i] - inv(c)[z,j,k]*h[k,l]*inv(cc)[z,l,i]
of a matrix and an outer product: y[i] = inv(k)[i,j]*d[j] | y[i] = inv(a)[i,j]*d[j]/(1 + d[k]*inv(a)[k,l]*d[l])
pushed through a product: y[i,j] = inv(aa)[i,k]*a[k,j] | y[i,j] = a[i,k]*inv(bb)[k,j]
Woodbury: y[i,j] = inv(ww)[i,j] - inv(a)[i,j] | y[i,j] = -inv(a)[i,p]*u[p,q]*inv(ss)[q,k]*v[k,l]*inv(a)[l,j]
squares at a solution: y = sum[k](s*(d[k] - b[k,i]*mm[i])^2 + mm[k]^2) | y = s*d[k]*(d[k] - b[k,i]*mm[i])
squares that a kernel leaves: y = sum[i]((d[i] - h[i,j]*fit[j])^2) | y = s^2*fit[i]*fit[i]
a projection twice: y[i,j] = pp[i,k]*pp[k,j] | y[i,j] = pp[i,j]
trace of a projection: y = pp[i,j]*pp[j,i] | y = B
determinant of a matrix and an outer product: y = det(k) | y = det(a)*(1 + d[i]*inv(a)[i,j]*d[j])
determinant of a transpose and an outer product: y = det(o2)/det(a) | y = 1 - s*d[i]*inv(a)[j,i]*u[j,0]
such a determinant beside the inverse: y[i] = det(k)*inv(k)[j,i]*d[j] | y[i] = det(a)*inv(a)[j,i]*d[j]
determinant of an inverse: y = det(e) | y = 1/det(a)
determinant of a product with an inverse: y = det(o)*det(a) | y = det(b)
determinant of a product: y = det(p)/det(a) | y = det(b)
determinant of a square: y = det(g) | y = det(a)*det(b)^2
""".strip().splitlines()

NO_INVERSE = """
squares at a solution: y = sum[k](s*(d[k] - b[k,i]*mm[i])^2 + mm[k]^2) | y = s*d[k]*(d[k] + b[k,i]*mm[i])
squares that a kernel leaves: y = sum[i]((d[i] - h[i,j]*fit[j])^2) | y = s*fit[i]*fit[i]
a projection twice: y[i,j] = pp[i,k]*pp[k,j] | y[i,j] = 2*pp[i,j]
trace of a projection: y = pp[i,j]*pp[j,i] | y = N
determinant of a matrix and an outer product, the sign: y = det(k) | y = det(a)*(1 - d[i]*inv(a)[i,j]*d[j])
determinant of a transpose and an outer product, turned: y = det(o2)/det(a) | y = 1 - s*d[i]*inv(a)[i,j]*u[j,0]
such a determinant beside the inverse, another row: y[i] = det(k)*inv(k)[j,i]*d[j] | y[i] = det(a)*inv(a)[i,j]*d[j]
determinant of a diagonal and an outer product: y = det(i2) | y = det(a)*(1 + d[i]*inv(a)[i,j]*d[j])
determinant of a sum: y = det(t) | y = det(a) + det(h)
turned: y[i,j] = a[k,i]*inv(a)[k,j] | y[i,j] = delta[i,j]
of another one: y[i,j] = a[i,k]*inv(b)[k,j] | y[i,j] = delta[i,j]
read once more: y[i,j] = a[i,k]*inv(a)[k,j]*d[k] | y[i,j] = delta[i,j]*d[i]
of a product, in its order: y[i,j] = inv(p)[i,j] | y[i,j] = inv(a)[i,k]*inv(b)[k,j]
of a sum: y[i,j] = inv(t)[i,j] | y[i,j] = inv(a)[i,j] + inv(h)[i,j]
of a sum less that of a term, the sign: y[i,j] = inv(t)[i,j] - inv(a)[i,j] | y[i,j] = inv(a)[i,k]*h[k,l]*inv(t)[l,j]
of a batch, another one: y[z,i,j] = inv(cc)[z,j,i] | y[z,i,j] = inv(c)[0,j,i] - inv(c)[z,j,k]*h[k,l]*inv(cc)[z,l,i]
Woodbury, turned: y[i,j] = inv(ww)[i,j] - inv(a)[i,j] | y[i,j] = -inv(a)[i,p]*u[p,q]*inv(ss)[k,q]*v[k,l]*inv(a)[l,j]
pushed through the wrong product: y[i,j] = inv(aa)[i,k]*b[k,j] | y[i,j] = b[i,k]*inv(aa)[k,j]
of a scaled product, turned: y[i,j] = inv(r)[i,j] | y[i,j] = inv(b)[i,k]*inv(a)[k,j]/(s*d[k])
another batch: y[z,i,j] = inv(c)[z,i,k]*c[0,k,j] | y[z,i,j] = delta[i,j]
of an inverse, turned: y[i,j] = inv(e)[i,j] | y[i,j] = a[j,i]
of a product with an inverse, in its order: y[i,j] = inv(o)[i,j] | y[i,j] = inv(b)[i,k]*a[k,j]
determinant of an inverse as if it were of the matrix: y = det(e) | y = det(a)
determinant of a scaled product: y = det(r) | y = s*det(a)*det(b)
""".strip().splitlines()


def proved_of_matrices(left, right):
    program = program_of(f"{MATRICES}  - {left}\n  - {right.replace('y', 'x', 1)}\n")
    statements = recognised(program).statements  # what is symmetric by its definition is known to be so
    one, other = (statement for statement in statements if statement.tensor.name in ("x", "y"))
    return prove_equal(one, other, (statement for statement in statements if statement not in (one, other)))


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in INVERSE])
def test_inverses_are_those_of_factors_and_cancel(left, right):
    assert proved_of_matrices(left, right)


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in NO_INVERSE])
def test_inverses_that_are_not_the_same(left, right):
    assert not proved_of_matrices(left, right)


def test_an_inverse_that_is_one_by_its_sizes_alone_is_not_proved():
    """The equations hold for other sizes of ``K``, too, at which there is none."""
    equations = "['m[i,j] = u[i,k]*v[k,j]', 'y = logdet(m)']"
    text = f"dims: {{N: 3, K: 3}}\ninputs: {{u: [N, K], v: [K, N]}}\nequations: {equations}\n"
    (found,) = tcgrad.loads(f"{text}expect: ['dy/du[p,q] = inv(u)[q,p]']\n").check(only="expect").results
    assert (found.status, found.proved) == ("pass", False)


ASSUMED = """
dims: {N: 5}
inputs: {x: {shape: [N], sample: positive}, z: {shape: [N], sample: positive}, p: {shape: [N], sample: simplex},
         s: {shape: [], sample: positive}, t: [], u: [N]}
indices: {i: N}
equations:
"""

EQUAL_UNDER_ASSUMPTIONS = """
root of a fraction: y = t/sqrt(1 + (t/s)^2) | y = s*t/sqrt(s^2 + t^2)
logarithm of a quotient: y = log(x[0]/s) | y = log(x[0]) - log(s)
logarithm of a power: y = log(s^2*t) | y = 2*log(s) + log(t)
power of a power of a sum: y = sum[i](z[i]*x[i]^t)^(1/t - 1) | y = (sum[i](z[i]*x[i]^t)^(1/t))^(1 - t)
power of a quotient: y[i] = (x[i]/s)^(t - 1)/s | y[i] = x[i]^t/x[i]*s^(-t)
power of a quotient in a power: y[i] = exp((x[i]/s)^t*u[i])^2 | y[i] = exp(2*x[i]^t*s^-t*u[i])
shares to a power: y[i] = p[i]^t*x[i]^(-t) | y[i] = (p[i]/x[i])^t
a choice by a size that is positive: y[i] = where(abs(u[i]) <= s, u[i], s*sign(u[i])) | y[i] = max(-s, min(u[i], s))
a choice by a size in choices: y[i] = where(u[i] > s, s, where(u[i] < -s, -s, u[i])) | y[i] = clip(u[i], -s, s)
a choice by a share: y[i] = s*where(abs(u[i]/s) <= 1, u[i]/s, sign(u[i])) | y[i] = clip(u[i], -s, s)
a side that is chosen: y[i] = [abs(u[i] - t) < s]*x[i] | y[i] = [u[i] < t + s]*[u[i] > t - s]*x[i]
shares add up: y = sum[i](p[i]*(u[i] - log(s*x[i]))) | y = sum[i](p[i]*u[i] - p[i]*log(x[i])) - log(s)
""".strip().splitlines()

DIFFERENT_UNDER_ASSUMPTIONS = """
a factor of any sign: y = (s*t*t)^(1/2) | y = t*s^(1/2)
a logarithm of any sign: y = log(s*t^2) | y = log(s) + 2*log(t)
a difference: y = ((x[0] - s)^2)^(1/2) | y = x[0] - s
a choice by a size of any sign: y[i] = where(abs(u[i]) <= t, u[i], t*sign(u[i])) | y[i] = max(-t, min(u[i], t))
a choice by a share of any sign: y[i] = [abs(u[i]/t) <= 1]*s | y[i] = [abs(u[i]) <= t]*s
a side with its end: y[i] = [abs(u[i]) < s]*x[i] | y[i] = [u[i] < s]*[u[i] >= -s]*x[i]
a share may be 0: y = [p[0] > 0]*s | y = s
""".strip().splitlines()


def is_proved_under_assumptions(left, right):
    first, second = (program_of(f"{ASSUMED}  - {equation}\n") for equation in (left, right))
    return prove_equal(first.statements[-1], second.statements[-1], (), assumptions_about(first))


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in EQUAL_UNDER_ASSUMPTIONS])
def test_proved_under_assumptions(left, right):
    assert is_proved_under_assumptions(left, right)


@pytest.mark.parametrize(("left", "right"), [sides(row) for row in DIFFERENT_UNDER_ASSUMPTIONS])
def test_not_proved_under_assumptions(left, right):
    assert not is_proved_under_assumptions(left, right)


def test_constants_are_as_good_as_their_numbers():
    spec = "constants: {{c: 2, h: 0.5}}\ninputs: {{s: []}}\nequations: ['y = {0}']\n"
    one, other, wrong = (program_of(spec.format(body)).statements[-1] for body in ("c*s + h", "2*s + 1/2", "2*s + h^2"))
    assert prove_equal(one, other)
    assert not prove_equal(one, wrong)


OWN = {  # programs of which everything that is printed in one line is proved
    "what only some elements of an intermediate are read of": [
        "y[i,j] = -1[i,j]*s^2",
        "h[j] = y[j%2,j]*s",
        "f = sum[j](sin(h[j] - y[j%2,j]))",
    ],
    "a gradient that is made of others": [
        "y[i,j,k] = 1[i,k]*q[j,0]*a[j%N,0]/exp(1/3)",
        "h[i] = y[n[0]//5 + i//3,i,i%3]*x[i]",
        "f = sum[i](h[i]^2)",
    ],
    "sums of indices under functions": [
        "y[i] = s*exp((i + 1) - u[c])/sum[k](exp((k + 1) - u[c]))*1[c]",
        "h[i] = -y[N-1-i]",
        "f[i] = sigmoid(h[i])",
    ],
    "turned indices": [
        "y[i,k] = sum[r]([r > k]*x[r])*atan(x[i]*k)",
        "f = min(y[N-1-k,k]*y[k,k], 1)*1[k]",
    ],
    "halves of indices": [
        "k[i,m] = 3*delta[i,m] + tanh(m*x[m//2] + x[i]*x[m])/2",
        "f[i,m] = inv(k)[i,m]",
    ],
    "a scalar integer": [
        "y[i] = exp(o*x[i] + 1 + o)*z[i]",
        "f = exp(y[o]*x[o]) + 1[i]*y[i]*o",
    ],
}  # fmt: skip


def unproved(text):
    """What is printed in one line of the derivatives of a program, and not proved when it is read back."""
    printed = tcgrad.loads(text).derive().as_dict()
    lines = [each["index"] for each in printed["jacobians"] if each["index"]]
    lines += [each["index"][0] for each in printed["gradients"] if len(each["index"]) == 1]
    expected = "".join(f"  - '{line}'\n" for line in lines)
    result = tcgrad.loads(f"{text}expect:\n{expected}").check(trials=1, sizes="own", dtype="float64")
    found = [each for each in result.results if each.kind == "expect"]
    assert len(found) == len(lines)
    return [each.equation for each in found if not each.proved]


@pytest.mark.parametrize("name", OWN)
def test_what_is_printed_is_proved(name):
    head = HEADER.replace("s: []", "s: [], o: {shape: [], dtype: int, sample: {integers: [0, 3]}}")
    ranges = "indices: {i: N, j: N, k: N, m: N, r: N}"
    text = head.replace("indices: {i: N, j: M, h: N}", ranges) + "".join(f"  - '{each}'\n" for each in OWN[name])
    assert unproved(text) == []


@pytest.mark.parametrize(
    "equation",
    ["y[m] = prod[k](a[k,m//2] + b[k,m])", "y = 1[m]*prod[k](a[k,m//2]*b[k,m])", "y = 1[m]*prod[k](a[k,m%2]*b[k,m])"],
)
def test_elements_of_products_at_halves_of_positions_are_proved(equation):
    """``delta(k, q) a[k]`` is ``delta(k, q) a[q]`` whichever index was there first."""
    inputs = "{a: [N, M], b: [N, M]}"
    assert unproved(f"dims: {{N: 3, M: 2}}\ninputs: {inputs}\nindices: {{m: M}}\nequations:\n  - '{equation}'\n") == []


SMALL = """
a determinant by its terms: f = det(A) | df/dA[p,q] = levi_civita[p,i]*levi_civita[q,j]*A[i,j]
terms of a determinant: f = A[0,0]*A[1,1] - A[0,1]*A[1,0] | df/dA[p,q] = det(A)*inv(A)[q,p]
Cayley and Hamilton: f = A[i,j]*A[j,i] | df/dA[p,q] = 2*A[k,k]*delta[p,q] - 2*det(A)*inv(A)[q,p]
the other factor: f = A[i,j]*A[j,i] | df/dA[p,q] = 2*A[k,k]*delta[p,q] - 2*det(A)*inv(A)[p,q]
a determinant of three rows: f = levi_civita[i,j,k]*C[0,i]*C[1,j]*C[2,k] | df/dC[p,q] = det(C)*inv(C)[q,p]
a cross product: f = u[1]*v[2] - u[2]*v[1] | df/du[p] = -levi_civita[p,0,k]*v[k]
of another sign: f = u[1]*v[2] - u[2]*v[1] | df/du[p] = levi_civita[p,0,k]*v[k]
"""


@pytest.mark.parametrize("row", SMALL.strip().splitlines())
def test_matrices_of_few_rows_are_compared_element_by_element(row):
    name, _, formulas = row.partition(": ")
    equation, expected = formulas.split(" | ")
    inputs = "{A: [2, 2], C: [3, 3], u: [3], v: [3]}"
    read = "C" if "C[" in equation else "u" if "u[" in equation else "A"
    function = tcgrad.loads(f"inputs: {inputs}\nwrt: [{read}]\nequations: ['{equation}']\nexpect: ['{expected}']\n")
    (result,) = function.check(only=("expect",)).results
    assert result.proved == (name not in ("the other factor", "of another sign"))
