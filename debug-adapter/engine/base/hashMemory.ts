/**
 * Where bytes are when generated WebAssembly hashes them; a module can access only one memory. It is either a memory
 * registered with `hashInPlace`, or a private memory into which the bytes are copied.
 */
export interface HashMemory {
  readonly memory: WebAssembly.Memory;
  /** The address of free space for the hash's constants. */
  readonly constantsAt: number;
}

/** A hash function in generated WebAssembly, compiled on first use, with one instance per memory. */
export class GeneratedHash<Exports> {
  readonly #image: () => { bytes: BufferSource };
  readonly #instances = new WeakMap<HashMemory, Exports>();
  #module: WebAssembly.Module | undefined;

  constructor(image: () => { bytes: BufferSource }) {
    this.#image = image;
  }

  /** Calls `prepare` once per memory, to write the constants there. */
  in(place: HashMemory, prepare?: (place: HashMemory) => void): Exports {
    return this.#instances.get(place) ?? this.#make(place, prepare);
  }

  #make(place: HashMemory, prepare?: (place: HashMemory) => void): Exports {
    this.#module ??= new WebAssembly.Module(this.#image().bytes);
    const { memory } = place;
    const exports = new WebAssembly.Instance(this.#module, { env: { memory } }).exports as Exports;
    prepare?.(place);
    this.#instances.set(place, exports);
    return exports;
  }
}

/** Registers a memory of fixed size: from now on, bytes in it are hashed without copying. */
export function hashInPlace(memory: WebAssembly.Memory, constantsAt: number): void {
  inPlace.set(memory.buffer, { memory, constantsAt });
}

/**
 * Returns the memory and address where the bytes can be hashed, copying them there if necessary. Valid until the next
 * call.
 */
export function placeForHash(bytes: Uint8Array): { place: HashMemory; address: number } {
  const place = inPlace.get(bytes.buffer);
  if (place) return { place, address: bytes.byteOffset };
  copies ??= ownMemory();
  makeRoom(copies.memory, bytes.length);
  new Uint8Array(copies.memory.buffer).set(bytes, OWN_BYTES_AT);
  return { place: copies, address: OWN_BYTES_AT };
}

/**
 * A buffer for bytes in transit, which are hashed there without copying. There is only one: its contents are valid
 * until the next call of this function.
 */
export function transferBuffer(lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (lengthBytes > TRANSFER_BYTES_MAX) return new Uint8Array(lengthBytes);
  transfer ??= ownMemory().memory;
  makeRoom(transfer, lengthBytes);
  if (!inPlace.has(transfer.buffer)) hashInPlace(transfer, 0);
  return new Uint8Array(transfer.buffer, OWN_BYTES_AT, lengthBytes);
}

/** Larger buffers are allocated separately, because WebAssembly memory never shrinks. */
const TRANSFER_BYTES_MAX = 4 << 20;

const inPlace = new WeakMap<ArrayBufferLike, HashMemory>();
let copies: HashMemory | undefined;
let transfer: WebAssembly.Memory | undefined;

const WASM_PAGE_BYTES = 65536;
const OWN_PAGES = 16;
/** The offset of the data, after the constants. */
const OWN_BYTES_AT = 4096;

function ownMemory(): HashMemory {
  return { memory: new WebAssembly.Memory({ initial: OWN_PAGES }), constantsAt: 0 };
}

function makeRoom(memory: WebAssembly.Memory, lengthBytes: number): void {
  const missing = OWN_BYTES_AT + lengthBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
}
