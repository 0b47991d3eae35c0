import { brIf, call, choose, I32, I64, i32, i64, label, loop, sequence, set } from '../base/wasm/code.ts';
import { ModuleBuilder } from '../base/wasm/moduleBuilder.ts';
import { addIsZeroBlock } from '../base/wasm/zeroBlock.ts';
import { addXxh64 } from '../base/xxhash64.ts';

/**
 * What blocks of a disk add to its digest (driveDigest.ts), as generated WebAssembly: XXH64 of the block with its number
 * as seed, or 0 for a block of zeroes, so that the empty parts of a disk cost a look and no hashing. One call does a run
 * of blocks in the module's own memory, into which the disk is read directly.
 */
export const BLOCK_BYTES = 4096;
/** The most in one call: 1 MiB. */
export const BLOCKS_MAX = 256;

export interface BlockShares {
  /** Takes the blocks. */
  readonly bytes: Uint8Array;
  /** Their shares: those from before go in, those of now come out. */
  readonly shares: BigUint64Array;
  /** Of the first `blocks` blocks, the first of them with number `first`. Returns by how much the sum of shares grew. */
  update(blocks: number, first: number): bigint;
}

export function blockShares(): BlockShares {
  return (instance ??= makeInstance());
}

let instance: BlockShares | undefined;

const SHARES_AT = BLOCKS_MAX * BLOCK_BYTES;
const WASM_PAGE_BYTES = 65536;
const MEMORY_PAGES = SHARES_AT / WASM_PAGE_BYTES + 1;

function makeInstance(): BlockShares {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES });
  const builder = new ModuleBuilder();
  addUpdate(builder);
  const module = new WebAssembly.Module(builder.toBytes());
  const { update } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    update: (blocks: number, first: bigint) => bigint;
  };
  return {
    bytes: new Uint8Array(memory.buffer, 0, SHARES_AT),
    shares: new BigUint64Array(memory.buffer, SHARES_AT, BLOCKS_MAX),
    update: (blocks, first) => update(blocks, BigInt(first)),
  };
}

/** `(blocks: i32, first: i64) -> i64`. */
function addUpdate(builder: ModuleBuilder): void {
  const xxh64 = addXxh64(builder);
  const isZeroBlock = addIsZeroBlock(builder, BLOCK_BYTES);
  builder.add({ parameters: [I32, I64], results: [I64] }, 'update', (frame) => {
    const [blocks, number] = frame.parameters;
    const at = frame.local(I32);
    const shareAt = frame.local(I32);
    const share = frame.local(I64);
    const sum = frame.local(I64);
    const next = label();
    const shareNow = choose(
      I64,
      call(isZeroBlock, at.get),
      i64.const(0),
      call(xxh64, at.get, i32.const(BLOCK_BYTES), number.get),
    );
    return sequence(
      set(shareAt, i32.const(SHARES_AT)),
      loop(
        next,
        set(share, shareNow),
        set(sum, i64.add(sum.get, i64.sub(share.get, i64.load(shareAt.get)))),
        i64.store(shareAt.get, share.get),
        set(at, i32.add(at.get, i32.const(BLOCK_BYTES))),
        set(shareAt, i32.add(shareAt.get, i32.const(8))),
        set(number, i64.add(number.get, i64.const(1))),
        set(blocks, i32.sub(blocks.get, i32.const(1))),
        brIf(next, blocks.get),
      ),
      sum.get,
    );
  });
}
