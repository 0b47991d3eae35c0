/**
 * Where bytes lie to be hashed by generated WebAssembly, which sees one memory: where they are already, if that is a
 * memory known here, or in one of our own, into which they are copied.
 */
export interface HashMemory {
  readonly memory: WebAssembly.Memory;
  /** Free for the constants of a hash. */
  readonly constantsAt: number;
}

/** A hash as generated WebAssembly: compiled when it is first used, with an instance for each memory. */
export class GeneratedHash<Exports> {
  readonly #image: () => { bytes: BufferSource };
  readonly #instances = new WeakMap<HashMemory, Exports>();
  #module: WebAssembly.Module | undefined;

  constructor(image: () => { bytes: BufferSource }) {
    this.#image = image;
  }

  /** `prepare` is called for each memory once, to put constants there. */
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

/** What lies in this memory, which keeps its size, is hashed where it is from now on. */
export function hashInPlace(memory: WebAssembly.Memory, constantsAt: number): void {
  inPlace.set(memory.buffer, { memory, constantsAt });
}

/** Brings bytes to where they can be hashed; good until the next call. */
export function placeForHash(bytes: Uint8Array): { place: HashMemory; address: number } {
  const place = inPlace.get(bytes.buffer);
  if (place) return { place, address: bytes.byteOffset };
  copies ??= ownMemory();
  makeRoom(copies.memory, bytes.length);
  new Uint8Array(copies.memory.buffer).set(bytes, OWN_BYTES_AT);
  return { place: copies, address: OWN_BYTES_AT };
}

/**
 * Room for bytes on their way from one place to another, in which they are hashed without copying them. There is one
 * such room: what it holds is good until the next call of this function.
 */
export function transferBuffer(lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (lengthBytes > TRANSFER_BYTES_MAX) return new Uint8Array(lengthBytes);
  transfer ??= ownMemory().memory;
  makeRoom(transfer, lengthBytes);
  if (!inPlace.has(transfer.buffer)) hashInPlace(transfer, 0);
  return new Uint8Array(transfer.buffer, OWN_BYTES_AT, lengthBytes);
}

/** Memory once taken is not given back. */
const TRANSFER_BYTES_MAX = 4 << 20;

const inPlace = new WeakMap<ArrayBufferLike, HashMemory>();
let copies: HashMemory | undefined;
let transfer: WebAssembly.Memory | undefined;

const WASM_PAGE_BYTES = 65536;
const OWN_PAGES = 16;
/** Behind the constants. */
const OWN_BYTES_AT = 4096;

function ownMemory(): HashMemory {
  return { memory: new WebAssembly.Memory({ initial: OWN_PAGES }), constantsAt: 0 };
}

function makeRoom(memory: WebAssembly.Memory, lengthBytes: number): void {
  const missing = OWN_BYTES_AT + lengthBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
}
