"""Random programs on graphs: what edges make of the nodes that they look up, summed over the edges at each node, and
divided by such sums. There are fewer edges than nodes: some nodes have none. Every program is valid.
"""

from __future__ import annotations

import random
import re

INPUTS = {
    "x": "[N]",
    "w": "[]",
    "v": "[E]",
    "src": "{shape: [E], dtype: int, sample: {integers: [0, N]}}",
    "dst": "{shape: [E], dtype: int, sample: {integers: [0, N]}}",
}
NODES = ("x[{n}]", "x[{n}]*w", "tanh(x[{n}])", "x[{n}]^2 + 1")
EDGES = (
    *("({a})*({b})", "exp({a})", "exp(v[e]*({a}))", "sigmoid({a} - ({b}))"),
    *("v[e]*({a})", "({a} - ({b}))^2", "{a} + v[e]"),
)
WEIGHTS = ("exp({s})", "(1 + {s}^2)")  # above 0
SUMS = (  # over edges, by what is summed up for each node
    "sum[e](delta[{t},n]*{g}/{z}*({m}))",
    "sum[e](delta[{t},n]*{g}*({m})/{z})*w",
    "sum[e](delta[{t},n]*({m}))*w + sum[e](delta[{t},n]*{g}/{z})",
    "sum[e](delta[{t},n]*{g}*log({z})*({m}))",
    "sum[e](delta[{t},n]*sqrt({z})*({m})) + x[n]",
    "x[n] + tanh(sum[e](delta[{t},n]*{g}/{z}*({m})))",
)
ENDS = ("sum[n]({h}[n]^2)", "sum[e]({h}[dst[e]]*v[e])", "mean[e](({h}[src[e]] - {h}[dst[e]])^2)")


def graph_spec(seed: int) -> str:
    """The text of a spec; the same for the same seed."""
    choose = random.Random(seed)
    equations = list(_equations(choose))
    read = [name for name in INPUTS if any(re.search(rf"\b{name}\b", each) for each in equations)]
    inputs = "".join(f"  {name}: {INPUTS[name]}\n" for name in read)
    lines = "".join(f"  - '{each}'\n" for each in equations)
    return f"dims: {{N: 5, E: 4}}\nindices: {{n: N}}\ninputs:\n{inputs}equations:\n{lines}"


def _equations(choose: random.Random) -> list[str]:
    made: list[str] = []
    layers = choose.choice((1, 2, 2, 3))
    for layer in range(layers):
        made += _layer(choose, layer)
    if choose.random() < 0.4:
        made.append(f"f = {choose.choice(ENDS).format(h=f'h{layers - 1}')}")
    return made


def _layer(choose: random.Random, layer: int) -> list[str]:
    end = choose.choice(("dst[e]", "dst[e]", "src[e]"))
    kind = choose.random()
    if kind < 0.5:
        weight = choose.choice(WEIGHTS).format(s=f"s{layer}[e]")
        parts = {"t": end, "g": weight, "z": f"z{layer}[{end}]", "m": _node(choose, layer, "src[e]")}
        return [
            f"s{layer}[e] = {_edge(choose, layer)}",
            f"z{layer}[n] = sum[e](delta[{end},n]*{weight})",
            f"h{layer}[n] = {choose.choice(SUMS).format(**parts)}",
        ]
    if kind < 0.8:
        before = choose.choice(("", "x[n] + ", "0.5*"))
        return [f"h{layer}[n] = {before}sum[e](delta[{end},n]*({_edge(choose, layer)}))"]
    function = choose.choice(("tanh", "relu", "sigmoid"))
    return [f"h{layer}[n] = {function}({_node(choose, layer, 'n')} + {_node(choose, layer, 'n')})"]


def _node(choose: random.Random, layer: int, at: str) -> str:
    """Something at a node, one of the layers before among it."""
    before = [f"h{k}[{{n}}]" for k in range(layer)] * 2
    return choose.choice((*NODES, *before)).format(n=at)


def _edge(choose: random.Random, layer: int) -> str:
    parts = {"a": _node(choose, layer, "src[e]"), "b": _node(choose, layer, "dst[e]")}
    return choose.choice(EDGES).format(**parts)
