import { type Code, type Local, I32, block, br, brIf, i32, label, loop, sequence, set } from './code.ts';
import type { FunctionHandle, ModuleBuilder } from './moduleBuilder.ts';
import { v128 } from './simdCode.ts';

/**
 * Adds a function `(address: i32) -> i32` to a module. The function returns whether the `lengthBytes` bytes at the
 * address are all zero; `lengthBytes` must be a multiple of 128.
 */
export function addIsZeroBlock(builder: ModuleBuilder, lengthBytes: number): FunctionHandle {
  return builder.add({ parameters: [I32], results: [I32] }, undefined, (frame) => {
    const [at] = frame.parameters;
    const end = frame.local(I32);
    const next = label();
    const done = label();
    return sequence(
      set(end, i32.add(at.get, i32.const(lengthBytes))),
      block(
        done,
        loop(
          next,
          brIf(done, v128.anyTrue(eightVectors(at))),
          set(at, i32.add(at.get, i32.const(VECTORS * VECTOR_BYTES))),
          brIf(done, i32.eq(at.get, end.get)),
          br(next),
        ),
      ),
      i32.eq(at.get, end.get),
    );
  });
}

/**
 * With eight vectors per iteration, the loop body is short: about 30 machine instructions, even if the WebAssembly
 * engine does not optimize it.
 */
const VECTORS = 8;
const VECTOR_BYTES = 16;

const eightVectors = (at: Local): Code =>
  Array.from({ length: VECTORS }, (_, i) => v128.load(at.get, i * VECTOR_BYTES)).reduce((all, one) =>
    v128.or(all, one),
  );
