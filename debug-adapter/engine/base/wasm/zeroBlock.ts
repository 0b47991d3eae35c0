import { type Code, type Local, I32, block, br, brIf, i32, i64, label, loop, sequence, set } from './code.ts';
import type { FunctionHandle, ModuleBuilder } from './moduleBuilder.ts';

/** Adds `(address: i32) -> i32` to a module: whether so many bytes there, a multiple of 32, are all zeroes. */
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
          brIf(done, i64.ne(fourWords(at), i64.const(0))),
          set(at, i32.add(at.get, i32.const(32))),
          brIf(done, i32.eq(at.get, end.get)),
          br(next),
        ),
      ),
      i32.eq(at.get, end.get),
    );
  });
}

const fourWords = (at: Local): Code =>
  [0, 8, 16, 24].map((offset) => i64.load(at.get, offset)).reduce((all, word) => i64.or(all, word));
