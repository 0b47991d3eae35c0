import { BLOCK_BYTES, BLOCKS_MAX, SHARES_AT } from './blockSharesCode.ts';
import { blockSharesImage } from './blockSharesImage.ts';

export { BLOCK_BYTES, BLOCKS_MAX };

export interface BlockShares {
  /** The buffer for the blocks. */
  readonly bytes: Uint8Array;
  /** The blocks' contributions: the previous ones on input, the current ones on output. */
  readonly shares: BigUint64Array;
  /** Hashes `blocks` blocks starting at block number `first`. Returns the change of the sum of contributions. */
  update(blocks: number, first: number): bigint;
}

/**
 * Computes the contributions of blocks to a disk's digest (driveDigest.ts) in generated WebAssembly: XXH64 of a
 * block, seeded with its number, or 0 for a block of zeroes, so that empty parts of a disk are scanned but not
 * hashed. One call processes a run of blocks in the module's own memory; the disk is read directly into it.
 */
export function blockShares(): BlockShares {
  return (instance ??= makeInstance());
}

let instance: BlockShares | undefined;

const WASM_PAGE_BYTES = 65536;
const MEMORY_PAGES = SHARES_AT / WASM_PAGE_BYTES + 1;

function makeInstance(): BlockShares {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES });
  const module = new WebAssembly.Module(blockSharesImage().bytes);
  const { update } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    update: (blocks: number, first: bigint) => bigint;
  };
  return {
    bytes: new Uint8Array(memory.buffer, 0, SHARES_AT),
    shares: new BigUint64Array(memory.buffer, SHARES_AT, BLOCKS_MAX),
    update: (blocks, first) => update(blocks, BigInt(first)),
  };
}
