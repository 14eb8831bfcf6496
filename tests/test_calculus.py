"""Everything the language can write: derivatives against difference quotients, emitted code against evaluation."""

import pytest
from test_oracles import check_derivatives, check_emitted, program_of

from tcgrad.calculus import derive
from tcgrad.ir.nodes import Delta
from tcgrad.ir.program import Recurrence
from tcgrad.ir.traversal import walk

PROGRAMS = {
    "conv1d": """
dims: {N: 11, K: 3}
inputs: {x: [N], w: [K]}
equations: ["y[i] = w[k]*x[i+k]"]
""",
    "conv2d, stride, dilation, channels": """
dims: {B: 2, C: 3, O: 2, H: 7, W: 8, K: 3}
inputs: {x: [B, C, H, W], w: [O, C, K, K], b: [O]}
equations: ["y[n,o,i,j] = w[o,c,p,q]*x[n,c,2*i+p,j+2*q] + b[o]"]
""",
    "conv1d, padding": """
dims: {N: 7, K: 3}
inputs: {x: {shape: [N], outside: 0}, w: [K]}
indices: {i: N}
equations: ["y[i] = w[k]*x[i+k-1]"]
""",
    "differences": """
inputs: {x: [7]}
equations: ["y = sum[i]((x[i+1] - x[i])^2)"]
""",
    "reversed": """
dims: {N: 5}
inputs: {x: [N], w: [N]}
equations: ["y[i] = x[N-1-i]*w[i]"]
""",
    "toeplitz": """
dims: {N: 4}
inputs: {c: ["2*N - 1"], x: [N]}
indices: {i: N, j: N}
equations: ["y[i] = c[i-j+N-1]*x[j]"]
""",
    "reshape": """
dims: {H: 2, W: 3}
inputs: {x: ["H*W"], w: [H]}
indices: {i: H, j: W}
equations: ["y[j] = x[i*W+j]^2*w[i]"]
""",
    "flatten": """
dims: {H: 2, W: 3}
inputs: {x: [H, W]}
indices: {k: "H*W"}
equations: ["y[k] = x[k//W, k%W]^2"]
""",
    "pooling, average": """
inputs: {x: [8]}
indices: {i: 4, p: 2}
equations: ["y[i] = mean[p](x[2*i+p])^2"]
""",
    "pooling, largest": """
inputs: {x: [8]}
indices: {i: 4, p: 2}
equations: ["y[i] = max[p](x[2*i+p])"]
""",
    "component": """
inputs: {x: [5, 3]}
equations: ["y[j] = x[2,j]*x[0,j]"]
""",
    "diagonal and trace": """
inputs: {a: [4, 4]}
equations: ["d[i] = a[i,i]^2", "y = a[i,i]*d[i]"]
""",
    "gather": """
dims: {V: 7, D: 3, B: 4, T: 5}
inputs: {e: [V, D], w: [V], tok: {shape: [B, T], dtype: int, sample: {integers: [0, 7]}}}
equations: ["y[b,t,d] = e[tok[b,t],d]*w[tok[b,t]]", "z = sum[b](e[tok[b,0],1]^2)"]
outputs: [y, z]
""",
    "gather, several times at one position": """
dims: {V: 3, B: 4, T: 5}
inputs: {e: [V, V, V], w: [V, V], tok: {shape: [B], dtype: int, sample: {integers: [0, 3]}}}
equations: ["y[b] = sin(e[tok[b],0,tok[b]])", "z = e[tok[b],tok[b],tok[b]]*w[tok[b],tok[b]]"]
outputs: [y, z]
""",
    "reductions": """
inputs: {x: [3, 5]}
equations: ["m[i] = max[j](x[i,j])", "n = min[i,j](x[i,j]*x[i,j])", "p[i] = prod[j](x[i,j])",
            "s[i] = logsumexp[j](2*x[i,j])", "y = sum[i](m[i]*p[i]*s[i])*n"]
""",
    "product of products": """
inputs: {x: [3, 2], w: [2]}
equations: ["y[i] = prod[j](x[i,j] + w[j]) + prod[k,j](x[k,j])"]
""",
    "brackets": """
dims: {N: 5}
inputs: {x: [N, N], w: [N]}
equations: ["y[i] = sum[j]([j <= i]*x[i,j]*w[j])", "z = sum[i]([x[i,i] > 0]*x[i,i]^2*i)"]
outputs: [y, z]
""",
    "branches": """
inputs: {x: [5], w: [5]}
equations: ["y[i] = where(x[i] > 0, x[i]*w[i], sin(w[i]))", "z = sum[i](where(i < 2, x[i]^2, 3*x[i]))*y[0]"]
outputs: [y, z]
""",
    "several arguments": """
inputs: {x: [5], w: [5], s: []}
equations: ["y[i] = max(x[i], w[i])*min(x[i], s) + atan2(x[i], w[i] + 3) + leaky_relu(x[i], s) + clip(w[i], -s, s)"]
""",
    "matrix functions": """
inputs: {a: {shape: [3, 3], sample: spd}, b: [3, 2]}
equations: ["y[i,j] = inv(a)[i,k]*b[k,j]", "z = logdet(a) + det(a)"]
outputs: [y, z]
""",
    "matrix functions, batched, of a defined tensor": """
inputs: {a: [2, 3, 3], s: []}
equations: ["m[b,i,j] = a[b,i,k]*a[b,j,k] + s^2*delta[i,j]*1[b] + delta[i,j]*1[b]",
            "y = sum[b](logdet(m)[b]) + inv(m)[b,i,j]*a[b,i,j]"]
""",
    "matrix functions, second use": """
inputs: {a: {shape: [3, 3], sample: spd}}
equations: ["y = logdet(a)*inv(a)[i,i] + det(a)"]
""",
    "recurrence": """
dims: {T: 5, H: 3}
inputs: {w: [H, H], x: [T, H], h0: [H]}
equations: ["h[-1,j] = h0[j]", "h[t,j] = tanh(w[j,k]*h[t-1,k] + x[t,j])", "y = h[t,j]^2*1[t,j]"]
""",
    "recurrence as output": """
dims: {T: 4}
inputs: {a: [], x: [T]}
equations: ["s[-1] = 0", "s[t] = a*s[t-1] + x[t]"]
""",
    "two steps back": """
dims: {T: 6}
inputs: {a: [], b: [], u: [], v: []}
indices: {t: T}
equations: ["y[0] = u", "y[1] = v*u", "y[t] = a*y[t-1] + sin(b*y[t-2])", "z = sum[t](y[t]^2)"]
""",
    "terms of a recurrence at one position, which reads base cases": """
dims: {T: 5, N: 3}
inputs: {x: [N], b: [N], c: [N]}
indices: {t: T}
equations: |
  y[i,-1] = b[i]^2
  y[i,0] = c[i]
  y[i,t] = sin(y[i,t-1] + y[i,t-2] + x[i]*delta[t,1]) + x[i]*y[i,t-1]^2*y[i,t-2]^2*delta[t,1]
""",
    "coupled recurrences": """
dims: {T: 4, H: 2}
inputs: {w: [H, H], x: [T, H], h0: [H], c0: [H]}
equations: |
  h[-1,j] = h0[j]
  c[-1,j] = c0[j]
  c[t,j] = sigmoid(w[j,k]*h[t-1,k])*c[t-1,j] + tanh(x[t,j])
  h[t,j] = tanh(c[t,j])*sigmoid(x[t,j])
  y = sum[t,j](h[t,j]*x[t,j])
outputs: [y, c]
""",
    "an output that another one uses": """
inputs: {x: [3]}
equations: ["u[i] = sin(x[i])", "v = u[i]*u[i]*x[i]"]
outputs: [u, v]
""",
    "lines in which a definition is recognised once they are put together": """
dims: {B: 2, C: 3, I: 2, J: 5}
inputs: {x: [B, C, I, J]}
equations: |
  m[b,c] = sum[i,j](x[b,c,i,j])/(I*J)
  v[b,c] = sum[i,j]((x[b,c,i,j] - m[b,c])^2)/(I*J)
  s[b,c] = 1/sqrt(v[b,c] + 1)
  y[b,c,i,j] = (x[b,c,i,j] - m[b,c])*s[b,c]
""",
}

LAST_STATE = """
dims: {T: 5}
inputs: {a: [], x: [T]}
equations: ["s[-1] = 0", "s[t] = a*s[t-1] + x[t]", "y = s[T-1]^2"]
"""


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives(name):
    check_derivatives(PROGRAMS[name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_emitted_code(name):
    check_emitted(PROGRAMS[name])


def test_the_step_of_an_adjoint_says_nothing_of_the_positions_of_base_cases():
    (adjoint, *_) = derive(program_of(LAST_STATE)).backward
    assert isinstance(adjoint, Recurrence)
    assert not any(isinstance(node, Delta) for node in walk(adjoint.steps[0].body))
