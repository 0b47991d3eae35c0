import { I32, I64, br, call, choose, i32, i64, label, loop, sequence, set, when } from '../../base/wasm/code.ts';
import { addIsZeroBlock } from '../../base/wasm/zeroBlock.ts';
import { addXxh64 } from '../../base/wasm/xxhash64Code.ts';
import { type Core, slot32 } from './coreContext.ts';
import { PAGE_DIRTY_DIGEST, PAGE_DIRTY_TLB, PAGE_FLAGS, PAGE_HASHES, RAM } from './layout.ts';

/**
 * Defines the digest of all RAM. Only the pages written since the previous digest are hashed. Each page contributes
 * the XXH64 hash of its bytes, with the page number as the seed. An all-zero page contributes 0, so that untouched RAM
 * does not have to be hashed and the digest depends only on the contents. The contributions are summed modulo 2^64.
 */
export function defineRamDigest(core: Core): void {
  const { builder, functions } = core;
  const xxh64 = addXxh64(builder);
  const isZeroPage = addIsZeroBlock(builder, 4096);
  builder.define(functions.digestRam, (frame) => {
    const page = frame.local(I32);
    const at = frame.local(I32);
    const hash = frame.local(I64);
    const sum = frame.local(I64);
    const next = label();
    const ramPages = i32.shrU(slot32('RAM_BYTES'), i32.const(12));
    const flags = i32.load8u(page.get, PAGE_FLAGS);
    const hashAt = i32.shl(page.get, i32.const(3));
    return sequence(
      loop(
        next,
        set(page, call(functions.nextFlagged, page.get, i32.const(PAGE_DIRTY_DIGEST))),
        when(
          i32.ltU(page.get, ramPages),
          set(at, i32.add(i32.shl(page.get, i32.const(12)), i32.const(RAM))),
          set(
            hash,
            choose(
              I64,
              call(isZeroPage, at.get),
              i64.const(0),
              call(xxh64, at.get, i32.const(4096), i64.extendU(page.get)),
            ),
          ),
          set(sum, i64.add(sum.get, i64.sub(hash.get, i64.load(hashAt, PAGE_HASHES)))),
          i64.store(hashAt, hash.get, PAGE_HASHES),
          // The page must be removed from the write TLB, so that the next write marks it dirty again; the caller
          // flushes the TLB.
          i32.store8(page.get, i32.and(flags, i32.const(~(PAGE_DIRTY_DIGEST | PAGE_DIRTY_TLB))), PAGE_FLAGS),
          set(page, i32.add(page.get, i32.const(1))),
          br(next),
        ),
      ),
      sum.get,
    );
  });
}
