import { BLOCK_BYTES, BLOCKS_MAX, SHARES_AT } from './blockSharesCode.ts';
import { blockSharesImage } from './blockSharesImage.ts';

/**
 * What blocks of a disk add to its digest (driveDigest.ts), as generated WebAssembly: XXH64 of the block with its number
 * as seed, or 0 for a block of zeroes, so that the empty parts of a disk cost a look and no hashing. One call does a run
 * of blocks in the module's own memory, into which the disk is read directly.
 */
export { BLOCK_BYTES, BLOCKS_MAX };

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
