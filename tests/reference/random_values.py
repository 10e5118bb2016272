"""Golden values of `fitwell::random`, from an implementation of its own in plain Python.

Prints what `src/random/tests.rs` holds as literals: the first values and an FNV-1a hash of the first 1,000 values of
every sampler but the normal one (a ziggurat, whose tables are the `rand_distr` crate's).

    python tests/reference/random_values.py
"""

import math
import struct

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1


def rotate(x, n):
    return ((x << n) | (x >> (32 - n))) & MASK32


def chacha8_block(key, counter, stream):
    """Bernstein's ChaCha with 8 rounds, 64-bit counter and 64-bit stream number."""
    start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
    start += [counter & MASK32, counter >> 32, stream & MASK32, stream >> 32]
    w = start[:]

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            w[x] = (w[x] + w[y]) & MASK32
            w[z] = rotate(w[z] ^ w[x], n)

    for _ in range(4):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & MASK32 for a, b in zip(w, start)))


def expand_seed(seed):
    """`SeedableRng::seed_from_u64` of rand_core: eight outputs of PCG-XSH-RR 64/32."""
    key = b""
    for _ in range(8):
        seed = (seed * 6364136223846793005 + 11634580027462260723) & MASK64
        shifted = (((seed >> 18) ^ seed) >> 27) & MASK32
        turn = seed >> 59
        key += struct.pack("<I", (shifted >> turn | shifted << (32 - turn)) & MASK32)
    return key


class Generator:
    def __init__(self, key, stream=0):
        self.key, self.stream, self.counter, self.buffer = key, stream, 0, b""

    def u64(self):
        if not self.buffer:
            self.buffer = chacha8_block(self.key, self.counter, self.stream)
            self.counter += 1
        value, self.buffer = struct.unpack("<Q", self.buffer[:8])[0], self.buffer[8:]
        return value

    def uniform(self):
        return (self.u64() >> 11) * 2.0**-53

    def below(self, n):
        product = self.u64() * n
        while (product & MASK64) < (1 << 64) % n:
            product = self.u64() * n
        return product >> 64

    def permutation(self, n):
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            j = self.below(last + 1)
            order[last], order[j] = order[j], order[last]
        return order

    def sample(self, n, k):
        places = {}
        chosen = []
        for i in range(k):
            j = i + self.below(n - i)
            chosen.append(places.get(j, j))
            places[j] = places.get(i, i)
        return chosen

    def poisson(self, mean):
        count = 0
        while mean > 0:
            limit = math.exp(-min(mean, 16.0))
            mean -= 16.0
            product = self.uniform()
            while product > limit:
                count += 1
                product *= self.uniform()
        return count

    def weighted(self, weights):
        mark = self.uniform() * sum(weights)
        total = 0.0
        for i, weight in enumerate(weights):
            total += weight
            if mark < total:
                return i


def generator(seed):
    return Generator(expand_seed(seed))


def stream(seed, index):
    return Generator(bytes(b ^ 0x5A for b in expand_seed(seed)), index)


def fnv(values):
    hashed = 0xCBF29CE484222325
    for value in values:
        for byte in struct.pack("<Q", value):
            hashed = ((hashed ^ byte) * 0x100000001B3) & MASK64
    return f"0x{hashed:016x}"


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def show(name, values, form=str):
    print(f"{name}: {', '.join(form(v) for v in values[:4])}  hash {fnv(values)}")


if __name__ == "__main__":
    zero = "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
    assert chacha8_block(bytes(32), 0, 0).hex().startswith(zero), "published test vector"
    g = generator(42)
    show("generator(42)", [g.u64() for _ in range(1000)], hex)
    for index in (0, 1, MASK64):
        g = stream(42, index)
        show(f"stream(42, {index})", [g.u64() for _ in range(1000)], hex)
    g = generator(42)
    show("uniform", [bits(g.uniform()) for _ in range(1000)], lambda b: repr(struct.unpack("<d", struct.pack("<Q", b))[0]))
    g = generator(42)
    show("below(10)", [g.below(10) for _ in range(1000)])
    g = generator(42)
    show("below(3 << 62)", [g.below(3 << 62) for _ in range(1000)])
    show("permutation(1000)", generator(42).permutation(1000))
    show("sample(1_000_000, 1000)", generator(42).sample(1_000_000, 1000))
    show("sample(1500, 1000)", generator(42).sample(1500, 1000))
    g = generator(42)
    show("weighted", [g.weighted([1.0, 0.0, 2.5, 0.25]) for _ in range(1000)])
    g = generator(42)
    show("poisson(40.5)", [g.poisson(40.5) for _ in range(1000)])
