import { BLOCK_BYTES, BLOCKS_MAX, HASHES_OFFSET } from './blockHashesCode.ts';
import { blockHashesImage } from './blockHashesImage.ts';

export { BLOCK_BYTES, BLOCKS_MAX };

export interface BlockHashes {
  /** The buffer that contains the blocks to hash. */
  readonly bytes: Uint8Array;
  /**
   * The blocks' contributions to the digest. The caller stores the previous contributions here, and `update` replaces
   * them with the new ones.
   */
  readonly hashes: BigUint64Array;
  /**
   * Hashes the first `blocks` blocks of the buffer. The first of them is block number `firstBlock` on the disk. Returns
   * the change in the sum of their contributions.
   */
  update(blocks: number, firstBlock: number): bigint;
}

/**
 * Computes how much each block contributes to a disk's digest (driveDigest.ts), in generated WebAssembly. A block's
 * contribution is the XXH64 of its bytes, seeded with the block's number, or 0 if the block contains only zeroes; empty
 * parts of a disk are therefore scanned but not hashed. One call processes several consecutive blocks in the module's
 * own memory, into which the disk is read directly.
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
