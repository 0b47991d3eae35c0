import type { Session, Symbols } from '../engine/index.ts';

/**
 * Which of several ELF files runs where. Programs of a kernel have code at the same addresses, one at a time, so a
 * file is held against the guest's memory: the one whose code agrees with it best is there, if most of it agrees. (A
 * kernel patches itself here and there, so not all of it need.)
 */
// A library that programs share is rarely longer: what tells them apart is within reach.
const REACH_BYTES = 1 << 15;
const NEARBY_BYTES = 64;
const AGREEMENT_MIN = 0.75;
const BLOCK_BITS = 6n;

export class LoadedFiles {
  private symbols: readonly Symbols[];
  private inspector: Session['inspector'];
  private known = new Map<bigint, Symbols>();

  constructor(symbols: readonly Symbols[], inspector: Session['inspector']) {
    this.symbols = symbols;
    this.inspector = inspector;
  }

  /** Looked up once for 64 bytes until `forget`; costs microseconds, and some 100 us where a look nearby does not tell. */
  at(pc: bigint): Symbols | undefined {
    const block = pc >> BLOCK_BITS;
    const known = this.known.get(block);
    if (known?.codeAround(pc, 1)) return known;
    const found = this.find(pc);
    if (found) this.known.set(block, found);
    return found;
  }

  /** Memory may be another. */
  forget(): void {
    this.known.clear();
  }

  private find(pc: bigint): Symbols | undefined {
    const candidates = this.symbols.filter((symbols) => symbols.codeAround(pc, 1));
    // Where nothing can be read a program is about to be loaded: the only file for the place is good enough.
    if (this.inspector.readMemory(pc, 1).length === 0) return candidates.length === 1 ? candidates[0] : undefined;
    // Mostly a look nearby is enough, which is what a breakpoint costs that is often come by.
    const nearby = this.agreeing(candidates, pc, NEARBY_BYTES);
    if (nearby.length === 1) return nearby[0].symbols;
    return this.agreeing(candidates, pc, REACH_BYTES).reduce((a, b) => (b.agreement > a.agreement ? b : a), NOBODY)
      .symbols;
  }

  private agreeing(candidates: readonly Symbols[], pc: bigint, reachBytes: number) {
    return candidates
      .map((symbols) => ({ symbols, agreement: agreement(this.inspector, symbols.codeAround(pc, reachBytes)!) }))
      .filter((one) => one.agreement >= AGREEMENT_MIN);
  }
}

const NOBODY: { symbols: Symbols | undefined; agreement: number } = { symbols: undefined, agreement: -1 };

/** The part of the code that is in memory, of what of it can be read; pages that are not there yet say nothing. */
function agreement(
  inspector: Session['inspector'],
  { address, bytes }: { address: bigint; bytes: Uint8Array },
): number {
  let same = 0;
  let compared = 0;
  for (let done = 0; done < bytes.length;) {
    const at = address + BigInt(done);
    const count = Math.min(bytes.length - done, 4096 - Number(at & 0xfffn));
    const memory = inspector.readMemory(at, count);
    for (let i = 0; i < memory.length; i++) same += memory[i] === bytes[done + i] ? 1 : 0;
    compared += memory.length;
    done += count;
  }
  return compared === 0 ? 0 : same / compared;
}
