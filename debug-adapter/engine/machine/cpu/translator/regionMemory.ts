import { type Code, type Local, I32, I64, i32, i64, sequence, set, tee, when } from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { slot } from '../coreContext.ts';
import { ENVCFG, envcfgForbids } from '../envcfg.ts';
import { storeZeroes } from '../memoryHandlers.ts';
import { blockOf } from '../cacheBlocks.ts';
import {
  CODE_LINE_BYTES,
  CODE_LINES,
  RAM,
  RAM_BASE,
  READ_TLB,
  TAG_HAS_CODE,
  TLB_ENTRIES,
  WRITE_TLB,
} from '../layout.ts';
import { FLOAT_LOADS, LOADS } from '../semantics.ts';
import { loadOf, type MemoryGroup, storeOf } from './memoryGroups.ts';
import type { Instruction } from './regionGraph.ts';
import type { RegionRegisters } from './regionRegisters.ts';

/** The groups of a block's accesses, and the host addresses of the groups that have already been checked. */
export interface BlockAccesses {
  groups: Map<Instruction, MemoryGroup>;
  addresses: Map<MemoryGroup, Local>;
}

interface Access {
  /** The base register, the offset in bytes from its value, and the length of the access. */
  register: number;
  offset: number;
  lengthBytes: number;
  table: number;
}

/**
 * The loads and stores of a region. The check before each access leaves the region unless the access is plain. An
 * access is plain if it hits the read or write TLB. If addresses are not translated, every read of RAM is plain, and
 * the check is a single address comparison.
 */
export class RegionMemory {
  private frame: Frame;
  private isBare: boolean;
  private ramBytes: number;
  private writesBesideCode: boolean;
  private registers: RegionRegisters;
  /** The offset of the active data TLB. */
  private context: Local;
  /** The virtual address of the access, or for an untranslated read, its distance from the start of RAM. */
  private va: Local;
  private low: Local;
  private tlb: Local;
  private zeroIsForbidden: Local;
  /** The locals that hold group addresses, shared by all blocks. */
  private groupAddresses: Local[] = [];

  constructor(
    frame: Frame,
    options: {
      isBare: boolean;
      ramBytes: number;
      writesBesideCode: boolean;
      registers: RegionRegisters;
      context: Local;
    },
  ) {
    this.frame = frame;
    this.isBare = options.isBare;
    this.ramBytes = options.ramBytes;
    this.writesBesideCode = options.writesBesideCode;
    this.registers = options.registers;
    this.context = options.context;
    this.va = frame.local(I64);
    this.low = frame.local(I32);
    this.tlb = frame.local(I32);
    this.zeroIsForbidden = frame.local(I32);
  }

  /** `leave` is code that leaves the region before this instruction. */
  access(instruction: Instruction, block: BlockAccesses, leave: Code): Code {
    const group = block.groups.get(instruction);
    return group && group.accesses > 1
      ? this.grouped(instruction, group, block, leave)
      : this.single(instruction, leave);
  }

  /**
   * Checks an aligned access to the address in a register; afterwards `address` is its address in the WebAssembly
   * memory.
   */
  locate(register: number, lengthBytes: number, table: number, leave: Code): { check: Code; address: Local } {
    const { va, low: address } = this;
    const access = { register, offset: 0, lengthBytes, table };
    const isMisaligned = i32.and(i32.wrap(va.get), i32.const(lengthBytes - 1));
    const check = this.isPlainRead(table)
      ? sequence(
          this.checkRead(access, leave),
          when(isMisaligned, leave),
          set(address, i32.add(i32.wrap(va.get), i32.const(RAM))),
        )
      : sequence(this.checkAligned(access, leave), set(address, this.hostAddress(table)));
    return { check, address };
  }

  private single(instruction: Instruction, leave: Code): Code {
    const { name, decoded } = instruction;
    const lengthBytes = 1 << (loadOf(name) ?? storeOf(name))!.sizeLog2;
    const table = storeOf(name) ? WRITE_TLB : READ_TLB;
    const access = { register: decoded.rs1, offset: decoded.immediate, lengthBytes, table };
    return this.isPlainRead(table)
      ? sequence(this.checkRead(access, leave), this.inPlace(instruction, i32.wrap(this.va.get), RAM))
      : sequence(this.checkAligned(access, leave), this.inPlace(instruction, this.hostAddress(table), 0));
  }

  private grouped(instruction: Instruction, group: MemoryGroup, { addresses }: BlockAccesses, leave: Code): Code {
    const { register, start, end, hasStore } = group;
    const table = hasStore ? WRITE_TLB : READ_TLB;
    const isPlain = this.isPlainRead(table);
    const shift = instruction.decoded.immediate - start + (isPlain ? RAM : 0);
    const known = addresses.get(group);
    if (known) return this.inPlace(instruction, known.get, shift);
    const address = (this.groupAddresses[addresses.size] ??= this.frame.local(I32));
    addresses.set(group, address);
    const access = { register, offset: start, lengthBytes: end - start, table };
    return sequence(
      isPlain ? this.checkRead(access, leave) : this.checkWithinPage(access, leave),
      set(address, isPlain ? i32.wrap(this.va.get) : this.hostAddress(table)),
      this.inPlace(instruction, address.get, shift),
    );
  }

  private inPlace({ name, decoded }: Instruction, address: Code, shift: number): Code {
    const { registers } = this;
    const store = storeOf(name);
    if (store) return store.store(address, registers.get(decoded.rs2), shift);
    const float = FLOAT_LOADS[name];
    const loaded = float ? float.fromRaw(float.load(address, shift)) : LOADS[name]!.load(address, shift);
    return registers.put(decoded.rd, loaded);
  }

  /** Evaluated once at the region's start, because nothing in a region changes whether cbo.zero is allowed. */
  loadEnvcfg(): Code {
    return set(this.zeroIsForbidden, envcfgForbids(ENVCFG.CBZE));
  }

  /** Zeroes a block (cbo.zero). */
  zeroBlock(register: number, leave: Code): Code {
    const page = i64.and(this.va.get, i64.const(-4096));
    return sequence(
      set(this.low, i32.wrap(tee(this.va, blockOf(this.registers.get(register))))),
      when(i32.or(this.zeroIsForbidden.get, i64.ne(i64.load(this.tlbEntry(), WRITE_TLB), page)), leave),
      set(this.low, this.hostAddress(WRITE_TLB)),
      storeZeroes(this.low),
    );
  }

  // --- untranslated reads ----------------------------------------------------------------------------------------------

  private isPlainRead(table: number): boolean {
    return this.isBare && table === READ_TLB;
  }

  private checkRead({ register, offset, lengthBytes }: Access, leave: Code): Code {
    return sequence(
      set(this.va, this.distance(register, offset)),
      when(i64.gtU(this.va.get, i64.const(this.ramBytes - lengthBytes)), leave),
    );
  }

  /**
   * The distance of an address from the start of RAM. The base of RAM is loaded from memory, because a constant with
   * more than 31 bits would occupy a host register.
   */
  private distance(register: number, offset: number): Code {
    const base = this.registers.get(register);
    if (offset > 0) return i64.add(base, i64.const(offset - RAM_BASE));
    return i64.sub(offset === 0 ? base : i64.add(base, i64.const(offset)), slot('RAM_START'));
  }

  // --- through the TLBs ------------------------------------------------------------------------------------------------

  /** As in the interpreter, one comparison checks both the page and the alignment. */
  private checkAligned(access: Access, leave: Code): Code {
    const { register, offset, lengthBytes, table } = access;
    const page = i64.and(this.va.get, i64.const(-4096 | (lengthBytes - 1)));
    return sequence(
      this.setAddress(register, offset),
      when(i64.ne(i64.load(this.tlbEntry(), table), page), this.leaveUnlessLineHasNoCode(access, { page, leave })),
    );
  }

  /** Checks that the page is in the TLB and that the whole access lies in the page. */
  private checkWithinPage(access: Access, leave: Code): Code {
    const { register, offset, lengthBytes, table } = access;
    const page = i64.and(this.va.get, i64.const(-4096));
    const crossesPage = i32.gtU(i32.and(this.low.get, i32.const(4095)), i32.const(4096 - lengthBytes));
    return sequence(
      this.setAddress(register, offset),
      when(
        i32.or(i64.ne(i64.load(this.tlbEntry(), table), page), crossesPage),
        this.leaveUnlessLineHasNoCode(access, { page, leave, crossesPage }),
      ),
    );
  }

  /**
   * After a TLB miss, leaves the region unless the access is a write to lines without code in a page that contains
   * code.
   */
  private leaveUnlessLineHasNoCode(
    { lengthBytes, table }: Access,
    { page, leave, crossesPage }: { page: Code; leave: Code; crossesPage?: Code },
  ): Code {
    if (!this.writesBesideCode || table !== WRITE_TLB || lengthBytes > CODE_LINE_BYTES) return leave;
    const first = this.hostAddress(WRITE_TLB);
    const reasons = [
      i64.ne(i64.load(this.tlb.get, WRITE_TLB), i64.or(page, i64.const(TAG_HAS_CODE))),
      isCodeAt(first),
      // An aligned access lies in one code line; an access that crosses lines needs a second check.
      ...(crossesPage ? [crossesPage, isCodeAt(i32.add(first, i32.const(lengthBytes - 1)))] : []),
    ];
    return when(
      reasons.reduce((any, reason) => i32.or(any, reason)),
      leave,
    );
  }

  private setAddress(register: number, offset: number): Code {
    const base = this.registers.get(register);
    return set(this.low, i32.wrap(tee(this.va, offset === 0 ? base : i64.add(base, i64.const(offset)))));
  }

  private tlbEntry(): Code {
    const index = i32.and(i32.shrU(this.low.get, i32.const(8)), i32.const((TLB_ENTRIES - 1) << 4));
    return tee(this.tlb, this.isBare ? index : i32.add(this.context.get, index));
  }

  /**
   * The address in the WebAssembly memory, after the TLB lookup. Without address translation, the guest address and
   * this address differ by a constant, so the access does not have to wait for the lookup.
   */
  private hostAddress(table: number): Code {
    return i32.add(this.low.get, this.isBare ? i32.const((RAM - RAM_BASE) | 0) : i32.load(this.tlb.get, table + 8));
  }
}

/** A value whose bit 0 is set if the line at an address contains code. The address may lie outside RAM. */
function isCodeAt(address: Code): Code {
  const line = i32.shrU(i32.sub(address, i32.const(RAM)), i32.const(Math.log2(CODE_LINE_BYTES)));
  return i32.and(
    i32.shrU(i32.load(i32.shl(i32.shrU(line, i32.const(5)), i32.const(2)), CODE_LINES), line),
    i32.const(1),
  );
}
