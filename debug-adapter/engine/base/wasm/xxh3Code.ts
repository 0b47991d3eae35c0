import {
  type Code,
  type Local,
  I32,
  I64,
  block,
  br,
  brIf,
  call,
  i32,
  i64,
  label,
  loop,
  sequence,
  set,
} from './code.ts';
import { type Frame, type FunctionHandle, ModuleBuilder } from './moduleBuilder.ts';
import { i32x4, i64x2, V128, v128 } from './simdCode.ts';
import { PRIME1, PRIME2, PRIME3, PRIME4, PRIME5 } from './xxhash64Code.ts';

/**
 * Builds a module that computes the XXH3-64 of long inputs (more than 240 bytes) with SIMD. The exported function is
 * `(address: i32, length: i32, secret: i32) -> i64`, where `secret` is the address of the secret in the same memory.
 * Names and steps follow the xxHash specification, "XXH3 Algorithm Description", "Large inputs".
 */
export function buildXxh3(): { bytes: Uint8Array<ArrayBuffer>; secret: Uint8Array<ArrayBuffer> } {
  const builder = new ModuleBuilder();
  const multiplyAndFold = addMultiplyAndFold(builder);
  builder.add({ parameters: [I32, I32, I32], results: [I64] }, 'hash', (frame) => {
    const [at, length, secret] = frame.parameters;
    const state = makeState(frame);
    const end = frame.local(I32);
    const hash = frame.local(I64);
    return sequence(
      set(end, i32.add(at.get, length.get)),
      ...state.accumulators.map((acc, i) => set(acc, v128.const(INITIAL[2 * i], INITIAL[2 * i + 1]))),
      wholeBlocks(frame, state, { at, length, secret }),
      lastBlock(frame, state, { at, end, secret }),
      set(hash, i64.mul(i64.extendU(length.get), i64.const(PRIME1))),
      merge(state, { hash, secret, multiplyAndFold }),
      avalanche(hash),
      hash.get,
    );
  });
  return { bytes: builder.toBytes(), secret: SECRET };
}

const PRIME32_1 = 0x9e3779b1n;
const PRIME32_2 = 0x85ebca77n;
const PRIME32_3 = 0xc2b2ae3dn;
const PRIME_MX1 = 0x165667919e3779f9n;
const INITIAL = [PRIME32_3, PRIME1, PRIME2, PRIME3, PRIME4, PRIME32_2, PRIME5, PRIME32_1];

/** The default secret from the specification. */
const SECRET = Uint8Array.from(
  (
    'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8' +
    'fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb17' +
    '0ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e'
  ).match(/../g)!,
  (byte) => parseInt(byte, 16),
);

const STRIPE_BYTES = 64;
/** The distance, in the secret, between the keys of consecutive stripes. */
const SECRET_STEP = 8;
const BLOCK_BYTES = 1024;
const SCRAMBLE_SECRET = SECRET.length - STRIPE_BYTES;
const LAST_STRIPE_SECRET = SECRET.length - STRIPE_BYTES - 7;
const MERGE_SECRET = 11;

interface State {
  /** Four local variables, each of which holds two accumulators. */
  accumulators: Local[];
  /**
   * The sums of the input lanes that must still be added to the accumulators. Each sum is added to the other
   * accumulator of its pair.
   */
  sums: Local[];
  scratch: Local[];
}

function makeState(frame: Frame): State {
  const four = () => [0, 1, 2, 3].map(() => frame.local(V128));
  return { accumulators: four(), sums: four(), scratch: four() };
}

function wholeBlocks(
  frame: Frame,
  state: State,
  { at, length, secret }: Record<'at' | 'length' | 'secret', Local>,
): Code {
  const [blocksLeft, keys, keysEnd] = [frame.local(I32), frame.local(I32), frame.local(I32)];
  const [noBlocks, nextBlock, nextStripe] = [label(), label(), label()];
  return block(
    noBlocks,
    // This loop never processes the last block, even a complete one, because that block always contains the last byte
    // of the input.
    set(blocksLeft, i32.shrU(i32.sub(length.get, i32.const(1)), i32.const(Math.log2(BLOCK_BYTES)))),
    set(keysEnd, i32.add(secret.get, i32.const((BLOCK_BYTES / STRIPE_BYTES) * SECRET_STEP))),
    loop(
      nextBlock,
      brIf(noBlocks, i32.eqz(blocksLeft.get)),
      set(keys, secret.get),
      loop(
        nextStripe,
        accumulate(state, at.get, keys.get),
        set(at, i32.add(at.get, i32.const(STRIPE_BYTES))),
        set(keys, i32.add(keys.get, i32.const(SECRET_STEP))),
        brIf(nextStripe, i32.ne(keys.get, keysEnd.get)),
      ),
      addSums(state),
      scramble(state, secret),
      set(blocksLeft, i32.sub(blocksLeft.get, i32.const(1))),
      br(nextBlock),
    ),
  );
}

/**
 * Processes the last block: all whole stripes that do not contain the last byte of the input, and then the last 64
 * bytes of the input, which may overlap those stripes.
 */
function lastBlock(frame: Frame, state: State, { at, end, secret }: Record<'at' | 'end' | 'secret', Local>): Code {
  const keys = frame.local(I32);
  const [done, next] = [label(), label()];
  return sequence(
    set(keys, secret.get),
    block(
      done,
      loop(
        next,
        brIf(done, i32.leU(i32.sub(end.get, at.get), i32.const(STRIPE_BYTES))),
        accumulate(state, at.get, keys.get),
        set(at, i32.add(at.get, i32.const(STRIPE_BYTES))),
        set(keys, i32.add(keys.get, i32.const(SECRET_STEP))),
        br(next),
      ),
    ),
    accumulate(state, i32.sub(end.get, i32.const(STRIPE_BYTES)), i32.add(secret.get, i32.const(LAST_STRIPE_SECRET))),
    addSums(state),
  );
}

/**
 * Adds one stripe to the accumulators. The product of the two halves of a keyed lane is added to that lane's
 * accumulator, and the input lane itself is added to the other accumulator of the pair. The input lanes are collected
 * in `sums` and added only when the accumulators are read. Two vectors are processed at a time, because the vector
 * multiplication needs its operands in adjacent lanes.
 */
function accumulate({ accumulators, sums, scratch }: State, at: Code, keys: Code): Code {
  const pair = (i: number): Code => {
    const [a, b, low, high] = scratch;
    return sequence(
      set(a, v128.load(at, 16 * i)),
      set(b, v128.load(at, 16 * i + 16)),
      set(sums[i], i64x2.add(sums[i].get, a.get)),
      set(sums[i + 1], i64x2.add(sums[i + 1].get, b.get)),
      set(a, v128.xor(a.get, v128.load(keys, 16 * i))),
      set(b, v128.xor(b.get, v128.load(keys, 16 * i + 16))),
      set(low, i32x4.shuffle(a.get, b.get, [0, 2, 4, 6])),
      set(high, i32x4.shuffle(a.get, b.get, [1, 3, 5, 7])),
      set(accumulators[i], i64x2.add(accumulators[i].get, i64x2.extmulLowU(low.get, high.get))),
      set(accumulators[i + 1], i64x2.add(accumulators[i + 1].get, i64x2.extmulHighU(low.get, high.get))),
    );
  };
  return sequence(pair(0), pair(2));
}

function addSums({ accumulators, sums }: State): Code {
  const give = (acc: Local, sum: Local): Code =>
    sequence(set(acc, i64x2.add(acc.get, i32x4.shuffle(sum.get, sum.get, [2, 3, 0, 1]))), set(sum, v128.const(0n, 0n)));
  return sequence(...accumulators.map((acc, i) => give(acc, sums[i])));
}

function scramble({ accumulators }: State, secret: Local): Code {
  const mix = (acc: Local, i: number): Code =>
    sequence(
      set(acc, v128.xor(acc.get, i64x2.shrU(acc.get, 47))),
      set(acc, v128.xor(acc.get, v128.load(secret.get, SCRAMBLE_SECRET + 16 * i))),
      set(acc, i64x2.mul(acc.get, v128.const(PRIME32_1, PRIME32_1))),
    );
  return sequence(...accumulators.map(mix));
}

function merge(
  { accumulators }: State,
  { hash, secret, multiplyAndFold }: { hash: Local; secret: Local; multiplyAndFold: FunctionHandle },
): Code {
  const lane = (acc: Local, i: number, which: 0 | 1): Code =>
    i64.xor(i64x2.extractLane(acc.get, which), i64.load(secret.get, MERGE_SECRET + 16 * i + 8 * which));
  const add = (acc: Local, i: number): Code =>
    set(hash, i64.add(hash.get, call(multiplyAndFold, lane(acc, i, 0), lane(acc, i, 1))));
  return sequence(...accumulators.map(add));
}

/** Adds a function `(a: i64, b: i64) -> i64` that combines the two halves of the 128-bit product by XOR. */
function addMultiplyAndFold(builder: ModuleBuilder): FunctionHandle {
  return builder.add({ parameters: [I64, I64], results: [I64] }, undefined, (frame) => {
    const [a, b] = frame.parameters;
    const [lowLow, highLow, cross] = [frame.local(I64), frame.local(I64), frame.local(I64)];
    const low = (x: Code): Code => i64.and(x, i64.const(0xffff_ffffn));
    const high = (x: Code): Code => i64.shrU(x, i64.const(32));
    const lowHigh = i64.mul(low(a.get), high(b.get));
    const highHigh = i64.mul(high(a.get), high(b.get));
    return sequence(
      set(lowLow, i64.mul(low(a.get), low(b.get))),
      set(highLow, i64.mul(high(a.get), low(b.get))),
      set(cross, i64.add(i64.add(high(lowLow.get), low(highLow.get)), lowHigh)),
      i64.xor(
        i64.add(i64.add(high(highLow.get), high(cross.get)), highHigh),
        i64.or(i64.shl(cross.get, i64.const(32)), low(lowLow.get)),
      ),
    );
  });
}

function avalanche(hash: Local): Code {
  const fold = (shift: number): Code => set(hash, i64.xor(hash.get, i64.shrU(hash.get, i64.const(shift))));
  return sequence(fold(37), set(hash, i64.mul(hash.get, i64.const(PRIME_MX1))), fold(32));
}
