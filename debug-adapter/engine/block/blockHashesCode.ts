import { brIf, call, choose, I32, I64, i32, i64, label, loop, sequence, set } from '../base/wasm/code.ts';
import { ModuleBuilder } from '../base/wasm/moduleBuilder.ts';
import { addXxh64 } from '../base/wasm/xxhash64Code.ts';
import { addIsZeroBlock } from '../base/wasm/zeroBlock.ts';

export const BLOCK_BYTES = 4096;
/** The maximum number of blocks per call: 1 MiB of data. */
export const BLOCKS_MAX = 256;
/** The module's memory starts with the blocks. They are followed by the contributions, one for each block. */
export const HASHES_OFFSET = BLOCKS_MAX * BLOCK_BYTES;

/** Builds the WebAssembly module that blockHashes.ts instantiates. */
export function buildBlockHashes(): { bytes: Uint8Array<ArrayBuffer> } {
  const builder = new ModuleBuilder();
  addUpdate(builder);
  return { bytes: builder.toBytes() };
}

/** Adds the function `(blocks: i32, first: i64) -> i64` that updates the contributions of blocks. */
function addUpdate(builder: ModuleBuilder): void {
  const xxh64 = addXxh64(builder);
  const isZeroBlock = addIsZeroBlock(builder, BLOCK_BYTES);
  builder.add({ parameters: [I32, I64], results: [I64] }, 'update', (frame) => {
    const [blocks, number] = frame.parameters;
    const at = frame.local(I32);
    const hashAddress = frame.local(I32);
    const hash = frame.local(I64);
    const sum = frame.local(I64);
    const next = label();
    const newHash = choose(
      I64,
      call(isZeroBlock, at.get),
      i64.const(0),
      call(xxh64, at.get, i32.const(BLOCK_BYTES), number.get),
    );
    return sequence(
      set(hashAddress, i32.const(HASHES_OFFSET)),
      loop(
        next,
        set(hash, newHash),
        set(sum, i64.add(sum.get, i64.sub(hash.get, i64.load(hashAddress.get)))),
        i64.store(hashAddress.get, hash.get),
        set(at, i32.add(at.get, i32.const(BLOCK_BYTES))),
        set(hashAddress, i32.add(hashAddress.get, i32.const(8))),
        set(number, i64.add(number.get, i64.const(1))),
        set(blocks, i32.sub(blocks.get, i32.const(1))),
        brIf(next, blocks.get),
      ),
      sum.get,
    );
  });
}
