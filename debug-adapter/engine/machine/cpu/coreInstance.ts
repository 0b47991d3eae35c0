import { memoryNotGiven, machineRam } from '../../../messages/outOfMemory.ts';
import type { DecodeCache } from './decodeCache.ts';
import type { HartBus } from './hartBus.ts';
import { CSR_INDEX, SLOT, wasmPagesFor } from './layout.ts';
import { WORD } from './slotWords.ts';
import type { Translator } from './translator/translator.ts';

/** The functions of the core module (core.ts), and its region table. */
export interface CoreExports {
  run(budget: number): number;
  runWatched(budget: number): number;
  pendingInterrupt(): number;
  takeInterrupt(cause: number): void;
  updateContexts(): void;
  flushPaged(): void;
  flushWrites(): void;
  nextFlagged(page: number, marks: number): number;
  clearPageFlags(marks: number): void;
  touch(offset: number, length: number): void;
  pmpAllows(address: bigint, sizeBytes: number, access: number, privilege: number): number;
  digestRam(): bigint;
  csrRead(number: number): bigint;
  regions: WebAssembly.Table;
}

/** Creates the memory that the core and guest RAM share. */
export function coreMemory(ramBytes: number): WebAssembly.Memory {
  const initial = wasmPagesFor(ramBytes);
  try {
    return new WebAssembly.Memory({ initial });
  } catch {
    throw memoryNotGiven({ what: machineRam(), lengthBytes: ramBytes });
  }
}

/** Instantiates the core module with the functions that it imports. */
export function instantiateCore(
  module: WebAssembly.Module,
  options: {
    memory: WebAssembly.Memory;
    bus: HartBus;
    decodeCache: DecodeCache;
    /** The translator is created after the core, so this function is called only while the core runs. */
    translator: () => Translator;
  },
): CoreExports {
  const { memory, bus, decodeCache, translator } = options;
  const words = new Int32Array(memory.buffer, 0, CSR_INDEX / 4);
  const slots = new BigUint64Array(memory.buffer, 0, CSR_INDEX / 8);
  const fault = () => (words[WORD.FAULT] = 1);
  const env = {
    memory,
    // Size 0 selects the upper half of an 8-byte access; see memoryAccess.ts.
    mmioRead: (address: number, size: number): number => {
      if (size === 0) return bus.upperHalf;
      const value = bus.read(address >>> 0, size as 1 | 2 | 4 | 8);
      return value ?? fault();
    },
    mmioWrite: (address: number, value: number, size: number): void => {
      if (size === 0) {
        bus.upperHalf = value >>> 0;
        return;
      }
      const kept = size >= 4 ? value >>> 0 : value & (size === 1 ? 0xff : 0xffff);
      if (!bus.write(address >>> 0, kept, size as 1 | 2 | 4 | 8)) fault();
    },
    breakpointHit: (): number => (bus.atBreakpoint(slots[SLOT.PC >> 3]) ? 1 : 0),
    exceptionReached: (): number => (bus.atException?.() ? 1 : 0),
    semihost: (): number => (bus.semihost?.() ? 1 : 0),
    watchWrite: (offset: number, length: number): void => bus.watched('write', offset >>> 0, length),
    watchRead: (offset: number, length: number): void => bus.watched('read', offset >>> 0, length),
    decodeEntry: (entry: number, page: number): void => decodeCache.decodeEntry(entry, page),
    recordHot: (entry: number, va: bigint): number =>
      translator().recordHot(entry >>> 0, va, words[WORD.FETCH_CONTEXT]) ? 1 : 0,
    fetchedBreakPage: (va: bigint, pageEntries: number): void => {
      const { ramPage } = decodeCache.pageOf(pageEntries >>> 0);
      if (decodeCache.markFetched(va, ramPage)) translator().breaksChanged([ramPage]);
    },
    codeWritten: (offset: number, length: number): void => translator().codeWritten(offset >>> 0, length),
    decodeStraddle: (raw: number): void => decodeCache.decodeStraddle(raw),
    allocateDecodePage: (page: number): number => decodeCache.allocateDecodePage(page),
  };
  return new WebAssembly.Instance(module, { env }).exports as unknown as CoreExports;
}
