import { type Code, call, i32, i64, select, sequence, when } from '../../base/wasm/code.ts';
import { SATP, SATP_MODE } from '../../isa/pageTables.ts';
import { MSTATUS, ALL_INTERRUPTS, DELEGABLE_EXCEPTIONS, IRQ, SUPERVISOR_INTERRUPTS, VECTOR } from '../../isa/traps.ts';
import {
  type Core,
  PRIVILEGE_MACHINE,
  PRIVILEGE_USER,
  positionNow,
  setSlot,
  setSlot32,
  slot,
  slot32,
} from './coreContext.ts';
import { ENVCFG, menvcfgWritable, senvcfgWritable } from './envcfg.ts';
import { floatingPoint } from './floatRegisters.ts';
import type { SlotName } from './layout.ts';
import { MSTATUS_SD, MSTATUS_WRITABLE, MSTATUS_XL, SSTATUS_READABLE, SSTATUS_WRITABLE } from './mstatus.ts';
import { physicalMemoryProtection } from './pmpRegisters.ts';
import { belowOrTrapped, checkInterrupts, pendingBits } from './privilege.ts';

/** A control and status register. */
export interface Csr {
  /** The name of the register; its number is in isa/csrs.ts. */
  name: string;
  read: Code;
  /**
   * The effect of a write. If absent, writes are ignored. Not needed for read-only registers, because their numbers
   * identify them as read-only.
   */
  write?: (value: Code) => Code;
  /** A condition under which access is illegal, checked in addition to the privilege that the number encodes. */
  forbidden?: Code;
}

/**
 * All CSRs of the machine: the code that reads each of them, and the effect of a write (Volume II, "CSR
 * Listing"). An instruction that accesses any other number is illegal. Writes keep only the writable bits (WARL); where
 * the specification leaves a choice, the effect of a write is the same as in QEMU.
 */
export function csrTable(core: Core): Csr[] {
  return [
    ...identification(),
    ...floatingPoint(),
    ...machineTraps(core),
    ...supervisorTraps(core),
    ...translation(core),
    ...counters(),
    ...physicalMemoryProtection(core),
    ...debugTriggers(),
  ];
}

const zero = i64.const(0);
const readOnly = (name: string, value: bigint): Csr => ({ name, read: i64.const(value) });

/** A register that stores the bits in `mask` and has no other effect. */
const plain = (name: string, slotName: SlotName, mask: bigint = -1n): Csr => ({
  name,
  read: slot(slotName),
  write: (value) => setSlot(slotName, i64.and(value, i64.const(mask))),
});

const attention = setSlot32('ATTENTION', i32.const(1));

/**
 * RV64 with I, M, A, F, D, C, S and U. The bit for B is clear, as in QEMU, which sets it only for `-cpu max` (in
 * version 9.1 and later).
 */
const MISA = (2n << 62n) | [...'IMAFDCSU'].reduce((bits, x) => bits | (1n << BigInt(x.charCodeAt(0) - 65)), 0n);

const identification = (): Csr[] => [
  readOnly('misa', MISA),
  readOnly('mvendorid', 0n),
  readOnly('marchid', 0n),
  readOnly('mimpid', 0n),
  { name: 'mhartid', read: slot('HARTID') },
  readOnly('mconfigptr', 0n),
];

// --- traps -----------------------------------------------------------------------------------------------------------

/** Bit 0 of an exception PC is always clear. */
const EPC_MASK = ~1n;
const INTERRUPT_MASK = BigInt(ALL_INTERRUPTS);
const SUPERVISOR_MASK = BigInt(SUPERVISOR_INTERRUPTS);

/** A trap vector register that supports direct and vectored mode; writing any other mode has no effect. */
const trapVector = (name: string, slotName: SlotName): Csr => ({
  name,
  read: slot(slotName),
  write: (value) =>
    when(i64.leU(i64.and(value, i64.const(VECTOR.MODE)), i64.const(VECTOR.VECTORED)), setSlot(slotName, value)),
});

/** A write to mstatus. Writing the reserved value 2 to MPP leaves MPP unchanged. */
function writeStatus(core: Core, value: Code, mask: number): Code {
  const mppIsReserved = i64.eq(i64.and(value, i64.const(MSTATUS.MPP)), i64.const(2 << MSTATUS.MPP_SHIFT));
  const before = slot('MSTATUS');
  const effective = select(mppIsReserved, i64.const(mask & ~MSTATUS.MPP), i64.const(mask));
  const changed = i64.and(i64.xor(before, value), effective);
  return sequence(
    // TLB tags do not include MXR, so translations that depend on it must be flushed.
    when(i64.ne(i64.and(changed, i64.const(MSTATUS.MXR)), zero), call(core.functions.flushPaged)),
    setSlot('MSTATUS', i64.xor(slot('MSTATUS'), changed)),
    call(core.functions.updateContexts),
    checkInterrupts(core),
  );
}

const isDirty = i64.eq(i64.and(slot('MSTATUS'), i64.const(MSTATUS.FS)), i64.const(MSTATUS.FS));
const status = i64.or(
  i64.or(slot('MSTATUS'), i64.const(MSTATUS_XL)),
  select(isDirty, i64.const(BigInt.asIntN(64, MSTATUS_SD)), zero),
);

function machineTraps(core: Core): Csr[] {
  const noticing = (csr: Csr): Csr => ({
    ...csr,
    write: (value) => sequence(csr.write!(value), checkInterrupts(core)),
  });
  // With Sstc enabled, STIP is driven by the comparator.
  const softBits = select(
    i64.ltS(slot('MENVCFG'), zero),
    i64.const(SUPERVISOR_MASK & ~(1n << BigInt(IRQ.STI))),
    i64.const(SUPERVISOR_MASK),
  );
  return [
    {
      name: 'mstatus',
      read: status,
      write: (value) => writeStatus(core, value, MSTATUS_WRITABLE),
    },
    plain('medeleg', 'MEDELEG', BigInt(DELEGABLE_EXCEPTIONS)),
    noticing(plain('mideleg', 'MIDELEG', SUPERVISOR_MASK)),
    noticing(plain('mie', 'MIE', INTERRUPT_MASK)),
    trapVector('mtvec', 'MTVEC'),
    plain('mcounteren', 'MCOUNTEREN', 0xffffffffn),
    {
      name: 'menvcfg',
      read: slot('MENVCFG'),
      write: (value) =>
        sequence(
          // PBMTE changes the meaning of page table entries, so earlier translations must be flushed.
          when(changesMenvcfg(value, ENVCFG.PBMTE), call(core.functions.flushPaged)),
          setSlot('MENVCFG', i64.and(value, menvcfgWritable)),
          setSlot('MIP_SOFTWARE', i64.and(slot('MIP_SOFTWARE'), softBits)),
          attention,
        ),
    },
    plain('mscratch', 'MSCRATCH'),
    plain('mepc', 'MEPC', EPC_MASK),
    plain('mcause', 'MCAUSE'),
    plain('mtval', 'MTVAL'),
    {
      name: 'mip',
      read: i64.extendU(pendingBits),
      write: (value) =>
        sequence(
          setSlot(
            'MIP_SOFTWARE',
            i64.or(i64.and(slot('MIP_SOFTWARE'), i64.xor(softBits, i64.const(-1))), i64.and(value, softBits)),
          ),
          checkInterrupts(core),
        ),
    },
  ];
}

const changesMenvcfg = (value: Code, bits: bigint): Code => {
  const unchanged = i64.and(value, menvcfgWritable);
  return i64.ne(i64.and(i64.xor(slot('MENVCFG'), unchanged), i64.const(bits)), zero);
};

function supervisorTraps(core: Core): Csr[] {
  return [
    {
      name: 'sstatus',
      read: i64.and(status, i64.const(BigInt.asIntN(64, SSTATUS_READABLE))),
      write: (value) => writeStatus(core, value, SSTATUS_WRITABLE),
    },
    {
      name: 'sie',
      read: i64.and(slot('MIE'), slot('MIDELEG')),
      write: (value) =>
        sequence(
          setSlot(
            'MIE',
            i64.or(i64.and(slot('MIE'), i64.xor(slot('MIDELEG'), i64.const(-1))), i64.and(value, slot('MIDELEG'))),
          ),
          checkInterrupts(core),
        ),
    },
    trapVector('stvec', 'STVEC'),
    plain('scounteren', 'SCOUNTEREN', 0xffffffffn),
    {
      name: 'senvcfg',
      read: slot('SENVCFG'),
      write: (value) => setSlot('SENVCFG', i64.and(value, senvcfgWritable)),
    },
    plain('sscratch', 'SSCRATCH'),
    plain('sepc', 'SEPC', EPC_MASK),
    plain('scause', 'SCAUSE'),
    plain('stval', 'STVAL'),
    {
      name: 'sip',
      read: i64.and(i64.extendU(pendingBits), slot('MIDELEG')),
      // S-mode can write only SSIP, and only while that interrupt is delegated.
      write: (value) => {
        const mask = i64.and(slot('MIDELEG'), i64.const(1 << IRQ.SSI));
        return sequence(
          setSlot(
            'MIP_SOFTWARE',
            i64.or(i64.and(slot('MIP_SOFTWARE'), i64.xor(mask, i64.const(-1))), i64.and(value, mask)),
          ),
          checkInterrupts(core),
        );
      },
    },
    {
      name: 'stimecmp',
      read: slot('STIMECMP'),
      write: (value) => sequence(setSlot('STIMECMP', value), attention),
      // Sstc, section 2: below M-mode, access requires both menvcfg.STCE and mcounteren.TM.
      forbidden: i32.and(
        i32.ne(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE)),
        i32.or(i64.geS(slot('MENVCFG'), zero), i64.eqz(i64.and(slot('MCOUNTEREN'), i64.const(2)))),
      ),
    },
  ];
}

function translation(core: Core): Csr[] {
  return [
    {
      name: 'satp',
      read: slot('SATP'),
      // A write with an unsupported mode has no effect, which is how kernels detect the supported modes.
      write: (value) => {
        const mode = i64.shrU(value, i64.const(SATP.MODE_SHIFT));
        const is = (one: number): Code => i64.eq(mode, i64.const(one));
        return when(
          i32.or(i32.or(is(SATP_MODE.BARE), is(SATP_MODE.SV39)), i32.and(is(SATP_MODE.SV48), slot32('HAS_SV48'))),
          when(i64.ne(slot('SATP'), value), call(core.functions.flushPaged)),
          setSlot('SATP', value),
          call(core.functions.updateContexts),
        );
      },
      forbidden: belowOrTrapped(MSTATUS.TVM),
    },
  ];
}

// --- counters --------------------------------------------------------------------------------------------------------

/**
 * mtime: virtual time in 100 ns ticks (see base/quantities.ts), plus the ticks that the guest added by writing mtime.
 */
const mtime = i64.add(i64.divU(i64.add(positionNow, slot('CLOCK_OFFSET')), i64.const(100)), slot('TICK_DELTA'));
const instructionsRetired = i64.sub(positionNow, slot('NOT_RETIRED'));

/**
 * Reading a user-mode counter below M-mode requires the counter's bit in mcounteren to be set. In U-mode, its bit in
 * scounteren must also be set.
 */
const counterForbidden = (bit: number): Code => {
  const lacks = (name: SlotName): Code => i64.eqz(i64.and(slot(name), i64.const(1n << BigInt(bit))));
  return i32.or(
    i32.and(i32.ltU(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE)), lacks('MCOUNTEREN')),
    i32.and(i32.eq(slot32('PRIVILEGE'), i32.const(PRIVILEGE_USER)), lacks('SCOUNTEREN')),
  );
};

function counters(): Csr[] {
  const mcycle = i64.add(positionNow, slot('MCYCLE_OFFSET'));
  const minstret = i64.add(instructionsRetired, slot('MINSTRET_OFFSET'));
  const writableBits = (name: string, slotName: SlotName, count: Code, read: Code): Csr => ({
    name,
    read,
    // Zicntr: the instruction after the write must read the written value, so the step taken by the write itself is
    // subtracted too.
    write: (value) => setSlot(slotName, i64.sub(value, i64.add(count, i64.const(1)))),
  });
  const list: Csr[] = [
    writableBits('mcycle', 'MCYCLE_OFFSET', positionNow, mcycle),
    writableBits('minstret', 'MINSTRET_OFFSET', instructionsRetired, minstret),
    { name: 'cycle', read: mcycle, forbidden: counterForbidden(0) },
    { name: 'time', read: mtime, forbidden: counterForbidden(1) },
    { name: 'instret', read: minstret, forbidden: counterForbidden(2) },
    { name: 'mcountinhibit', read: zero },
  ];
  // Event counters are not implemented and read as zero.
  for (let i = 3; i < 32; i++) {
    list.push({ name: `mhpmcounter${i}`, read: zero });
    list.push({ name: `mhpmevent${i}`, read: zero });
    list.push({ name: `hpmcounter${i}`, read: zero, forbidden: counterForbidden(i) });
  }
  return list;
}

// --- debug ----------------------------------------------------------------------------------------------------------

/** tselect and its data registers read back as zero, so that debuggers detect no triggers. */
const debugTriggers = (): Csr[] => ['tselect', 'tdata1', 'tdata2', 'tdata3'].map((name) => ({ name, read: zero }));
