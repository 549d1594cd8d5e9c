"""The primitives of `lanes.py` as machine instructions. It needs numba, so only `build` imports it."""

# mypy: ignore-errors
# numba infers the types of these functions when they are first compiled.

import operator

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features as host_features
from numba.core import types
from numba.core.datamodel import models, register_default
from numba.extending import intrinsic, overload

from processing.core.kernels.lanes import LANES

_FLOAT, _INT32 = ir.FloatType(), ir.IntType(32)
_VECTOR, _INDICES = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT32, LANES)


class Lanes(types.Type):
    """The numba type of a vector of LANES float32."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{LANES}")


lanes_type = Lanes()


@register_default(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, front_end_type) -> None:
        super().__init__(manager, front_end_type, _VECTOR)


def _one_kind(*arguments):
    """The result type of an operation on vectors and float32 numbers; None where an argument is neither."""
    if not all(isinstance(argument, Lanes) or argument == types.float32 for argument in arguments):
        return None
    return lanes_type if any(isinstance(argument, Lanes) for argument in arguments) else types.float32


def _spread(builder, value):
    """The vector with a scalar in each lane; a vector is returned unchanged."""
    if isinstance(value.type, ir.VectorType):
        return value
    single = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined), value, _INT32(0)
    )
    return builder.shuffle_vector(single, single, ir.Constant(_INDICES, [_INT32(0)] * LANES))


def _matched(builder, result, values):
    return [_spread(builder, value) for value in values] if isinstance(result, Lanes) else values


def _data(context, builder, array_type, array):
    return context.make_array(array_type)(context, builder, array).data


def _vector_pointer(context, builder, signature, arguments):
    pointer = builder.gep(_data(context, builder, signature.args[0], arguments[0]), [arguments[1]])
    return builder.bitcast(pointer, _VECTOR.as_pointer())


@intrinsic
def load(typing_context, buffer, at):
    def code(context, builder, signature, arguments):
        return builder.load(_vector_pointer(context, builder, signature, arguments), align=4)

    return lanes_type(buffer, types.intp), code


@intrinsic
def store(typing_context, buffer, at, vector):
    def code(context, builder, signature, arguments):
        builder.store(arguments[2], _vector_pointer(context, builder, signature, arguments), align=4)
        return context.get_dummy_value()

    return types.void(buffer, types.intp, lanes_type), code


@intrinsic
def store_whole(typing_context, buffer, at, vector):
    def code(context, builder, signature, arguments):
        pointer = builder.gep(_data(context, builder, signature.args[0], arguments[0]), [arguments[1]])
        whole = builder.fptosi(arguments[2], _INDICES)
        builder.store(whole, builder.bitcast(pointer, _INDICES.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(buffer, types.intp, lanes_type), code


def _cast_pointer(context, builder, array_type, array, at, kind):
    pointer = builder.gep(_data(context, builder, array_type, array), [at])
    return builder.bitcast(pointer, ir.VectorType(kind, LANES).as_pointer())


@intrinsic
def load_whole(typing_context, buffer, at):
    def code(context, builder, signature, arguments):
        place = _cast_pointer(context, builder, signature.args[0], *arguments, _INT32)
        return builder.sitofp(builder.load(place, align=4), _VECTOR)

    return lanes_type(buffer, types.intp), code


@intrinsic
def add_up(typing_context, buffer, at, vector):
    def code(context, builder, signature, arguments):
        buffer, at, vector = arguments
        place = _cast_pointer(context, builder, signature.args[0], buffer, at, ir.DoubleType())
        wide = builder.fpext(vector, place.type.pointee)
        builder.store(builder.fadd(builder.load(place, align=8), wide), place, align=8)
        return context.get_dummy_value()

    return types.void(buffer, types.intp, lanes_type), code


@intrinsic
def mark_over(typing_context, over, alive, vector):
    def code(context, builder, signature, arguments):
        over, alive = (
            _cast_pointer(context, builder, kind, array, ir.IntType(64)(0), ir.IntType(8))
            for kind, array in zip(signature.args, arguments[:2], strict=False)
        )
        is_running = builder.load(alive, align=1)
        above = builder.fcmp_ordered(">", arguments[2], ir.Constant(_VECTOR, [_FLOAT(0)] * LANES))
        ended = builder.and_(
            above, builder.icmp_unsigned("!=", is_running, ir.Constant(is_running.type, [0] * LANES))
        )
        builder.store(builder.zext(ended, is_running.type), over, align=1)
        bits = builder.bitcast(ended, ir.IntType(LANES))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return types.int64(over, alive, lanes_type), code


@intrinsic
def fill(typing_context, value):
    def code(context, builder, signature, arguments):
        return _spread(builder, arguments[0])

    return lanes_type(types.float32), code


@intrinsic
def get(typing_context, array, i):
    def code(context, builder, signature, arguments):
        array_type, (array, i) = signature.args[0], arguments
        pointer = builder.gep(_data(context, builder, array_type, array), [i])
        return context.unpack_value(builder, array_type.dtype, pointer)

    return array.dtype(array, types.int64), code


@intrinsic
def put(typing_context, array, i, value):
    def code(context, builder, signature, arguments):
        array_type, (array, i, value) = signature.args[0], arguments
        pointer = builder.gep(_data(context, builder, array_type, array), [i])
        context.pack_value(builder, array_type.dtype, value, pointer)
        return context.get_dummy_value()

    return types.void(array, types.int64, array.dtype), code


@intrinsic
def gather(typing_context, buffer, places, at):
    def code(context, builder, signature, arguments):
        kinds, (buffer, places, at) = signature.args, arguments
        buffer = _data(context, builder, kinds[0], buffer)
        places = builder.gep(_data(context, builder, kinds[1], places), [at])
        if HAS_WIDE_GATHER:
            return _gathered(
                builder, buffer, builder.load(builder.bitcast(places, _INDICES.as_pointer()), align=4)
            )
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(LANES):
            place = builder.sext(builder.load(builder.gep(places, [_INT32(lane)])), at.type)
            vector = builder.insert_element(vector, builder.load(builder.gep(buffer, [place])), _INT32(lane))
        return vector

    return lanes_type(buffer, places, types.int64), code


#: AVX-512 gathers a whole vector with one instruction.
HAS_WIDE_GATHER = bool(host_features().get("avx512f"))


def _gathered(builder, buffer, places):
    name, pointer, mask = "llvm.x86.avx512.mask.gather.dps.512", ir.IntType(8).as_pointer(), ir.VectorType(
        ir.IntType(1), LANES
    )
    kind = ir.FunctionType(_VECTOR, [_VECTOR, pointer, _INDICES, mask, _INT32])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    everywhere = ir.Constant(mask, [ir.IntType(1)(1)] * LANES)
    nothing = ir.Constant(_VECTOR, [_FLOAT(0)] * LANES)
    return builder.call(function, [nothing, builder.bitcast(buffer, pointer), places, everywhere, _INT32(4)])


@intrinsic
def fill_rows(typing_context, x, target, table, width, rows, at):
    def code(context, builder, signature, arguments):
        kinds, (x, target, table, width, rows, at) = signature.args, arguments
        x = builder.gep(_data(context, builder, kinds[0], x), [target])
        table = _data(context, builder, kinds[2], table)
        rows = builder.gep(_data(context, builder, kinds[4], rows), [at])
        starts = [_row_start(builder, table, rows, lane, width) for lane in range(LANES)]
        for step in (4, 1):
            last = builder.and_(width, width.type(-step))
            first = builder.and_(width, width.type(-4)) if step == 1 else width.type(0)
            before, loop = builder.block, builder.append_basic_block("columns")
            end = builder.append_basic_block("end")
            builder.cbranch(builder.icmp_signed("<", first, last), loop, end)
            builder.position_at_end(loop)
            i = _phi(builder, (first, before))
            place = builder.gep(x, [builder.mul(i, width.type(LANES))])
            for number, vector in enumerate(_columns(builder, starts, i, step)):
                _store_at(builder, vector, place, number)
            following = builder.add(i, width.type(step))
            i.add_incoming(following, loop)
            builder.cbranch(builder.icmp_signed("<", following, last), loop, end)
            builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(x, types.int64, table, types.int64, rows, types.int64), code


def _row_start(builder, table, rows, lane, width):
    number = builder.load(builder.gep(rows, [_INT32(lane)]))
    return builder.gep(table, [builder.mul(builder.sext(number, width.type), width)])


def _columns(builder, starts, i, count):
    """Numbers i..i + count - 1 of all rows, as `count` vectors; four at a time by register shuffles."""
    places = [builder.gep(start, [i]) for start in starts]
    if count == 1:
        vector = ir.Constant(_VECTOR, ir.Undefined)
        for lane, place in enumerate(places):
            vector = builder.insert_element(vector, builder.load(place), _INT32(lane))
        return [vector]
    four = ir.VectorType(_FLOAT, 4)
    quarters = [builder.load(builder.bitcast(place, four.as_pointer()), align=4) for place in places]
    # a, b, c, d hold rows 0 4 8 12, rows 1 5 9 13, ...; in each quarter of a register a 4 x 4 block is
    # transposed.
    a, b, c, d = (_joined(builder, quarters[first::4]) for first in range(4))
    low_ab, high_ab = _exchange(builder, a, b, (0, 16, 1, 17)), _exchange(builder, a, b, (2, 18, 3, 19))
    low_cd, high_cd = _exchange(builder, c, d, (0, 16, 1, 17)), _exchange(builder, c, d, (2, 18, 3, 19))
    return [
        _exchange(builder, low_ab, low_cd, (0, 1, 16, 17)),
        _exchange(builder, low_ab, low_cd, (2, 3, 18, 19)),
        _exchange(builder, high_ab, high_cd, (0, 1, 16, 17)),
        _exchange(builder, high_ab, high_cd, (2, 3, 18, 19)),
    ]


def _joined(builder, parts):
    """The concatenation of vectors of equal length, joined pairwise."""
    while len(parts) > 1:
        size = 2 * parts[0].type.count
        order = ir.Constant(ir.VectorType(_INT32, size), [_INT32(number) for number in range(size)])
        parts = [builder.shuffle_vector(parts[k], parts[k + 1], order) for k in range(0, len(parts), 2)]
    return parts[0]


def _exchange(builder, a, b, pattern):
    """Apply the same choice of 4 of 8 numbers to every quarter of two vectors."""
    order = [_INT32(number + 4 * quarter) for quarter in range(LANES // 4) for number in pattern]
    return builder.shuffle_vector(a, b, ir.Constant(_INDICES, order))


@intrinsic
def where_greater(typing_context, a, b, yes, no):
    kind = _one_kind(a, b, yes, no)

    def code(context, builder, signature, arguments):
        a, b, yes, no = _matched(builder, signature.return_type, arguments)
        return builder.select(builder.fcmp_ordered(">", a, b), yes, no)

    return kind(a, b, yes, no), code


@intrinsic
def where_bit(typing_context, bits, yes, no):
    def code(context, builder, signature, arguments):
        bits, yes, no = arguments
        chosen = builder.bitcast(builder.trunc(bits, ir.IntType(LANES)), ir.VectorType(ir.IntType(1), LANES))
        return builder.select(chosen, yes, no)

    return lanes_type(types.int64, lanes_type, lanes_type), code


@intrinsic
def madd(typing_context, a, b, c):
    kind = _one_kind(a, b, c)

    def code(context, builder, signature, arguments):
        return _fused(builder, *_matched(builder, signature.return_type, arguments))

    return kind(a, b, c), code


#: AVX-512 has 32 registers of one vector each; elsewhere a vector takes several of 16 or 32.
WIDEST_TILE = 10 if host_features().get("avx512f") else 5


@intrinsic
def widest_tile(typing_context):
    def code(context, builder, signature, arguments):
        return ir.IntType(64)(WIDEST_TILE)

    return types.int64(), code


@intrinsic
def fill_sums(typing_context, y, target, x, source, inputs, weights, at, stride, biases, units):
    whole = types.int64
    signature = types.void(y, whole, x, whole, whole, weights, whole, whole, whole, whole)

    def code(context, builder, signature, arguments):
        kinds, (y, target, x, source, inputs, weights, at, stride, biases, units) = signature.args, arguments
        y = builder.gep(_data(context, builder, kinds[0], y), [target])
        x = builder.gep(_data(context, builder, kinds[2], x), [source])
        weights = _data(context, builder, kinds[5], weights)
        done = builder.append_basic_block("done")
        choice = builder.switch(units, done)
        for number in range(1, WIDEST_TILE + 1):
            tile = builder.append_basic_block(f"tile{number}")
            choice.add_case(ir.IntType(64)(number), tile)
            builder.position_at_end(tile)
            sums = _tile(builder, number, x, inputs, weights, at, stride, biases)
            for unit, total in enumerate(sums):
                _store_at(builder, total, y, unit)
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, code


def _tile(builder, number, x, inputs, weights, at, stride, biases):
    """Emit the loop over the inputs for `number` units; return the sums, with the builder at its exit."""
    start, loop, end = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("end")
    with_bias, ready = builder.append_basic_block("bias"), builder.append_basic_block("ready")
    zero = ir.Constant(_VECTOR, [_FLOAT(0)] * LANES)
    builder.cbranch(builder.icmp_signed("<", biases, biases.type(0)), ready, with_bias)
    builder.position_at_end(with_bias)
    place = builder.gep(weights, [biases])
    loaded = [_load_at(builder, place, unit) for unit in range(number)]
    builder.branch(ready)
    builder.position_at_end(ready)
    first = [_phi(builder, (zero, start), (bias, with_bias)) for bias in loaded]
    builder.branch(loop)
    builder.position_at_end(loop)
    i, row = _phi(builder, (inputs.type(0), ready)), _phi(builder, (at, ready))
    sums = [_phi(builder, (value, ready)) for value in first]
    value = _load_at(builder, x, builder.mul(i, inputs.type(LANES)), scale=1)
    place = builder.gep(weights, [row])
    totals = [_fused(builder, value, _load_at(builder, place, unit), sums[unit]) for unit in range(number)]
    following = builder.add(i, inputs.type(1))
    i.add_incoming(following, loop)
    row.add_incoming(builder.add(row, stride), loop)
    for total, one in zip(totals, sums, strict=True):
        one.add_incoming(total, loop)
    builder.cbranch(builder.icmp_signed("<", following, inputs), loop, end)
    builder.position_at_end(end)
    return totals


def _phi(builder, *incoming):
    phi = builder.phi(incoming[0][0].type)
    for value, block in incoming:
        phi.add_incoming(value, block)
    return phi


def _load_at(builder, pointer, number, *, scale=LANES):
    offset = number if isinstance(number, ir.Value) else ir.IntType(64)(number * scale)
    return builder.load(builder.bitcast(builder.gep(pointer, [offset]), _VECTOR.as_pointer()), align=4)


def _store_at(builder, vector, pointer, number):
    place = builder.gep(pointer, [ir.IntType(64)(number * LANES)])
    builder.store(vector, builder.bitcast(place, _VECTOR.as_pointer()), align=4)


def _fused(builder, a, b, c):
    name = f"llvm.fma.v{LANES}f32" if isinstance(a.type, ir.VectorType) else "llvm.fma.f32"
    kind = ir.FunctionType(a.type, [a.type] * 3)
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, [a, b, c])


@intrinsic
def two_to(typing_context, n):
    kind = _one_kind(n)

    def code(context, builder, signature, arguments):
        (n,) = arguments
        vector = isinstance(n.type, ir.VectorType)
        whole = _INDICES if vector else _INT32
        constant = (lambda number: ir.Constant(whole, [_INT32(number)] * LANES)) if vector else _INT32
        exponent = builder.shl(builder.add(builder.fptosi(n, whole), constant(127)), constant(23))
        return builder.bitcast(exponent, n.type)

    return kind(n), code


@intrinsic
def take_ticket(typing_context, counter):
    def code(context, builder, signature, arguments):
        pointer = _data(context, builder, signature.args[0], arguments[0])
        return builder.atomic_rmw("add", pointer, ir.IntType(64)(1), "monotonic")

    return types.int64(counter), code


def _arithmetic(symbol, instruction):
    @intrinsic
    def operation(typing_context, a, b):
        kind = _one_kind(a, b)

        def code(context, builder, signature, arguments):
            left, right = _matched(builder, signature.return_type, arguments)
            return getattr(builder, instruction)(left, right)

        return kind(a, b), code

    @overload(symbol, inline="always")
    def chosen(a, b):
        if isinstance(_one_kind(a, b), Lanes):
            return lambda a, b: operation(a, b)
        return None


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


@intrinsic
def _negated(typing_context, a):
    def code(context, builder, signature, arguments):
        return builder.fneg(arguments[0])

    return lanes_type(lanes_type), code


@overload(operator.neg, inline="always")
def _negative(a):
    if isinstance(a, Lanes):
        return lambda a: _negated(a)
    return None
