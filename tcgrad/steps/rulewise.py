"""The table of derivative rules applied one rule at a time, what is not worked out yet standing as ``∂(...)/∂x[p]``.

The rules are those of `tcgrad.calculus.rules.differentiate`: where that goes down to the components at once, here each
inner derivative is left standing first. The last line is what `differentiate` returns, put down tidily.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from tcgrad.calculus.rules.differentiate import Seed, apply_rule, differentiate
from tcgrad.ir.derivative import derivative, is_derivative
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import Role, Tensor, jacobian_of
from tcgrad.ir.traversal import children, free_indices, rebuild, replace_components
from tcgrad.records import dataclass
from tcgrad.simplify.tidy import tidy
from tcgrad.steps.chains import Step
from tcgrad.steps.own import Own
from tcgrad.steps.rules import (
    BRANCHES,
    CHAIN,
    CONSTANT_FACTOR,
    EXPONENTIAL,
    POWER,
    PRODUCT,
    QUOTIENT,
    REDUCTIONS,
    SUM,
    Equality,
    Rule,
    definition,
    insert,
)


@dataclass
class Rulewise:
    """Derivatives by a component, a rule at a time.

    seed: the derivative of each component read, as `differentiate` takes it.
    own: the equation whose right side is differentiated, if it is one.
    """

    by: Component
    seed: Seed
    own: Own | None = None
    _used: dict[Rule, None] = field(default_factory=dict)

    def operator(self, expr: Expr) -> Expr:
        """The derivative of an expression, not worked out at all; 0 where that is what it is."""
        if not self._varies(expr):
            return ZERO
        if isinstance(expr, Component):
            return Component(jacobian_of(expr.tensor, self.by.tensor), (*expr.indices, *self.by.indices))
        if isinstance(expr, IndexSum) and _is_trace(expr):
            return IndexSum(expr.indices, self.operator(expr.body))
        return derivative(tidy(expr), self.by)

    def standing(self, part: Expr) -> Expr:
        """The same for a part of an expression: factors that do not vary stand before the operator at once."""
        multiple = isinstance(part, Mul) and sum(map(self._varies, part.factors)) == 1
        return apply_rule(part, self.standing) if multiple else self.operator(part)

    def steps(self, expr: Expr) -> Iterator[Step]:
        """From an expression with derivatives that stand to one without."""
        while any_derivative(expr):
            self._used.clear()
            expr = self._named(tidy(self._worked(expr)))
            yield Step(tuple(self._used), expr)
        own: list[Equality] = []
        others: dict[Tensor, None] = {}
        known = replace_components(expr, lambda read: self._known(read, own, others))
        rules = [Rule("{}", (equality,)) for equality in own[:1]]
        if others:
            rules.append(insert(*others))
        if rules:
            yield Step(tuple(rules), tidy(known))

    def _named(self, expr: Expr) -> Expr:
        made = expr if self.own is None else self.own.named(expr)
        if self.own is not None and made != expr:
            self._used[definition(self.own.value.tensor)] = None
        return made

    def _known(self, read: Component, own: list[Equality], others: dict[Tensor, None]) -> Expr:
        """``∂u[e]/∂x[s]`` by what it is known to be."""
        of = read.tensor.about[0] if read.tensor.role is Role.JACOBIAN else read.tensor
        if read.tensor != jacobian_of(of, self.by.tensor):
            return read
        value = self.seed(Component(of, read.indices[: of.order]))
        if of == self.by.tensor:
            own.append(Equality(read, value))
        else:
            others[read.tensor] = None
        return value

    def _worked(self, expr: Expr) -> Expr:
        if is_derivative(expr):
            return self._opened(children(expr)[0])
        parts = children(expr)
        return rebuild(expr, tuple(self._worked(part) for part in parts)) if parts else expr

    def _opened(self, expr: Expr) -> Expr:
        """The derivative of an expression by one rule; what is linear in a single thing needs none of its own."""
        match expr:
            case IndexSum() | Add() | Mul() if sum(map(self._varies, children(expr))) == 1:
                self._used.update(dict.fromkeys(self._linear_rules(expr)))
                return apply_rule(expr, self._through)
            case Mul() if any(map(self._is_varying_divisor, expr.factors)):
                self._used[QUOTIENT] = None
                return apply_rule(expr, self._through_divisors)
            case _:
                self._used.update(dict.fromkeys(self._names(expr)))
                return apply_rule(expr, self.standing)

    def _linear_rules(self, expr: Expr) -> tuple[Rule, ...]:
        """The rules for an expression that is linear in one component; none if another rule is needed inside."""
        found: tuple[Rule, ...] = ()
        while not isinstance(expr, Component):
            varying = [part for part in children(expr) if self._varies(part)]
            if not isinstance(expr, IndexSum | Add | Mul) or len(varying) > 1:
                return ()
            (inner,) = varying
            if isinstance(expr, IndexSum):
                alone = isinstance(inner, Component) and not _is_trace(expr)
                found += (SUM if set(expr.indices) <= set(free_indices(inner)) else CONSTANT_FACTOR,) if alone else ()
            else:
                found += (SUM if isinstance(expr, Add) else CONSTANT_FACTOR,)
            expr = inner
        return found

    def _varies(self, part: Expr) -> bool:
        return differentiate(part, self.seed) != ZERO

    def _through(self, part: Expr) -> Expr:
        return self._opened(part) if self._varies(part) and not isinstance(part, Component) else self.standing(part)

    def _is_varying_divisor(self, factor: Expr) -> bool:
        match factor:
            case Pow(exponent=Const(value=n)) if n < 0:
                return self._varies(factor)
            case _:
                return False

    def _through_divisors(self, factor: Expr) -> Expr:
        """``d(1/v) = -dv/v^2``, and for other powers of ``v`` likewise."""
        if not self._is_varying_divisor(factor):
            return self.standing(factor)
        if isinstance(factor, Pow) and factor.exponent != MINUS_ONE:
            self._used[POWER] = None
        return apply_rule(factor, self.standing)

    def _names(self, expr: Expr) -> Iterator[Rule]:
        """The rules that a node is differentiated by."""
        match expr:
            case Add():
                yield SUM
            case Mul():
                yield PRODUCT
            case Pow(base, exponent):
                if self._varies(base):
                    yield POWER
                if self._varies(exponent):
                    yield EXPONENTIAL
            case Call():
                yield CHAIN
            case Where():
                yield BRANCHES
            case IndexReduce(kind):
                yield REDUCTIONS[kind]
            case _:
                yield SUM


def _is_trace(expr: IndexSum) -> bool:
    """Whether each index is summed over because it stands in a component twice: no one-tensor says so."""
    read = expr.body.indices if isinstance(expr.body, Component) else ()
    return all(sum(index in position.indices for position in read) > 1 for index in expr.indices)


def any_derivative(expr: Expr) -> bool:
    """Whether a derivative operator stands somewhere in an expression."""
    return is_derivative(expr) or any(any_derivative(part) for part in children(expr))
