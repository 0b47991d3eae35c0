/** QEMU `virt`: VIRT_IRQCHIP_NUM_SOURCES is 96 (riscv,ndev), including source 0, which does not exist. */
export const SOURCES = 96;
export const SOURCE_WORDS = SOURCES / 32;
/** Priorities and thresholds range from 0 to 7. */
export const PRIORITY_MASK = 7;

// PLIC spec, section 3, "Memory map".
const PENDING_START = 0x1000;
const ENABLE_START = 0x2000;
const ENABLE_STRIDE = 0x80;
const CONTEXT_START = 0x200000;
const CONTEXT_STRIDE = 0x1000;
const THRESHOLD = 0;
const CLAIM = 4;
export const REGISTER_BYTES = 4;

type PlicRegister =
  | { kind: 'priority'; source: number }
  | { kind: 'pending'; word: number }
  | { kind: 'enable'; context: number; word: number }
  | { kind: 'threshold'; context: number }
  | { kind: 'claim'; context: number };

/** The register at a word-aligned byte offset; undefined if there is no register at that offset. */
export function plicRegisterAt(offset: number, contexts: number): PlicRegister | undefined {
  if (offset >= CONTEXT_START) {
    const context = Math.floor((offset - CONTEXT_START) / CONTEXT_STRIDE);
    if (context >= contexts) return undefined;
    const within = offset % CONTEXT_STRIDE;
    if (within === THRESHOLD) return { kind: 'threshold', context };
    return within === CLAIM ? { kind: 'claim', context } : undefined;
  }
  if (offset >= ENABLE_START) {
    const context = Math.floor((offset - ENABLE_START) / ENABLE_STRIDE);
    const word = (offset % ENABLE_STRIDE) >> 2;
    return context < contexts && word < SOURCE_WORDS ? { kind: 'enable', context, word } : undefined;
  }
  if (offset >= PENDING_START) {
    const word = (offset - PENDING_START) >> 2;
    return word < SOURCE_WORDS ? { kind: 'pending', word } : undefined;
  }
  return offset >> 2 < SOURCES ? { kind: 'priority', source: offset >> 2 } : undefined;
}

export function assignBit(words: Uint32Array, bit: number, value: boolean): void {
  if (value) words[bit >>> 5] |= 1 << (bit & 31);
  else words[bit >>> 5] &= ~(1 << (bit & 31));
}
