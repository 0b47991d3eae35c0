/**
 * The memory in which generated WebAssembly hashes bytes: either a memory registered with `hashIn`, or a private memory
 * into which the bytes are copied. A WebAssembly module can access only one memory.
 */
export interface HashMemory {
  readonly memory: WebAssembly.Memory;
  /** The address of free space in which a hash function can store its constants. */
  readonly constantsAddress: number;
}

/** A hash function in generated WebAssembly. It is compiled on first use and has one instance per memory. */
export class GeneratedHash<Exports> {
  private readonly image: () => { bytes: BufferSource };
  private readonly instances = new WeakMap<HashMemory, Exports>();
  private module: WebAssembly.Module | undefined;

  constructor(image: () => { bytes: BufferSource }) {
    this.image = image;
  }

  /**
   * Returns the instance for a memory. `prepare` is called once for each memory, to write the hash function's constants
   * to it.
   */
  instanceFor(hashMemory: HashMemory, prepare?: (hashMemory: HashMemory) => void): Exports {
    return this.instances.get(hashMemory) ?? this.make(hashMemory, prepare);
  }

  private make(hashMemory: HashMemory, prepare?: (hashMemory: HashMemory) => void): Exports {
    this.module ??= new WebAssembly.Module(this.image().bytes);
    const { memory } = hashMemory;
    const exports = new WebAssembly.Instance(this.module, { env: { memory } }).exports as Exports;
    prepare?.(hashMemory);
    this.instances.set(hashMemory, exports);
    return exports;
  }
}

/** Registers a fixed-size memory. From then on, bytes in this memory are hashed without being copied. */
export function hashIn(memory: WebAssembly.Memory, constantsAddress: number): void {
  hashMemories.set(memory.buffer, { memory, constantsAddress });
}

/**
 * Returns a memory that contains the bytes, and their address in this memory. If the bytes are not in a registered
 * memory, they are copied, and the result is valid only until the next call.
 */
export function memoryForHash(bytes: Uint8Array): { hashMemory: HashMemory; address: number } {
  const hashMemory = hashMemories.get(bytes.buffer);
  if (hashMemory) return { hashMemory, address: bytes.byteOffset };
  copyMemory ??= createMemory();
  ensureSize(copyMemory.memory, bytes.length);
  new Uint8Array(copyMemory.memory.buffer).set(bytes, DATA_OFFSET);
  return { hashMemory: copyMemory, address: DATA_OFFSET };
}

/**
 * Returns a buffer for temporary data. Data in this buffer is hashed in place, without being copied. All calls share
 * one memory, so the contents are valid only until the next call.
 */
export function transferBuffer(lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (lengthBytes > TRANSFER_BYTES_MAX) return new Uint8Array(lengthBytes);
  transfer ??= createMemory().memory;
  ensureSize(transfer, lengthBytes);
  if (!hashMemories.has(transfer.buffer)) hashIn(transfer, 0);
  return new Uint8Array(transfer.buffer, DATA_OFFSET, lengthBytes);
}

/** Larger buffers are allocated separately, because WebAssembly memory never shrinks. */
const TRANSFER_BYTES_MAX = 4 << 20;

const hashMemories = new WeakMap<ArrayBufferLike, HashMemory>();
let copyMemory: HashMemory | undefined;
let transfer: WebAssembly.Memory | undefined;

const WASM_PAGE_BYTES = 65536;
const OWN_PAGES = 16;
/** The offset of the data, after the constants. */
const DATA_OFFSET = 4096;

function createMemory(): HashMemory {
  return { memory: new WebAssembly.Memory({ initial: OWN_PAGES }), constantsAddress: 0 };
}

function ensureSize(memory: WebAssembly.Memory, lengthBytes: number): void {
  const missing = DATA_OFFSET + lengthBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
}
