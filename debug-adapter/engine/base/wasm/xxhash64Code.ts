import { I32, I64, type Code, type Local, block, br, brIf, i32, i64, label, loop, sequence, set } from './code.ts';
import { type Frame, type FunctionHandle, ModuleBuilder } from './moduleBuilder.ts';

/**
 * Builds a separate WebAssembly module that computes XXH64. `addXxh64` adds the function to an existing module
 * instead.
 */
export function buildXxhash64(): { bytes: Uint8Array<ArrayBuffer> } {
  const builder = new ModuleBuilder();
  addXxh64(builder, 'hash');
  return { bytes: builder.toBytes() };
}

// The five primes of XXH64 (xxHash specification, "XXH64 Algorithm Description"). XXH3 also uses them.
export const PRIME1 = 0x9e3779b185ebca87n;
export const PRIME2 = 0xc2b2ae3d27d4eb4fn;
export const PRIME3 = 0x165667b19e3779f9n;
export const PRIME4 = 0x85ebca77c2b2ae63n;
export const PRIME5 = 0x27d4eb2f165667c5n;

/**
 * Adds a function `(address: i32, length: i32, seed: i64) -> i64` to a module. It computes the XXH64 of bytes in that
 * module's memory.
 */
export function addXxh64(builder: ModuleBuilder, exportName?: string): FunctionHandle {
  return builder.add({ parameters: [I32, I32, I64], results: [I64] }, exportName, (frame) => {
    const [at, length, seed] = frame.parameters;
    const end = frame.local(I32);
    const acc = frame.local(I64);
    return sequence(
      set(end, i32.add(at.get, length.get)),
      set(acc, i64.add(seed.get, i64.const(PRIME5))),
      stripes(frame, { at, end, length, seed, acc }),
      set(acc, i64.add(acc.get, i64.extendU(length.get))),
      tail({ at, end, acc }),
      avalanche(acc),
      acc.get,
    );
  });
}

const round = (acc: Code, lane: Code): Code =>
  i64.mul(i64.rotl(i64.add(acc, i64.mul(lane, i64.const(PRIME2))), i64.const(31)), i64.const(PRIME1));

/** Steps 1 to 3: processes stripes of four 8-byte lanes as long as at least 32 bytes are left. */
function stripes(frame: Frame, v: { at: Local; end: Local; length: Local; seed: Local; acc: Local }): Code {
  const lanes = [0, 1, 2, 3].map(() => frame.local(I64));
  const short = label();
  const next = label();
  const starts = [PRIME1 + PRIME2, PRIME2, 0n, -PRIME1];
  const rotations = [1, 7, 12, 18];
  const merged = lanes
    .map((lane, i) => i64.rotl(lane.get, i64.const(rotations[i])))
    .reduce((sum, rotated) => i64.add(sum, rotated));
  const merge = (lane: Local): Code =>
    set(
      v.acc,
      i64.add(i64.mul(i64.xor(v.acc.get, round(i64.const(0), lane.get)), i64.const(PRIME1)), i64.const(PRIME4)),
    );
  return block(
    short,
    brIf(short, i32.ltU(v.length.get, i32.const(32))),
    ...lanes.map((lane, i) => set(lane, i64.add(v.seed.get, i64.const(starts[i])))),
    loop(
      next,
      ...lanes.map((lane, i) => set(lane, round(lane.get, i64.load(v.at.get, 8 * i)))),
      set(v.at, i32.add(v.at.get, i32.const(32))),
      brIf(next, i32.geU(i32.sub(v.end.get, v.at.get), i32.const(32))),
    ),
    set(v.acc, merged),
    ...lanes.map(merge),
  );
}

/** Step 5: processes the remaining bytes in units of eight, four and one. */
function tail({ at, end, acc }: { at: Local; end: Local; acc: Local }): Code {
  const left = i32.sub(end.get, at.get);
  const mix = (value: Code, rotation: number, factor: bigint, addend: bigint): Code =>
    set(
      acc,
      i64.add(i64.mul(i64.rotl(i64.xor(acc.get, value), i64.const(rotation)), i64.const(factor)), i64.const(addend)),
    );
  const whileLeft = (size: number, body: Code): Code => {
    const done = label();
    const again = label();
    return block(
      done,
      loop(
        again,
        brIf(done, i32.ltU(left, i32.const(size))),
        body,
        set(at, i32.add(at.get, i32.const(size))),
        br(again),
      ),
    );
  };
  return sequence(
    whileLeft(8, mix(round(i64.const(0), i64.load(at.get)), 27, PRIME1, PRIME4)),
    whileLeft(4, mix(i64.mul(i64.load32u(at.get), i64.const(PRIME1)), 23, PRIME2, PRIME3)),
    whileLeft(1, mix(i64.mul(i64.load8u(at.get), i64.const(PRIME5)), 11, PRIME1, 0n)),
  );
}

/** Step 6: the final mix of the bits. */
function avalanche(acc: Local): Code {
  const fold = (shift: number): Code => set(acc, i64.xor(acc.get, i64.shrU(acc.get, i64.const(shift))));
  const factor = (prime: bigint): Code => set(acc, i64.mul(acc.get, i64.const(prime)));
  return sequence(fold(33), factor(PRIME2), fold(29), factor(PRIME3), fold(32));
}
