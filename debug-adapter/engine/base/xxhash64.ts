import { xxhash64Image } from './wasm/xxhash64Image.ts';

/**
 * XXH64 (the xxHash specification, version 0.1.1), as generated WebAssembly: several gigabytes a second. It names
 * states, pages and disk blocks, and guards chunks against damage. For inputs of one length, changing any one byte
 * always changes the hash. It is no protection against someone who wants a collision.
 */
export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  const own = inPlace.get(bytes.buffer);
  if (own) return hashAt((own.instance ??= makeInstance(own.memory)), bytes.byteOffset, bytes.length, seed);
  instance ??= makeInstance(new WebAssembly.Memory({ initial: MEMORY_PAGES }));
  makeRoom(instance.memory, bytes.length);
  new Uint8Array(instance.memory.buffer).set(bytes);
  return hashAt(instance, 0, bytes.length, seed);
}

/** What lies in this memory, which keeps its size, is hashed where it is from now on; anything else is copied first. */
export function hashInPlace(memory: WebAssembly.Memory): void {
  inPlace.set(memory.buffer, { memory, instance: undefined });
}

/**
 * Room for bytes on their way from one place to another, in which they are hashed without copying them. There is one
 * such room: what it holds is good until the next call of this function.
 */
export function transferBuffer(lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (lengthBytes > TRANSFER_BYTES_MAX) return new Uint8Array(lengthBytes);
  transfer ??= new WebAssembly.Memory({ initial: MEMORY_PAGES });
  makeRoom(transfer, lengthBytes);
  if (!inPlace.has(transfer.buffer)) hashInPlace(transfer);
  return new Uint8Array(transfer.buffer, 0, lengthBytes);
}

/** Memory once taken is not given back. */
const TRANSFER_BYTES_MAX = 4 << 20;

interface Instance {
  memory: WebAssembly.Memory;
  hash(address: number, length: number, seed: bigint): bigint;
}
/** Of each memory, made when it is hashed for the first time. */
const inPlace = new WeakMap<ArrayBufferLike, { memory: WebAssembly.Memory; instance: Instance | undefined }>();
let module: WebAssembly.Module | undefined;
let instance: Instance | undefined;
let transfer: WebAssembly.Memory | undefined;

const WASM_PAGE_BYTES = 65536;
const MEMORY_PAGES = 16;

function hashAt({ hash }: Instance, address: number, length: number, seed: bigint): bigint {
  return BigInt.asUintN(64, hash(address, length, seed));
}

function makeRoom(memory: WebAssembly.Memory, lengthBytes: number): void {
  const missing = lengthBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES));
}

function makeInstance(memory: WebAssembly.Memory): Instance {
  const { hash } = new WebAssembly.Instance((module ??= new WebAssembly.Module(xxhash64Image().bytes)), {
    env: { memory },
  }).exports;
  return { memory, hash: hash as Instance['hash'] };
}
