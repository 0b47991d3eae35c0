import {
  type Code,
  type Local,
  I32,
  I64,
  i32,
  i64,
  nothing,
  sequence,
  set,
  tee,
  when,
} from '../../../base/wasm/code.ts';
import type { Frame } from '../../../base/wasm/moduleBuilder.ts';
import { setSlot32, slot } from '../coreContext.ts';
import { ENVCFG, envcfgForbids } from '../envcfg.ts';
import { storeZeroes } from '../memoryHandlers.ts';
import { blockOf } from '../cacheBlocks.ts';
import {
  BLOCK_BYTES,
  CODE_LINE_BYTES,
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
import {
  checkBesideWatched,
  checkPage,
  checkTagged,
  type InPlaceAccesses,
  isCodeAt,
  leaveIfAffected,
  leaveIfAnyAffected,
  type TaggedAccess,
} from './taggedPages.ts';

/** The groups into which a block's accesses are divided, and the groups that have already been checked. */
export interface BlockAccesses {
  groups: Map<Instruction, MemoryGroup>;
  checked: Map<MemoryGroup, CheckedGroup>;
}

interface CheckedGroup {
  /** The address of the group in the WebAssembly memory; for untranslated reads, the group's offset in RAM. */
  address: Local;
  /**
   * Nonzero if some accesses of the group may affect code or watched bytes, so that each needs its own check; undefined
   * if none can.
   */
  guard: Local | undefined;
}

interface Access {
  /** The base register, the offset in bytes from its value, and the length of the access. */
  register: number;
  offset: number;
  lengthBytes: number;
  table: number;
}

/**
 * Generates the loads and stores of a region. Before each access, a check leaves the region unless the access is plain.
 * An access is plain if it hits the read or write TLB. If addresses are not translated, every read of RAM is plain, and
 * the check is a single address comparison.
 */
export class RegionMemory {
  private frame: Frame;
  private entry: number;
  private isBare: boolean;
  private ramBytes: number;
  private inPlace: InPlaceAccesses;
  private registers: RegionRegisters;
  /** The offset of the active data TLB. */
  private context: Local;
  /**
   * The virtual address of the access or, for an untranslated read, the distance of the address from the start of RAM.
   */
  private va: Local;
  private low: Local;
  private tlb: Local;
  private zeroIsForbidden: Local;
  /** The locals for groups, shared by all blocks. */
  private groupAddresses: Local[] = [];
  private groupGuards: Local[] = [];
  private difference: Local | undefined;

  constructor(
    frame: Frame,
    options: {
      entry: number;
      isBare: boolean;
      ramBytes: number;
      inPlace: InPlaceAccesses;
      registers: RegionRegisters;
      context: Local;
    },
  ) {
    this.frame = frame;
    this.entry = options.entry;
    this.isBare = options.isBare;
    this.ramBytes = options.ramBytes;
    this.inPlace = options.inPlace;
    this.registers = options.registers;
    this.context = options.context;
    this.va = frame.local(I64);
    this.low = frame.local(I32);
    this.tlb = frame.local(I32);
    this.zeroIsForbidden = frame.local(I32);
  }

  /** Generates one load or store. `leave` is code that leaves the region before the access. */
  access(instruction: Instruction, block: BlockAccesses, leave: Code): Code {
    const group = block.groups.get(instruction);
    return group && group.accesses > 1
      ? this.grouped(instruction, group, block, leave)
      : this.single(instruction, leave);
  }

  /**
   * Checks an aligned access to the address in a register; afterwards, `address` holds the corresponding address in the
   * WebAssembly memory. `changes` returns code that tests whether the access changes the word at an address.
   */
  locate(
    { register, lengthBytes, table }: Omit<Access, 'offset'>,
    { leave, changes }: { leave: Code; changes: (address: Code) => Code },
  ): { check: Code; address: Local; leaveIfAffected?: Code } {
    const { va, low: address } = this;
    const access = { register, offset: 0, lengthBytes, table };
    const isMisaligned = i32.and(i32.wrap(va.get), i32.const(lengthBytes - 1));
    const check = this.isPlainRead(table)
      ? sequence(
          this.checkRead(access, leave),
          when(isMisaligned, leave),
          set(address, i32.add(i32.wrap(va.get), i32.const(RAM))),
        )
      : sequence(
          this.checkAligned(access, leave, changes(this.hostAddress(table))),
          set(address, this.hostAddress(table)),
        );
    return { check, address };
  }

  /**
   * Like `locate`, for an aligned load followed by a store to the same address. With `amongWatched`, the check covers
   * only the page. The returned code `leaveIfAffected` must then be executed before each store that changes the word or
   * that a watchpoint reports even if nothing changes.
   */
  locateUpdate(access: Omit<Access, 'offset'>, leave: Code): { check: Code; address: Local; leaveIfAffected?: Code } {
    if (this.inPlace !== 'amongWatched') return this.locate(access, { leave, changes: () => i32.const(1) });
    const { register, lengthBytes, table } = access;
    const address = this.low;
    const tagged = { at: address.get, lengthBytes, table, isAligned: true };
    const tag = i64.load(this.tlbEntry(), table);
    const check = sequence(
      this.setAddress(register, 0),
      checkPage({ tag, page: this.pageOf(lengthBytes), difference: this.tagDifference(), leave }),
      set(address, this.hostAddress(table)),
    );
    return { check, address, leaveIfAffected: leaveIfAnyAffected(tagged, { difference: this.tagDifference(), leave }) };
  }

  private single(instruction: Instruction, leave: Code): Code {
    const { name, decoded } = instruction;
    const lengthBytes = 1 << (loadOf(name) ?? storeOf(name))!.sizeLog2;
    const table = storeOf(name) ? WRITE_TLB : READ_TLB;
    const access = { register: decoded.rs1, offset: decoded.immediate, lengthBytes, table };
    if (this.isPlainRead(table)) {
      return sequence(this.checkRead(access, leave), this.perform(instruction, i32.wrap(this.va.get), RAM));
    }
    const at = this.hostAddress(table);
    const changes = this.changes(instruction, at, 0);
    return sequence(this.checkAligned(access, leave, changes), this.perform(instruction, at, 0));
  }

  private grouped(instruction: Instruction, group: MemoryGroup, { checked }: BlockAccesses, leave: Code): Code {
    const { register, start, end, hasStore } = group;
    const table = hasStore ? WRITE_TLB : READ_TLB;
    const isPlain = this.isPlainRead(table);
    const shift = instruction.decoded.immediate - start + (isPlain ? RAM : 0);
    const known = checked.get(group);
    if (known) return this.performInGroup(instruction, known, { shift, leave });
    const address = (this.groupAddresses[checked.size] ??= this.frame.local(I32));
    const guard =
      isPlain || this.inPlace !== 'amongWatched'
        ? undefined
        : (this.groupGuards[checked.size] ??= this.frame.local(I32));
    checked.set(group, { address, guard });
    const access = { register, offset: start, lengthBytes: end - start, table };
    return sequence(
      isPlain ? this.checkRead(access, leave) : this.checkWithinPage(access, leave, guard),
      set(address, isPlain ? i32.wrap(this.va.get) : this.hostAddress(table)),
      this.performInGroup(instruction, { address, guard }, { shift, leave }),
    );
  }

  private performInGroup(
    instruction: Instruction,
    { address, guard }: CheckedGroup,
    { shift, leave }: { shift: number; leave: Code },
  ): Code {
    const { name } = instruction;
    const lengthBytes = 1 << (loadOf(name) ?? storeOf(name))!.sizeLog2;
    const access = {
      at: i32.add(address.get, i32.const(shift)),
      lengthBytes,
      // A load cannot change code, even if it shares a lookup in the write TLB with stores.
      table: storeOf(name) ? WRITE_TLB : READ_TLB,
      isAligned: false,
    };
    const changes = this.changes(instruction, address.get, shift);
    const check = guard ? when(guard.get, leaveIfAffected(access, { changes, leave })) : nothing;
    return sequence(check, this.perform(instruction, address.get, shift));
  }

  /** Whether a load or store changes the bytes in memory. */
  private changes({ name, decoded }: Instruction, address: Code, shift: number): Code {
    const store = storeOf(name);
    if (!store) return i32.const(0);
    const load = [i64.load8u, i64.load16u, i64.load32u, i64.load][store.sizeLog2];
    const value = this.registers.get(decoded.rs2);
    const bits = (1n << BigInt(8 << store.sizeLog2)) - 1n;
    return i64.ne(load(address, shift), store.sizeLog2 === 3 ? value : i64.and(value, i64.const(bits)));
  }

  private perform({ name, decoded }: Instruction, address: Code, shift: number): Code {
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
    const isNotUntagged = i64.ne(i64.load(this.tlbEntry(), WRITE_TLB), page);
    const setAddress = set(this.low, i32.wrap(tee(this.va, blockOf(this.registers.get(register)))));
    const write = sequence(set(this.low, this.hostAddress(WRITE_TLB)), storeZeroes(this.low));
    if (!this.isWatching) {
      return sequence(setAddress, when(i32.or(this.zeroIsForbidden.get, isNotUntagged), leave), write);
    }
    const block = { lengthBytes: BLOCK_BYTES, table: WRITE_TLB, isAligned: false };
    return sequence(
      setAddress,
      when(this.zeroIsForbidden.get, leave),
      this.checkTagged(block, { page, leave, ifGuarded: leave }),
      write,
    );
  }

  // --- untranslated reads --------------------------------------------------------------------------------------------

  /** Whether the region accesses pages with watched bytes in place. */
  private get isWatching(): boolean {
    return this.inPlace === 'besideWatched' || this.inPlace === 'amongWatched';
  }

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

  // --- through the TLBs ----------------------------------------------------------------------------------------------

  /**
   * As in the interpreter, one comparison checks both the page and the alignment. `changes` is code that tests whether
   * the access changes the bytes in memory. If it does not, even an access to watched bytes may be made in place.
   */
  private checkAligned(access: Access, leave: Code, changes: Code): Code {
    const { register, offset, lengthBytes, table } = access;
    const page = this.pageOf(lengthBytes);
    const setAddress = this.setAddress(register, offset);
    if (this.isWatching) {
      const tagged = { lengthBytes, table, isAligned: true };
      const ifGuarded = leaveIfAffected({ ...tagged, at: this.hostAddress(table) }, { changes, leave });
      return sequence(setAddress, this.checkTagged(tagged, { page, leave, ifGuarded }));
    }
    const isOther = i64.ne(i64.load(this.tlbEntry(), table), page);
    return sequence(setAddress, when(isOther, this.leaveUnlessLineHasNoCode(access, { page, leave })));
  }

  /**
   * Checks that the page is in the TLB and that the whole access lies in the page. Sets `guard` if the access may
   * affect code or watched bytes.
   */
  private checkWithinPage(access: Access, leave: Code, guard: Local | undefined): Code {
    const { register, offset, lengthBytes, table } = access;
    const page = i64.and(this.va.get, i64.const(-4096));
    const crossesPage = i32.gtU(i32.and(this.low.get, i32.const(4095)), i32.const(4096 - lengthBytes));
    const setAddress = this.setAddress(register, offset);
    if (guard) {
      const ifGuarded = set(guard, i32.const(1));
      return sequence(
        set(guard, i32.const(0)),
        setAddress,
        when(crossesPage, leave),
        this.checkTagged({ lengthBytes, table, isAligned: false }, { page, leave, ifGuarded }),
      );
    }
    if (this.inPlace === 'besideWatched') {
      const tagged = { at: this.hostAddress(table), lengthBytes, table, isAligned: false };
      const tag = i64.load(this.tlbEntry(), table);
      return sequence(
        setAddress,
        checkBesideWatched(tagged, { tag, page, crossesPage, leave: this.leaveBesideWatched(leave) }),
      );
    }
    return sequence(
      setAddress,
      when(
        i32.or(i64.ne(i64.load(this.tlbEntry(), table), page), crossesPage),
        this.leaveUnlessLineHasNoCode(access, { page, leave, crossesPage }),
      ),
    );
  }

  private checkTagged(access: Omit<TaggedAccess, 'at'>, options: { page: Code; leave: Code; ifGuarded: Code }): Code {
    const { table } = access;
    const tag = i64.load(this.tlbEntry(), table);
    const tagged = { ...access, at: this.hostAddress(table) };
    if (this.inPlace === 'besideWatched') {
      const { page, leave } = options;
      return checkBesideWatched(tagged, { tag, page, leave: this.leaveBesideWatched(leave) });
    }
    return checkTagged(tagged, { tag, difference: this.tagDifference(), ...options });
  }

  /** The page of an access, combined with the low address bits that must be 0 for the access to be aligned. */
  private pageOf(lengthBytes: number): Code {
    return i64.and(this.va.get, i64.const(-4096 | (lengthBytes - 1)));
  }

  private tagDifference(): Local {
    return (this.difference ??= this.frame.local(I64));
  }

  private leaveBesideWatched(leave: Code): Code {
    return sequence(setSlot32('LEFT_BESIDE_WATCHED', i32.const(this.entry)), leave);
  }

  /**
   * After a TLB miss, leaves the region unless the access is a write to lines without code in a page that contains
   * code.
   */
  private leaveUnlessLineHasNoCode(
    { lengthBytes, table }: Access,
    { page, leave, crossesPage }: { page: Code; leave: Code; crossesPage?: Code },
  ): Code {
    if (this.inPlace !== 'besideCode' || table !== WRITE_TLB || lengthBytes > CODE_LINE_BYTES) return leave;
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
