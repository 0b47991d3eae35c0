import { PAGE_SIZE_BYTES } from '../../base/quantities.ts';
import { BreakMarks } from './breakMarks.ts';
import type { Predicate } from '../../target/predicate.ts';
import { decode } from './decode.ts';
import type { Decoded } from './decoded.ts';
import { ALL_INSTRUCTIONS, type InstructionSet } from './extensions.ts';
import {
  CODE_LINE_BYTES,
  CODE_LINES,
  CODE_LINES_PAGE_BYTES,
  DECODE_PAGE_BYTES,
  DECODE_PAGES,
  DECODE_POOL,
  DECODE_POOL_PAGES,
  ENTRY_BYTES,
  FETCH_CONTEXT_BYTES,
  FETCH_CONTEXTS,
  FETCH_TLB,
  PAGE_CODE,
  PAGE_FLAGS,
  RAM,
  RAM_BASE,
  SINK,
  STRADDLE_ENTRY,
  WRITE_TLB,
  TLB_ENTRIES,
} from './layout.ts';
import { handlerIndex, OP } from './operations.ts';

/**
 * The decoded form of the guest's code. Each executed RAM page has a page of entries in the pool. An entry is filled in
 * when its instruction is first executed. The interpreter calls this class only for undecoded instructions. The cache
 * is not machine state: dropping it at any time affects only speed.
 */
export class DecodeCache {
  private bytes: Uint8Array;
  private view: DataView;
  private flushPaged: () => void = () => {};
  private dropRegions: () => void = () => {};
  private used = 0;
  private instructions: InstructionSet;
  private pagesMax: number;
  /** Indexed by pool page: the RAM page whose decoded code is stored in that pool page. */
  private ramPageOf: Int32Array;
  /**
   * The locations of the breakpoints. Decode entries at these locations call `breakpointHit` before the instruction
   * executes.
   */
  readonly breaks: BreakMarks;

  /** `pagesMax` limits the pool to less than its full size, for tests. */
  constructor(
    memory: WebAssembly.Memory,
    instructions: InstructionSet = ALL_INSTRUCTIONS,
    pagesMax = DECODE_POOL_PAGES,
  ) {
    this.instructions = instructions;
    this.pagesMax = pagesMax;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.ramPageOf = new Int32Array(pagesMax);
    this.breaks = new BreakMarks(memory);
  }

  /** Connects this object to the core's flush function and to the translator, which are both created later. */
  connect(core: { flushPaged: () => void }, translator: { dropAll: () => void }): void {
    this.flushPaged = core.flushPaged;
    this.dropRegions = () => translator.dropAll();
  }

  /** Decodes an instruction for this machine's instruction set. */
  decode(raw: number): Decoded {
    return decode(raw, this.instructions);
  }

  /** Imported by the core: returns new entries for a RAM page that has no entries yet. */
  allocateDecodePage(ramPage: number): number {
    const { bytes, view } = this;
    if (this.used === this.pagesMax) this.dropAll();
    const index = this.used++;
    const address = DECODE_POOL + index * DECODE_PAGE_BYTES;
    bytes.fill(0, address, address + DECODE_PAGE_BYTES);
    this.writeEndMark(address + DECODE_PAGE_BYTES - ENTRY_BYTES);
    this.ramPageOf[index] = ramPage;
    view.setInt32(DECODE_PAGES + ramPage * 4, address, true);
    bytes[PAGE_FLAGS + ramPage] |= PAGE_CODE;
    this.leaveWriteTlb(ramPage);
    return address;
  }

  /** Imported by the core: decodes the instruction at an entry of a page. */
  decodeEntry(entry: number, pageEntries: number): void {
    const { view } = this;
    const ramPage = this.ramPageOf[((pageEntries >>> 0) - DECODE_POOL) / DECODE_PAGE_BYTES];
    const pageOffset = (entry - pageEntries) >> 3;
    const at = RAM + ramPage * 4096 + pageOffset;
    const low = view.getUint16(at, true);
    const straddles = (low & 3) === 3 && pageOffset === 4094;
    const raw = (low & 3) === 3 && !straddles ? view.getUint32(at, true) : low;
    this.markCode(ramPage, pageOffset);
    if ((low & 3) === 3 && !straddles) this.markCode(ramPage, pageOffset + 2);
    if (this.breaks.at(ramPage, pageOffset).length > 0) this.writeBreakMark(entry >>> 0, raw);
    else if (straddles) this.writeStraddleMark(entry >>> 0);
    else this.write(entry >>> 0, raw, pageOffset);
  }

  /** Marks a halfword as code, so that writes to the code line that contains it go through `touch`. */
  markCode(ramPage: number, pageOffset: number): void {
    const line = (ramPage * PAGE_SIZE_BYTES + pageOffset) / CODE_LINE_BYTES;
    this.bytes[CODE_LINES + (line >>> 3)] |= 1 << (line & 7);
  }

  /** The RAM page that an entry belongs to, and the address of that page's first entry. */
  pageOf(entry: number): { ramPage: number; pageEntries: number } {
    const index = Math.floor((entry - DECODE_POOL) / DECODE_PAGE_BYTES);
    return { ramPage: this.ramPageOf[index], pageEntries: DECODE_POOL + index * DECODE_PAGE_BYTES };
  }

  /** Whether there is a breakpoint at an entry. */
  hasBreak(entry: number): boolean {
    const { ramPage, pageEntries } = this.pageOf(entry);
    return this.breaks.at(ramPage, (entry - pageEntries) >> 3).length > 0;
  }

  /** Whether the instruction at an entry is so close to the end of its page that it may extend into the next one. */
  mayStraddle(entry: number): boolean {
    return (entry - this.pageOf(entry).pageEntries) >> 3 === PAGE_SIZE_BYTES - 2;
  }

  /**
   * Replaces the breakpoints. The caller must flush the fetch TLBs. Returns the RAM pages in which the previous
   * breakpoints were marked.
   */
  setBreakpoints(addresses: Iterable<bigint>, predicates?: ReadonlyMap<bigint, Predicate>): number[] {
    const before = this.breaks.set(addresses, predicates);
    for (const [ramPage, marks] of before) this.dropEntries(ramPage, marks.keys());
    return [...before.keys()];
  }

  /** Marks the breakpoints in a page from which the hart fetches. Returns whether any of the marks are new. */
  markFetched(va: bigint, ramPage: number): boolean {
    const added = this.breaks.fetched(va, ramPage);
    this.dropEntries(ramPage, added);
    return added.length > 0;
  }

  private dropEntries(ramPage: number, offsets: Iterable<number>): void {
    const entries = this.view.getInt32(DECODE_PAGES + ramPage * 4, true);
    if (entries === 0) return;
    for (const offset of offsets) this.bytes[entries + offset * (ENTRY_BYTES / 2)] = OP.UNDECODED;
  }

  /** Imported by the core: decodes an instruction into the straddle entry. */
  decodeStraddle(raw: number): void {
    this.decodeSingle(STRADDLE_ENTRY, raw);
  }

  /** Decodes an instruction that has no entry in a page, so every jump gets its FAR form. */
  decodeSingle(entry: number, raw: number): void {
    this.write(entry, raw, undefined);
    // The instruction may have either length, so mark both possible ends.
    this.writeEndMark(entry + ENTRY_BYTES);
    this.writeEndMark(entry + 2 * ENTRY_BYTES);
  }

  /** Drops all entries. Also clears the marks that identify the decoded RAM pages as code. */
  private dropAll(): void {
    const { bytes } = this;
    this.dropRegions();
    for (let i = 0; i < this.used; i++) {
      const lines = CODE_LINES + this.ramPageOf[i] * CODE_LINES_PAGE_BYTES;
      bytes.fill(0, lines, lines + CODE_LINES_PAGE_BYTES);
      bytes[PAGE_FLAGS + this.ramPageOf[i]] &= ~PAGE_CODE;
      this.view.setInt32(DECODE_PAGES + this.ramPageOf[i] * 4, 0, true);
    }
    bytes.fill(0xff, FETCH_TLB, FETCH_TLB + FETCH_CONTEXTS * FETCH_CONTEXT_BYTES);
    this.used = 0;
  }

  /** Removes a page from the write TLBs when it has become a code page, so that writes to it go through `touch`. */
  private leaveWriteTlb(ramPage: number): void {
    const address = RAM_BASE + ramPage * 4096;
    const entry = WRITE_TLB + ((address >>> 12) & (TLB_ENTRIES - 1)) * 16;
    if ((this.view.getUint32(entry, true) & -PAGE_SIZE_BYTES) === (address | 0))
      this.view.setBigInt64(entry, -1n, true);
    this.flushPaged();
  }

  private writeEndMark(entry: number): void {
    this.bytes[entry] = OP.PAGE_END;
  }

  /** Like `decodeSingle`, but the entry calls `breakpointHit` before the instruction executes. */
  decodeSingleBreak(entry: number, raw: number): void {
    this.writeBreakMark(entry, raw);
    this.writeEndMark(entry + ENTRY_BYTES);
    this.writeEndMark(entry + 2 * ENTRY_BYTES);
  }

  private writeBreakMark(entry: number, raw: number): void {
    this.bytes[entry] = OP.BREAK;
    this.view.setInt32(entry + 12, raw, true);
  }

  private writeStraddleMark(entry: number): void {
    this.bytes[entry] = OP.STRADDLE;
  }

  private write(entry: number, raw: number, pageOffset: number | undefined): void {
    const { view } = this;
    const { operation, rd, rs1, rs2, immediate, lengthBytes } = this.decode(raw);
    const near = isNearJump(operation);
    const target = (pageOffset ?? 0) + immediate;
    const staysInPage = near && pageOffset !== undefined && target >= 0 && target < 4096;
    const placed = near && !staysInPage ? FAR[operation] : pageOffset === undefined ? far(operation) : operation;
    view.setUint8(entry, handlerIndex(placed, lengthBytes));
    view.setUint8(entry + 1, (lengthBytes / 2) * ENTRY_BYTES);
    view.setUint16(entry + 2, (rd || SINK) * 8, true);
    view.setUint16(entry + 4, rs1 * 8, true);
    view.setUint16(entry + 6, rs2 * 8, true);
    // The immediate of a near jump is added to the entry's address. There is a 16-byte entry for each halfword.
    view.setInt32(entry + 8, staysInPage ? immediate * (ENTRY_BYTES / 2) : immediate, true);
    view.setInt32(entry + 12, raw, true);
  }
}

const isNearJump = (operation: number): boolean => FAR[operation] !== undefined;
const far = (operation: number): number => (operation === OP.JALR ? OP.JALR_FAR : operation);

const FAR: Record<number, number> = {
  [OP.JAL_NEAR]: OP.JAL_FAR,
  [OP.J_NEAR]: OP.JAL_FAR,
  [OP.BEQ_NEAR]: OP.BEQ_FAR,
  [OP.BNE_NEAR]: OP.BNE_FAR,
  [OP.BLT_NEAR]: OP.BLT_FAR,
  [OP.BGE_NEAR]: OP.BGE_FAR,
  [OP.BLTU_NEAR]: OP.BLTU_FAR,
  [OP.BGEU_NEAR]: OP.BGEU_FAR,
};
