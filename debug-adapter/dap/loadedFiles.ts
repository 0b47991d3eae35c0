import type { CodeGroup, Session } from '../engine/index.ts';

/**
 * Which of several programs runs where. Programs of a kernel have code at the same addresses, one at a time, so their
 * files are held against the guest's memory: the one whose code agrees with it best is there, if most of it agrees. (A
 * kernel patches itself here and there, so not all of it need.)
 */
// A library that programs share is rarely longer: what tells them apart is within reach.
const REACH_BYTES = 1 << 15;
const NEARBY_BYTES = 64;
const AGREEMENT_MIN = 0.75;
const BLOCK_BITS = 6n;

export class LoadedFiles {
  private groups: readonly CodeGroup[];
  private inspector: Session['inspector'];
  private known = new Map<bigint, readonly CodeGroup[]>();

  constructor(groups: readonly CodeGroup[], inspector: Session['inspector']) {
    this.groups = groups;
    this.inspector = inspector;
  }

  /** Looked up once for 64 bytes until `forget`; costs microseconds, and some 100 us where a look nearby does not tell. */
  at(pc: bigint): CodeGroup | undefined {
    return this.allAt(pc)[0];
  }

  /** Whether that program's code is there; several may agree with memory alike. */
  isLoaded(group: CodeGroup, pc: bigint): boolean {
    return this.allAt(pc).includes(group);
  }

  /** Memory may be another. */
  forget(): void {
    this.known.clear();
  }

  private allAt(pc: bigint): readonly CodeGroup[] {
    const block = pc >> BLOCK_BITS;
    const known = this.known.get(block);
    if (known?.[0]?.codeAround(pc, 1) && known[0].knows(pc)) return known;
    const found = this.find(pc);
    this.known.set(block, found);
    return found;
  }

  /** The best first. */
  private find(pc: bigint): readonly CodeGroup[] {
    const candidates = this.groups.filter((group) => group.codeAround(pc, 1));
    const knowing = candidates.filter((group) => group.knows(pc));
    // Where nothing can be read a program is about to be loaded: the only file for the place is good enough.
    if (this.inspector.readMemory(pc, 1).length === 0) return knowing.length === 1 ? knowing : [];
    const best = this.bestOf(candidates, pc);
    if (best.some((group) => knowing.includes(group))) return best;
    // What runs has no names here; those of another build are right in a function that is the same in both.
    return [...knowing.filter((group) => this.holdsFunction(group, pc)), ...best];
  }

  private bestOf(candidates: readonly CodeGroup[], pc: bigint): CodeGroup[] {
    // Mostly a look nearby is enough, which is what a breakpoint costs that is often come by.
    const nearby = this.agreeing(candidates, pc, NEARBY_BYTES);
    if (nearby.length === 1) return [nearby[0].group];
    const agreeing = this.agreeing(candidates, pc, REACH_BYTES);
    const most = Math.max(...agreeing.map((one) => one.agreement));
    return agreeing.filter((one) => one.agreement === most).map(({ group }) => group);
  }

  private agreeing(candidates: readonly CodeGroup[], pc: bigint, reachBytes: number) {
    return candidates
      .map((group) => ({ group, agreement: agreement(this.inspector, group.codeAround(pc, reachBytes)!) }))
      .filter((one) => one.agreement >= AGREEMENT_MIN);
  }

  private holdsFunction(group: CodeGroup, pc: bigint): boolean {
    return group.functionCode(pc).every((code) => agreement(this.inspector, code) === 1);
  }
}

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
