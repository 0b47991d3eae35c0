import { BLOCK_BYTES, BLOCKS_MAX, HASHES_OFFSET } from './blockHashesCode.ts';
import { blockHashesImage } from './blockHashesImage.ts';

export { BLOCK_BYTES, BLOCKS_MAX };

export interface BlockHashes {
  /** The buffer for the blocks. */
  readonly bytes: Uint8Array;
  /** The blocks' contributions: the previous ones on input, the current ones on output. */
  readonly hashes: BigUint64Array;
  /** Hashes `blocks` blocks starting at block number `first`. Returns the change of the sum of contributions. */
  update(blocks: number, firstBlock: number): bigint;
}

/**
 * Computes the contributions of blocks to a disk's digest (driveDigest.ts) in generated WebAssembly: XXH64 of a
 * block, seeded with its number, or 0 for a block of zeroes, so that empty parts of a disk are scanned but not
 * hashed. One call processes a run of blocks in the module's own memory; the disk is read directly into it.
 */
export function blockHashes(): BlockHashes {
  return (instance ??= makeInstance());
}

let instance: BlockHashes | undefined;

const WASM_PAGE_BYTES = 65536;
const MEMORY_PAGES = HASHES_OFFSET / WASM_PAGE_BYTES + 1;

function makeInstance(): BlockHashes {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES });
  const module = new WebAssembly.Module(blockHashesImage().bytes);
  const { update } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    update: (blocks: number, firstBlock: bigint) => bigint;
  };
  return {
    bytes: new Uint8Array(memory.buffer, 0, HASHES_OFFSET),
    hashes: new BigUint64Array(memory.buffer, HASHES_OFFSET, BLOCKS_MAX),
    update: (blocks, firstBlock) => update(blocks, BigInt(firstBlock)),
  };
}
